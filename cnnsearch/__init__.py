"""cnnsearch finds a good convolutional network for a folder of photos.

The public names are imported when first asked for: `import cnnsearch` alone costs neither keras nor tensorflow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnsearch.search.engine.oracle import OptunaOracle
    from cnnsearch.search.engine.pruning import PruningCallback
    from cnnsearch.search.model.hypermodel import CnnHyperModel
    from cnnsearch.spaces.errors import CnnSearchError
    from cnnsearch.spaces.load import load_space

_HOMES = {
    "OptunaOracle": "cnnsearch.search.engine.oracle",
    "PruningCallback": "cnnsearch.search.engine.pruning",
    "CnnHyperModel": "cnnsearch.search.model.hypermodel",
    "CnnSearchError": "cnnsearch.spaces.errors",
    "load_space": "cnnsearch.spaces.load",
}

__all__ = ["CnnHyperModel", "CnnSearchError", "OptunaOracle", "PruningCallback", "__version__", "load_space"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute is anything
    """Import a public name from its home; the version stands in pyproject.toml alone."""
    if name == "__version__":
        from importlib.metadata import version

        return version("cnnsearch")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
