"""What is known of a search while it runs, gathered from its events."""

import time
from dataclasses import dataclass, field

from cnnsearch.confirming_progress import ConfirmingProgress
from cnnsearch.search.confirming_events import ConfirmingStarted
from cnnsearch.search.events import (
    EndedElsewhere,
    EpochEnded,
    Event,
    FeaturesMade,
    RunStarted,
    TrialBuilt,
    TrialContinued,
    TrialEnded,
    TrialLost,
    TrialStarted,
)
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import Epoch, Objective, TrialRecord


@dataclass
class Running:
    """A trial on its slot; `making` is the share of its features that is made, None where it waits for none."""

    started: TrialStarted
    began: float
    parameters: int | None = None
    making: float | None = None
    epochs: list[Epoch] = field(default_factory=list)


class Progression:
    """What is known of a search so far, from its events."""

    def __init__(self) -> None:
        self.run: RunStarted | None = None
        self.running: dict[int, Running] = {}
        self.ended: list[TrialRecord] = []
        self.best: TrialRecord | None = None
        self.confirming: ConfirmingProgress | None = None
        """How far confirming is, once it has begun."""
        self.began = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, ConfirmingStarted):
            self.confirming = ConfirmingProgress(event, len(self.run.slots) if self.run else 1)
        elif self.confirming:
            self.confirming(event)
        else:
            self._of_trials(event)

    def _of_trials(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.run, self.began = event, time.monotonic()
            for trial in event.finished:
                self._end(trial)
        elif isinstance(event, TrialStarted):
            self.running[event.number] = Running(event, time.monotonic())
        elif isinstance(event, TrialBuilt):
            self.running[event.number].parameters = event.parameters
        elif isinstance(event, TrialContinued):
            self.running[event.number].epochs = [*event.epochs]
        elif isinstance(event, FeaturesMade):
            self.running[event.number].making = event.done / event.total if event.done < event.total else None
        elif isinstance(event, EpochEnded):
            self.running[event.number].epochs.append(event.epoch)
        elif isinstance(event, TrialEnded | EndedElsewhere):
            self.running.pop(event.trial.number, None)
            self._end(event.trial)
        elif isinstance(event, TrialLost):
            self.running.pop(event.number, None)

    def _end(self, trial: TrialRecord) -> None:
        self.ended.append(trial)
        if self.run:
            self.best = next(iter(rank([*filter(None, [self.best]), trial], self.run.ranked_by)), None)

    @property
    def objective(self) -> Objective | None:
        """What is ranked by, once the run has started."""
        return self.run.objective if self.run else None

    @property
    def elapsed(self) -> float:
        """Seconds of this session."""
        return time.monotonic() - self.began

    def remaining(self) -> float | None:
        """Seconds to go, from the mean of the ended trials; None while there is none.

        The budgets of time and epochs bound it.
        """
        seconds = [trial.seconds for trial in self.ended if trial.seconds]
        if not self.run or not seconds:
            return None
        to_go = max(0, self.run.trials - len(self.ended))
        already = sum(time.monotonic() - trial.began for trial in self.running.values())
        left = max(0.0, to_go * sum(seconds) / len(seconds) - already) / len(self.run.slots)
        if self.run.epochs is not None:
            left = min(left, self._epochs_left(self.run.epochs) * self._epoch_seconds() / len(self.run.slots))
        if self.run.seconds is None:
            return left
        return min(left, max(0.0, self.run.seconds - self.run.spent - self.elapsed))

    def _epochs_left(self, budget: int) -> float:
        epochs = [epoch for trial in self.ended for epoch in trial.epochs]
        epochs += [epoch for trial in self.running.values() for epoch in trial.epochs]
        return max(0.0, budget - sum(epoch.work for epoch in epochs))

    def _epoch_seconds(self) -> float:
        """Seconds of a trial for each of its epochs, the time before its first one included."""
        epochs = sum(epoch.work for trial in self.ended for epoch in trial.epochs)
        return sum(trial.seconds or 0.0 for trial in self.ended) / (epochs or 1)


def score_text(score: float | None) -> str:
    """A score in four digits, or a dash."""
    return "-" if score is None else f"{score:.4f}"
