"""A model in other programs' formats: converted, compared with Keras on images, measured, with a script beside it."""
