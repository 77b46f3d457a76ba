"""What a child process and its parent say to each other: plain values over a pipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cnnsearch.search.features.features import Frozen
from cnnsearch.search.model.phase_size import PhaseSize
from cnnsearch.search.model.size import ModelSize
from cnnsearch.search.records import Epoch, Failure
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.values import Scalar


@dataclass(frozen=True)
class Built:
    """The model stands.

    Attributes:
        parameters: how many weights it has.
        device: the kind of device that it is on: `gpu` or `cpu`.
        model_size: bytes of its weights.
        latency: seconds that it takes for one image; None where nobody asked.
        precision, jit: what `training.precision` and `training.jit` are there, where they say `auto`.
    """

    parameters: int
    device: str
    model_size: int | None = None
    latency: float | None = None
    precision: str = "float32"
    jit: bool = False


@dataclass(frozen=True)
class Continued:
    """The trial goes on after so many of the epochs that the parent knows; 0 where it begins again from its start."""

    epochs: int


@dataclass(frozen=True)
class KnownBackbone:
    """What a trial has found out of a wholly frozen backbone, so that others of the same search need not build it.

    Attributes:
        key: equal keys stand for equal frozen parts.
        frozen: what tells its features from others.
        dtype: of the features that it gives.
        parameters: the number of its weights.
        model_size: bytes of its weights.
    """

    key: str
    frozen: Frozen
    dtype: str
    parameters: int
    model_size: int


@dataclass(frozen=True)
class Noted:
    """Something that a person should know of what the process does, in one line; a doubt is worth a warning."""

    text: str
    is_doubt: bool = False


@dataclass(frozen=True)
class Making:
    """So many of all features are made that the trial waits for; an image counts once for each view.

    Said while they are made, or waited for, every few seconds at least; as soon as nothing is waited for any more, with
    as many done as there are: none where they cannot be kept.
    """

    done: int
    total: int


@dataclass(frozen=True)
class PhaseBegun:
    """A later phase of the training begins: its epochs may take many times as long as those before."""


@dataclass(frozen=True)
class EpochDone:
    """An epoch is finished; a `Verdict` is waited for.

    Attributes:
        epoch: which.
        looked: seconds that the validation images took, through the whole network.
        is_last: whether it is the trial's last one, whatever the verdict: of its last fold on its last rung.
    """

    epoch: Epoch
    looked: float = 0.0
    is_last: bool = False


@dataclass(frozen=True)
class RungDone:
    """All epochs of a rung below the last are finished; a `Verdict` is waited for."""

    rung: Rung


@dataclass(frozen=True)
class Trained:
    """Training is over, on all folds where there are any.

    It ended by itself (`reason` says why, empty when all epochs ran) or by a verdict. The answer says
    whether to write the model: true or false.
    """

    reason: str
    score: float | None


@dataclass(frozen=True)
class Written:
    """The training is whole and its model is written; what the process still does is a courtesy, and may fail."""


@dataclass(frozen=True)
class Shown:
    """What a trained model makes of its images, for those who watch the search.

    Attributes:
        name: such as `confusion_matrix`.
        told: what the pictures show.
        pictures: files, each a PNG or a JPEG.
    """

    name: str
    told: str
    pictures: tuple[bytes, ...]


@dataclass(frozen=True)
class DiskFull:
    """The trained model has no room on the disk; an answer says to try again."""


@dataclass(frozen=True)
class Discovered:
    """The hyperparameters of HyperModels, by the dotted names of the networks in the space."""

    parameters: dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Sized:
    """How large the model of these values is in each phase of its training.

    Attributes:
        phases: none where it cannot be built.
        reason: why it cannot.
        drawn: whether chance alone chose the values, as the first trials of a search do.
    """

    values: Mapping[str, Scalar]
    phases: tuple[PhaseSize, ...]
    reason: str
    drawn: bool

    @property
    def size(self) -> ModelSize | None:
        """In the first phase; None where it cannot be built."""
        return self.phases[0].size if self.phases else None


@dataclass(frozen=True)
class Timed:
    """How long a phase of a model's training takes here, in seconds.

    Attributes:
        start: from nothing to the end of the first step, and the first look at validation images.
        step: one training step.
        forward: one view of a validation image.
        epoch: a whole epoch with its validation; None where it was too long to wait for.
        making: the features of one view of an image; None where the training is fed with images.
        device: `gpu` or `cpu`.
    """

    start: float
    step: float
    forward: float
    epoch: float | None
    making: float | None
    device: str


@dataclass(frozen=True)
class Evaluated:
    """All predictions are written; what the process still does is a courtesy, and may fail."""


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
    HALT = "halt"
    """Keep a backup and end; the trial goes on at another time."""
    PRUNE = "prune"
    STOP = "stop"


Message = (
    Built
    | Continued
    | KnownBackbone
    | Noted
    | Making
    | PhaseBegun
    | EpochDone
    | RungDone
    | Trained
    | Written
    | Shown
    | DiskFull
    | Discovered
    | Sized
    | Timed
    | Evaluated
    | Done
    | Broken
)
