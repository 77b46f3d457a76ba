"""What a child process and its parent say to each other: plain values over a pipe."""

from dataclasses import dataclass
from enum import StrEnum

from cnnsearch.search.records import Epoch, Failure


@dataclass(frozen=True)
class Built:
    """The model stands, with this many parameters, on this kind of device: `gpu` or `cpu`."""

    parameters: int
    device: str


@dataclass(frozen=True)
class EpochDone:
    """An epoch is finished; a `Verdict` is waited for."""

    epoch: Epoch


@dataclass(frozen=True)
class Trained:
    """Training is over, by itself (`reason` says why, empty when all epochs ran) or by a verdict.

    The answer says whether to write the model: true or false.
    """

    reason: str
    score: float | None


@dataclass(frozen=True)
class Done:
    """Everything is written."""


@dataclass(frozen=True)
class Broken:
    """It failed; the traceback is in the log."""

    failure: Failure
    message: str


class Verdict(StrEnum):
    """What becomes of a trial after an epoch."""

    GO_ON = "go on"
    PRUNE = "prune"
    STOP = "stop"


Message = Built | EpochDone | Trained | Done | Broken
