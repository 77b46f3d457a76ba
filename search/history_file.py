"""The files of a trial that its parent writes while it runs."""

from collections.abc import Sequence
from pathlib import Path

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.records import Epoch


def write_history(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Replace the trial's history.csv: `epoch`, `seconds`, every metric; `fold` stands first where there are folds."""
    names = sorted({name for epoch in epochs for name in epoch.metrics})
    folds = ["fold"] if any(epoch.fold is not None for epoch in epochs) else []
    rows = (
        [*(epoch.fold for _ in folds), epoch.number, round(epoch.seconds, 3), *map(epoch.metrics.get, names)]
        for epoch in epochs
    )
    write_rows(folder / "history.csv", [*folds, "epoch", "seconds", *names], rows)
