"""From an image file's bytes to the pixels that everything else sees."""
