"""The files of a trial that its parent writes while it runs."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from cnnsearch.search.records import Epoch
from cnnsearch.search.run_folder import write_text


def write_history(folder: Path, epochs: Sequence[Epoch]) -> None:
    """Replace the trial's history.csv: `epoch`, `seconds`, and every metric."""
    names = sorted({name for epoch in epochs for name in epoch.metrics})
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["epoch", "seconds", *names])
    for epoch in epochs:
        table.writerow([epoch.number, round(epoch.seconds, 3), *(epoch.metrics.get(name, "") for name in names)])
    write_text(folder / "history.csv", text.getvalue())
