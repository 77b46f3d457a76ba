"""Jobs for real processes, good ones and bad ones; the forkserver imports them from here by name."""

import os
import signal
import time
from typing import Any

import numpy as np

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.records import Epoch
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.failures import NotANumber
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Built, Done, EpochDone, Trained

ERRORS = {
    "oom": MemoryError("no room"),
    "oom from tensorflow": RuntimeError("RESOURCE_EXHAUSTED: OOM when allocating tensor\nwith shape[64,64]"),
    "nan": NotANumber("loss is nan after epoch 1"),
    "data": DataError("photos/cat.1.jpg", "an image must decode, got half of one."),
    "disk": OSError(28, "No space left on device"),
    "bug": KeyError("units"),
    "leaves": SystemExit(3),
}


def talk(line: Line, job: int) -> None:
    """Say what a good trial says; the answers decide nothing."""
    print("building")
    line.tell(Built(job, "cpu"))
    print("answer:", line.ask(EpochDone(Epoch(1, {"loss": 0.5}, 0.25))))
    line.tell(Done())


def tell_environment(line: Line, job: str) -> None:
    """Say what a variable holds here."""
    print(job, "=", os.environ.get(job))
    line.tell(Done())


def fail(line: Line, job: str) -> None:
    """Raise."""
    raise ERRORS[job]


def allocate(line: Line, job: int) -> None:
    """Ask for more memory than any machine has."""
    np.ones(job, dtype=np.float64)


def abort(line: Line, job: str) -> None:
    """End as a native library does that cannot go on."""
    os.write(2, job.encode() + b"\n")
    os.abort()


def train(line: Line, job: TrialJob) -> None:
    """Say what a training of one epoch says that leaves no model."""
    line.tell(Built(job.seed % 100, "cpu"))
    line.ask(EpochDone(Epoch(1, {"val_accuracy": 0.5}, 0.0)))
    line.ask(Trained("", 0.5))
    line.tell(Done())


def die(line: Line, job: int) -> None:
    """End by a signal, or by an exit code without a word."""
    if job < 0:
        os.kill(os.getpid(), -job)
    os._exit(job)


def die_while_asking(line: Line, job: Any) -> None:
    """Be gone before the answer comes."""
    line.tell(EpochDone(Epoch(1, {}, 0.0)))
    os.kill(os.getpid(), signal.SIGKILL)


def hang(line: Line, job: str) -> None:
    """Never end by itself; say which process it is."""
    line.tell(Built(os.getpid(), "cpu"))
    while True:
        time.sleep(3600)
