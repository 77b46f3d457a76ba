"""The file of a training that its parent writes while it runs: its epochs, and the columns that place each of them."""

import csv
from collections.abc import Collection, Sequence
from pathlib import Path

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.records import Epoch

_OWN = ("fold", "epoch", "seconds")
"""What an epoch has besides its metrics."""


def write_history(file: Path, epochs: Sequence[Epoch]) -> None:
    """Replace a training's history.csv: `epoch`, `seconds`, every metric.

    `rung` and its `fidelity` stand first where there are rungs, `fold` where there are folds.
    """
    names = sorted({name for epoch in epochs for name in epoch.metrics})
    places = places_of(epochs)
    rows = (
        [*place_of(epoch, places), epoch.number, round(epoch.seconds, 3), *map(epoch.metrics.get, names)]
        for epoch in epochs
    )
    write_rows(file, [*places, "epoch", "seconds", *names], rows)


def places_of(epochs: Collection[Epoch]) -> list[str]:
    """The columns that say where an epoch stands beside its number, as far as these epochs need them."""
    rungs = any(epoch.rung is not None for epoch in epochs)
    folds = any(epoch.fold is not None for epoch in epochs)
    return [*(("rung", "fidelity") if rungs else ()), *(("fold",) if folds else ())]


def place_of(epoch: Epoch, columns: Sequence[str]) -> list[object]:
    """What an epoch has in these columns."""
    rung = epoch.rung
    known = {
        "rung": rung.number if rung else None,
        "fidelity": rung.fidelity if rung else None,
        "fold": epoch.fold,
    }
    return [known[column] for column in columns]


def read_history(file: Path) -> tuple[Epoch, ...]:
    """The epochs in a training's history.csv, to the last digit but for their seconds; none where it cannot be read."""
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            return tuple(map(_epoch, csv.DictReader(lines)))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _epoch(row: dict[str, str]) -> Epoch:
    metrics = {name: float(text) for name, text in row.items() if name not in _OWN and text}
    return Epoch(int(row["epoch"]), metrics, float(row["seconds"]), int(row["fold"]) if "fold" in row else None)
