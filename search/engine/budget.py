"""How long a search may go on: its time, its epochs in total, and the score that it looks for."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cnnsearch.search.records import Objective

TIME_IS_UP = "the time of the search is up"
EPOCHS_ARE_SPENT = "the epochs of the search are spent"
TARGET_IS_REACHED = "a trial is as good as search.stop_at"


@dataclass(frozen=True)
class Limits:
    """What ends a search, beside its number of trials.

    Attributes:
        seconds: of all its sessions together; None for no bound.
        epochs: of all its trials together; None for no bound.
        target: the objective's value that is looked for; None for none.
        objective: what the target is a value of.
    """

    seconds: float | None = None
    epochs: int | None = None
    target: float | None = None
    objective: Objective = field(default_factory=lambda: Objective.of("val_accuracy"))


class Budget:
    """What is left of a search's limits, over all of its sessions; any thread may ask.

    Every running trial has one epoch set aside, the one that it is in: so trials that run side by side do not spend
    the last epoch twice.

    Args:
        limits: the whole budget.
        spent: seconds that earlier sessions of the same run took.
        epochs: that its trials have had.
        paused: how many seconds the search was halted; they do not count.
    """

    def __init__(
        self, limits: Limits, spent: float = 0.0, epochs: int = 0, paused: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._paused = paused
        self.limits = limits
        self.before = spent
        """Seconds of earlier sessions."""
        self._began = time.monotonic()
        self._reserve, self._confirming = 0.0, 0.0
        self._lock = threading.Lock()
        self._epochs, self._set_aside = epochs, 0
        self._is_reached = False

    @property
    def spent(self) -> float:
        """Seconds so far."""
        return self.before + time.monotonic() - self._began - self._paused()

    @property
    def epochs(self) -> int:
        """Epochs of all trials so far."""
        return self._epochs

    @property
    def reserve(self) -> float:
        """Seconds that are kept for what comes after the trials.

        That is the best model's evaluation, at most a quarter of the whole time, and the confirming, at most a half.
        """
        whole = self.limits.seconds or 0.0
        return min(self._reserve, whole / 4) + min(self._confirming, whole / 2)

    def keep_for_the_end(self, seconds: float) -> None:
        """Note how long the evaluation of a model like this trial's takes; the longest of them is kept in reserve."""
        with self._lock:
            self._reserve = max(self._reserve, seconds)

    def keep_for_confirming(self, seconds: float) -> None:
        """Note how long the confirming of the best trials so far would take; the last word counts."""
        self._confirming = seconds

    @property
    def left(self) -> float:
        """Seconds of the whole time that are neither spent nor kept for the end; endless without a limit."""
        return math.inf if self.limits.seconds is None else self.limits.seconds - self.spent - self.reserve

    def score(self, value: float | None) -> None:
        """Compare a trial's score with the target."""
        limits = self.limits
        if value is not None and limits.target is not None and limits.objective.reached(value, limits.target):
            self._is_reached = True

    def ended_by(self, coming: float = 0.0) -> str:
        """Why the search is over, in words; empty where it is not.

        Args:
            coming: seconds of what would be begun now.
        """
        if self._is_reached:
            return TARGET_IS_REACHED
        if coming >= self.left:
            return TIME_IS_UP
        epochs = self.limits.epochs
        return EPOCHS_ARE_SPENT if epochs is not None and self._epochs >= epochs else ""

    def set_aside(self) -> bool:
        """Set an epoch aside for a trial that wants to begin one; false where none is left."""
        with self._lock:
            left = self.limits.epochs is None or self._epochs + self._set_aside < self.limits.epochs
            self._set_aside += left
            return left

    def put_back(self) -> None:
        """A trial does not make the epoch that was set aside for it."""
        with self._lock:
            self._set_aside -= 1

    def take(self) -> None:
        """A trial has made the epoch that was set aside for it."""
        with self._lock:
            self._set_aside -= 1
            self._epochs += 1

    def forget(self, epochs: int) -> None:
        """A trial is begun again: so many of its epochs count no more."""
        with self._lock:
            self._epochs -= epochs
