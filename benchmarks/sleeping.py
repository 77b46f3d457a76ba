"""A trial that sleeps where others train, for slots.py."""

import os
import time
from typing import Any

from cnnsearch.search.records import Epoch
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Built, Done, EpochDone, Trained

SECONDS = "SLOTS_SECONDS"
"""The variable that says how long."""


def train(line: Line, job: Any) -> None:  # noqa: ANN401 - a trial's job
    """Sleep, and say what a trial of three epochs says; no model is kept."""
    line.tell(Built(1000, "cpu"))
    whole = float(os.environ[SECONDS])
    for number in (1, 2, 3):
        time.sleep(whole / 3)
        accuracy = (job.seed % 97) / 100
        line.ask(EpochDone(Epoch(number, {"val_accuracy": accuracy, "val_loss": 1 - accuracy}, whole / 3)))
    line.ask(Trained("", None))
    line.tell(Done())
