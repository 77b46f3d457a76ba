"""Reads a finished or running study: ranks it, draws it, explains it, exports the best model."""

if __name__ != "cnnsearch.reports":  # a second copy of every class would compare unequal to the first
    raise ImportError(f"import cnnsearch.reports, not {__name__}: install the package (pip install -e .)")
