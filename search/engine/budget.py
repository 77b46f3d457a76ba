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
_ROUNDING = 1e-6
"""What sums of shares may be off by."""


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
    the last epoch twice. An epoch on a rung below the last counts by its work, a tenth where it is trained on a tenth
    of the images.

    Args:
        limits: the whole budget.
        spent: seconds that earlier sessions of the same run took.
        epochs: that its trials have had.
        paused: how many seconds the search stood still; they do not count.
        least: the work of the cheapest epoch that a trial begins with.
        elsewhere: how many epochs all trials have had that other machines know of, too; asked only where they are
            limited. Each machine looks before it begins one, so that each may be one beyond.
    """

    def __init__(
        self,
        limits: Limits,
        spent: float = 0.0,
        epochs: float = 0,
        paused: Callable[[], float] = lambda: 0.0,
        least: float = 1,
        elsewhere: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._paused, self._elsewhere = paused, elsewhere
        self.limits, self.least = limits, least
        self.before = spent
        """Seconds of earlier sessions."""
        self._began = time.monotonic()
        self._reserve, self._confirming = 0.0, 0.0
        self._lock = threading.Lock()
        self._epochs, self._set_aside = epochs, 0.0
        self._is_reached = False

    @property
    def spent(self) -> float:
        """Seconds so far."""
        return self.before + time.monotonic() - self._began - self._paused()

    @property
    def epochs(self) -> float:
        """Epochs of all trials so far; a whole number where there are no rungs."""
        return round(self._epochs, 6)

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
        return "" if self._has_room(self._epochs + self.least) else EPOCHS_ARE_SPENT

    def _has_room(self, epochs: float) -> bool:
        if self.limits.epochs is None:
            return True
        ahead = max(0.0, self._elsewhere() - self._epochs)
        return epochs + ahead <= self.limits.epochs + _ROUNDING

    def set_aside(self, work: float | None = None) -> bool:
        """Set an epoch of this work, or the least, aside for a trial that would begin it; false where none is left."""
        asked = self.least if work is None else work
        with self._lock:
            left = self._has_room(self._epochs + self._set_aside + asked)
            self._set_aside += asked if left else 0
            return left

    def put_back(self, work: float | None = None) -> None:
        """A trial does not make the epoch of this work, or the least, that was set aside for it."""
        with self._lock:
            self._set_aside -= self.least if work is None else work

    def take(self, work: float | None = None, aside: float | None = None) -> None:
        """A trial has made an epoch of this work, or the least; as much, or `aside`, was set aside for it."""
        made = self.least if work is None else work
        with self._lock:
            self._set_aside -= made if aside is None else aside
            self._epochs += made

    def forget(self, epochs: float) -> None:
        """A trial is begun again: so many of its epochs count no more."""
        with self._lock:
            self._epochs -= epochs
