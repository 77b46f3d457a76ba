"""What happens during a run, as plain values: the live table, the log file and TensorBoard all listen to these."""

import json
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cnnsearch.search.listeners.confirming_events import ConfirmingEvent
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import is_full_disk
from cnnsearch.spaces.errors import CnnSearchError
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
    """So many of all features are made that a trial waits for; told a few times a second."""

    number: int
    done: int
    total: int


@dataclass(frozen=True)
class EpochEnded:
    """A trial finished an epoch."""

    number: int
    epoch: Epoch


@dataclass(frozen=True)
class TrialEnded:
    """A trial ended, one way or another."""

    trial: TrialRecord


@dataclass(frozen=True)
class EndedElsewhere:
    """Another worker of the same study has ended a trial."""

    trial: TrialRecord


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
    """The search ends: `finished` its budget, or `interrupted`."""

    state: str
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
    | TrialEnded
    | EndedElsewhere
    | TrialLost
    | ConfirmingEvent
    | Paused
    | Resumed
    | RunEnded
)
Listener = Callable[[Event], None]


class Broadcast:
    """Hands each event to all listeners, one event at a time, whichever slot's thread it comes from."""

    def __init__(
        self, listeners: tuple[Listener, ...], patiently: Callable[[Callable[[], None]], None] | None = None
    ) -> None:
        """`patiently` calls what may fail for a full disk until it succeeds; listeners can then be called twice."""
        self._listeners = listeners
        self._patiently = patiently or (lambda work: work())
        self._lock = threading.RLock()

    def __call__(self, event: Event) -> None:
        """Hand over one event."""
        with self._lock:
            for listener in self._listeners:
                self._patiently(partial(listener, event))

    def at_once(self, event: Event) -> None:
        """Hand over one event; a listener that cannot write it down for a full disk misses it."""
        with self._lock:
            for listener in self._listeners:
                try:
                    listener(event)
                except (OSError, CnnSearchError) as error:
                    if not is_full_disk(error):
                        raise


class EventLog:
    """Appends each event to `events.jsonl` as one line of JSON; a torn last line of a killed run is ended first."""

    def __init__(self, path: Path) -> None:
        torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        self._file = path.open("ab", buffering=0)
        if torn:
            self._append("\n")

    def __call__(self, event: Event) -> None:
        """Append one event; what only a person who watches wants to know is left out."""
        if isinstance(event, FeaturesMade):
            return
        line = {"time": round(time.time(), 3), "event": type(event).__name__} | _plain(asdict(event))
        if isinstance(event, RunStarted):
            line["finished"] = [trial.number for trial in event.finished]
            line["run"] = str(event.run.path)
        if isinstance(event, TrialContinued):
            line["epochs"] = len(event.epochs)
        self._append(json.dumps(_finite(line), default=str, allow_nan=False) + "\n")

    def _append(self, text: str) -> None:
        """Append a text, or nothing of it: a full disk often has room for a part."""
        before, rest = self._file.seek(0, os.SEEK_END), text.encode()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(before)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    if "trial" in value:  # the study has the epochs, the log has had each of them
        value["trial"].pop("epochs", None)
    if "epoch" in value:
        without = {key for key in ("fold", "rung") if value["epoch"][key] is None}
        value["epoch"] = {key: known for key, known in value["epoch"].items() if key not in without}
    return value


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The value with null for each number that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(child) for child in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
