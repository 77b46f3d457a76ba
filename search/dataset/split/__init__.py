"""Which image goes to which part."""
