"""How long one trial may take, and how long its process is waited for."""

import time
from collections.abc import Callable

from cnnsearch.spaces.duration import format_duration

TRIAL_TIME = "trial_time"
"""The reason that stands beside a trial which `search.trial_time` ended."""
_LEAST_GRACE = 5.0


class TrialClock:
    """The clock of one trial, all of its attempts together.

    A trial over its time ends with the epoch that it is in. Its process is waited for until that can be: for a first
    epoch a quarter of the time longer, but 5 seconds at least; for a later one twice as long as the longest before.

    Args:
        limit: seconds; None for no limit.
        paused: how many seconds the search was halted; they do not count.
    """

    def __init__(self, limit: float | None, paused: Callable[[], float] = lambda: 0.0) -> None:
        self.limit = limit
        self._paused = paused
        self._began = time.monotonic() - paused()
        self._longest, self._before = 0.0, 0.0
        self._is_trained = False

    @property
    def seconds(self) -> float:
        """Since the trial began, in all sessions."""
        return self._before + time.monotonic() - self._began - self._paused()

    def had_before(self, seconds: float) -> None:
        """The trial goes on after epochs that took so many seconds of earlier sessions."""
        self._before = seconds

    @property
    def is_up(self) -> bool:
        """Whether the trial is over its time."""
        return self.limit is not None and self.seconds >= self.limit

    def epoch_ended(self, seconds: float) -> None:
        """Note how long an epoch took."""
        self._longest = max(self._longest, seconds)

    def epochs_grow(self, factor: float) -> None:
        """From now on epochs take so many times as long."""
        self._longest *= factor

    def training_ended(self) -> None:
        """The trial is measured no more: what is left is the writing of its model."""
        self._is_trained = True

    def begin_again(self) -> None:
        """Another attempt has its first epoch before it."""
        self._longest, self._is_trained = 0.0, False

    def patience(self) -> float | None:
        """Seconds that its process may still go on without a word; None for as long as it takes."""
        if self.limit is None or self._is_trained:
            return None
        grace = 2 * self._longest or max(_LEAST_GRACE, self.limit / 4)
        return self.limit + grace - self.seconds

    def complaint(self, epochs: int) -> str:
        """One line about a process that was waited for in vain."""
        done = "its first epoch" if epochs == 0 else f"epoch {epochs + 1}"
        return (
            f"{done} was not finished after {format_duration(max(1.0, self.seconds))}; search.trial_time is "
            f"{format_duration(self.limit or 0.0)}"
        )
