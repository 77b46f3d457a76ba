"""What happens during a run, as plain values: the live table, the log file and TensorBoard all listen to these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cnnsearch.search.confirming_events import ConfirmingEvent
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState
from cnnsearch.spaces.values import Scalar


@dataclass(frozen=True)
class RunStarted:
    """The search begins, or goes on: `finished` holds the trials that were ended before, in `spent` seconds.

    `trials`, `seconds`, `epochs` (of all trials together) and `stop_at` are its budget. `objective` decides which
    epoch of a trial counts, and `objectives`, where they are more than that, rank the trials.
    """

    run: RunFolder
    objective: Objective
    trials: int
    seconds: float | None
    slots: tuple[str, ...]
    finished: tuple[TrialRecord, ...]
    continued: bool
    spent: float = 0.0
    epochs: int | None = None
    stop_at: float | None = None
    objectives: Objectives | None = None

    @property
    def ranked_by(self) -> Objectives:
        """All that trials are ranked by."""
        return self.objectives or Objectives.around(self.objective)


@dataclass(frozen=True)
class Warned:
    """Something a person should know that stops nothing."""

    message: str


@dataclass(frozen=True)
class Told:
    """What is done meanwhile and where it goes, such as features that are kept; nothing is wrong."""

    message: str


@dataclass(frozen=True)
class TrialStarted:
    """A trial's process starts on a slot; `epochs` is the most it may train."""

    number: int
    values: Mapping[str, Scalar]
    slot: str
    epochs: int


@dataclass(frozen=True)
class TrialBuilt:
    """The trial's model stands, with this many parameters."""

    number: int
    parameters: int


@dataclass(frozen=True)
class TrialContinued:
    """A trial goes on after these epochs, which an earlier process made; what that one told beyond them is void."""

    number: int
    epochs: tuple[Epoch, ...]

    @property
    def text(self) -> str:
        """The same in one line."""
        last = self.epochs[-1]
        return f"trial {self.number} goes on after epoch {last.number}" + (f" of fold {last.fold}" if last.fold else "")


@dataclass(frozen=True)
class TrialRetried:
    """A trial failed for a lack of memory and is begun again.

    Attributes:
        number: of the trial.
        reason: the failure's kind.
        message: the failure in one line.
        batch: images that go through its network at once from now on.
        parts: how many of these make a step.
    """

    number: int
    reason: str
    message: str
    batch: int
    parts: int

    @property
    def text(self) -> str:
        """The same in one line."""
        images = "1 image" if self.batch == 1 else f"{self.batch} images"
        return f"trial {self.number} ran out of memory; again with steps of {self.parts} times {images}"


@dataclass(frozen=True)
class FeaturesMade:
    """So many of all features are made that a trial waits for; told a few times a second. 0 of 0 cannot be kept."""

    number: int
    done: int
    total: int


@dataclass(frozen=True)
class EpochEnded:
    """A trial finished an epoch."""

    number: int
    epoch: Epoch


@dataclass(frozen=True)
class TrialShown:
    """What the model of a trial that is about to end makes of its images.

    Attributes:
        number: of the trial.
        name: of what is shown, such as `confusion_matrix`.
        told: what the pictures show.
        pictures: files, each a PNG or a JPEG.
    """

    number: int
    name: str
    told: str
    pictures: tuple[bytes, ...]


@dataclass(frozen=True)
class TrialEnded:
    """A trial ended, one way or another."""

    trial: TrialRecord


@dataclass(frozen=True)
class EndedElsewhere:
    """Another worker of the same study has ended a trial.

    Attributes:
        trial: what the study knows of it.
        worker: its host and process, such as `node2:4711`; empty where the study does not say.
        ended: when, in seconds since 1970, as far as this worker can tell; None where it cannot.
    """

    trial: TrialRecord
    worker: str = ""
    ended: float | None = None


@dataclass(frozen=True)
class TrialLost:
    """A trial that ran here is another worker's: this one was cut off for too long."""

    number: int

    @property
    def text(self) -> str:
        """The same in one line."""
        return f"trial {self.number} went back in line while this worker was cut off; what it did here does not count"


@dataclass(frozen=True)
class Paused:
    """The search waits for room on its disk."""

    message: str


@dataclass(frozen=True)
class Resumed:
    """The search goes on after so many seconds of waiting."""

    seconds: float


@dataclass(frozen=True)
class RunEnded:
    """The search ends: it has finished, was interrupted, or has failed."""

    state: RunState
    reason: str


Event = (
    RunStarted
    | Warned
    | Told
    | TrialStarted
    | TrialBuilt
    | TrialContinued
    | TrialRetried
    | FeaturesMade
    | EpochEnded
    | TrialShown
    | TrialEnded
    | EndedElsewhere
    | TrialLost
    | ConfirmingEvent
    | Paused
    | Resumed
    | RunEnded
)
Listener = Callable[[Event], None]


class Audience(Protocol):
    """All who hear of a run, as those know them who have something to tell; called as a listener is."""

    def __call__(self, event: Event, /) -> None:
        """Tell them of an event."""

    def at_once(self, event: Event, /) -> None:
        """Tell them of an event that cannot wait for room on a full disk."""
