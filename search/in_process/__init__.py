"""Searches whose trials run in this process: those of a `keras_tuner.HyperModel` that no other process can import."""
