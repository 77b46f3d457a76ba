"""`cnnsearch status`: how runs stand, without their studies and without a word to their searches."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cnnsearch.reports.runs import named_run, runs_in
from cnnsearch.reports.standing import standing_table
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.standing import standing_of


def status(paths: Sequence[Path], console: Console, *, as_json: bool) -> None:
    """Print a line for each run; a folder of runs stands for all that are in it.

    Raises:
        CnnSearchError: a path is neither a run nor a folder with runs.
    """
    found = [standing_of(run) for path in paths for run in _runs(path)]
    if as_json:
        import json

        told = [{"run": str(each.run.path), **each.told, "state": each.state} for each in found]
        console.print(Text(json.dumps(told, indent=2, ensure_ascii=False)), soft_wrap=True)
        return
    console.print(standing_table(found))


def _runs(path: Path) -> list[RunFolder]:
    return runs_in(path) or [named_run(path)]
