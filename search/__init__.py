"""Runs trials: dataset, model, trial process, engine, and the run folder they leave."""

if __name__ != "cnnsearch.search":  # a second copy of every class would compare unequal to the first
    raise ImportError(f"import cnnsearch.search, not {__name__}: install the package (pip install -e .)")
