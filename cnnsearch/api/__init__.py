"""The Python API: what `cnnsearch.run` and `cnnsearch.open_run` are made of."""
