"""cnnsearch finds a good convolutional network for a folder of photos.

    import cnnsearch

    run = cnnsearch.run("basic", data="photos/", trials=20, time="30m")
    print(run.best.score, run.best.values)
    model = run.best_model()  # a keras.Model

- `run` searches a space: a file, a shipped one, a mapping, or a `keras_tuner.HyperModel`. It gives a `Run`.
- `open_run` reads a run's folder: one that was searched before, runs now, or was made by the command line.
- `load_space` reads and checks a space.
- `OptunaOracle`, `PruningCallback` and `CnnHyperModel` are for KerasTuner scripts of your own.
- `CnnSearchError` is the base of all errors that you can mend; its text says what to do.

The public names are imported when first asked for: `import cnnsearch` alone costs neither keras nor tensorflow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnsearch.api.runs import Run, open_run
    from cnnsearch.api.search import run
    from cnnsearch.search.engine.oracle import OptunaOracle
    from cnnsearch.search.engine.pruning import PruningCallback
    from cnnsearch.search.model.hypermodel import CnnHyperModel
    from cnnsearch.search.records import TrialRecord
    from cnnsearch.spaces.errors import CnnSearchError, SpaceError
    from cnnsearch.spaces.load import load_space

_HOMES = {
    "CnnHyperModel": "cnnsearch.search.model.hypermodel",
    "CnnSearchError": "cnnsearch.spaces.errors",
    "OptunaOracle": "cnnsearch.search.engine.oracle",
    "PruningCallback": "cnnsearch.search.engine.pruning",
    "Run": "cnnsearch.api.runs",
    "SpaceError": "cnnsearch.spaces.errors",
    "TrialRecord": "cnnsearch.search.records",
    "load_space": "cnnsearch.spaces.load",
    "open_run": "cnnsearch.api.runs",
    "run": "cnnsearch.api.search",
}

__all__ = [
    "CnnHyperModel",
    "CnnSearchError",
    "OptunaOracle",
    "PruningCallback",
    "Run",
    "SpaceError",
    "TrialRecord",
    "__version__",
    "load_space",
    "open_run",
    "run",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute is anything
    """Import a public name from its home; the version stands in pyproject.toml alone."""
    if name == "__version__":
        from importlib.metadata import version

        return version("cnnsearch")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, for those who complete them."""
    return sorted(__all__)
