"""The space language: what a YAML space may say, how it is read and checked, and how a configuration is drawn from it.

This room is pure: standard library, pydantic and ruamel.yaml only. The shipped spaces lie here as *.yaml.
"""

if __name__ != "cnnsearch.spaces":  # a second copy of every class would compare unequal to the first
    raise ImportError(f"import cnnsearch.spaces, not {__name__}: install the package (pip install -e .)")
