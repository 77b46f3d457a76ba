"""The file of a training that its parent writes while it runs: its epochs."""

import csv
from collections.abc import Sequence
from pathlib import Path

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.records import Epoch

_OWN = ("fold", "epoch", "seconds")
"""What an epoch has besides its metrics."""


def write_history(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Replace the trial's history.csv: `epoch`, `seconds`, every metric; `fold` stands first where there are folds."""
    names = sorted({name for epoch in epochs for name in epoch.metrics})
    folds = ["fold"] if any(epoch.fold is not None for epoch in epochs) else []
    rows = (
        [*(epoch.fold for _ in folds), epoch.number, round(epoch.seconds, 3), *map(epoch.metrics.get, names)]
        for epoch in epochs
    )
    write_rows(folder / "history.csv", [*folds, "epoch", "seconds", *names], rows)


def read_history(folder: Path) -> tuple[Epoch, ...]:
    """The epochs in a training's history.csv, to the last digit but for their seconds; none where it cannot be read."""
    try:
        with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
            return tuple(map(_epoch, csv.DictReader(file)))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _epoch(row: dict[str, str]) -> Epoch:
    metrics = {name: float(text) for name, text in row.items() if name not in _OWN and text}
    return Epoch(int(row["epoch"]), metrics, float(row["seconds"]), int(row["fold"]) if "fold" in row else None)
