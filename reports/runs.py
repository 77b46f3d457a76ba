"""The runs that a person names, and the names that they are told apart by."""

from collections.abc import Sequence
from pathlib import Path

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem


def named_run(path: Path) -> RunFolder:
    """The run at this path.

    Raises:
        CnnSearchError: it is no run; a folder of runs names them.
    """
    run = RunFolder(path)
    if run.has_study:
        return run
    runs = [inner.path.name for inner in runs_in(path)]
    got = f"a folder of runs ({', '.join(runs)})" if runs else "a folder without" if path.is_dir() else "nothing there"
    advice = (
        f"Name one of them, such as {path / runs[-1]}." if runs else "cnnsearch run makes one, such as runs/basic-001."
    )
    raise CnnSearchError(str(Problem(str(path), f"a run, a folder with its study, must lie here, got {got}.", advice)))


def runs_in(path: Path) -> list[RunFolder]:
    """The runs that lie in a folder, by their names."""
    return [run for run in map(RunFolder, sorted(path.glob("*"))) if run.has_study]


def run_names(runs: Sequence[RunFolder]) -> list[str]:
    """A name for each run: its folder's, or its path where two folders are called the same."""
    names = [run.path.resolve().name for run in runs]
    return [name if names.count(name) == 1 else str(run.path) for name, run in zip(names, runs, strict=True)]
