"""What a model does on its photos: where it is right, where it fails, what it looks at; read from its folder alone."""
