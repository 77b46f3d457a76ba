"""The files of a trial that its parent writes while it runs."""

from collections.abc import Sequence
from pathlib import Path

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.records import Epoch


def write_history(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Replace the trial's history.csv: `epoch`, `seconds`, and every metric."""
    names = sorted({name for epoch in epochs for name in epoch.metrics})
    rows = ([epoch.number, round(epoch.seconds, 3), *map(epoch.metrics.get, names)] for epoch in epochs)
    write_rows(folder / "history.csv", ["epoch", "seconds", *names], rows)
