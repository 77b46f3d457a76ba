"""How long one trial may take, and how long its process is waited for."""

import time
from collections.abc import Callable

from cnnsearch.spaces.duration import format_duration

TRIAL_TIME = "trial_time"
"""The reason that stands beside a trial which `search.trial_time` ended."""
_LEAST_GRACE = 5.0
_HEADWAY = 600.0
"""Seconds without headway after which the making of features is given up, at least."""


class TrialClock:
    """The clock of one trial, all of its attempts together.

    What other trials use as well is no trial's own: the time counts neither in which its images are decoded nor that in
    which features are made, by its process or by another one that it waits for.

    A trial over its time ends with the epoch that it is in. Its process is waited for until that can be: for the first
    epoch of a phase a quarter of the time longer, but 5 seconds at least; for a later one twice as long as the longest
    before in that phase.
    One that makes features is waited for as long as it gets on with them.

    Args:
        limit: seconds; None for no limit.
        paused: how many seconds the trial itself has waited for room; they do not count.
    """

    def __init__(self, limit: float | None, paused: Callable[[], float] = lambda: 0.0) -> None:
        self.limit = limit
        self._paused = paused
        self._began = time.monotonic() - paused()
        self._before = 0.0
        self.longest = 0.0
        """Seconds of the longest epoch so far; of a later phase, of those in it."""
        self.is_new_phase = False
        """Whether the first epoch of a later phase is before it."""
        self._excused = 0.0
        self._stands: float | None = None
        self._headway: float | None = None
        self.is_trained = False
        """Whether the trial is measured no more: what is left is the writing of its model."""

    @property
    def _here(self) -> float:
        return time.monotonic() - self._began - self._paused()

    @property
    def seconds(self) -> float:
        """Since the trial began, in all sessions."""
        return self._before + self._here

    @property
    def counted(self) -> float:
        """Those of them that are the trial's own."""
        here = self._here
        standing = 0.0 if self._stands is None else here - self._stands
        return self._before + here - self._excused - standing

    def stand(self) -> None:
        """What is done from now on does not count."""
        if self._stands is None:
            self._stands = self._here

    def go_on(self) -> None:
        """From now on it counts."""
        if self._stands is not None:
            self._excused += self._here - self._stands
        self._stands = self._headway = None

    def makes_features(self) -> None:
        """The trial's features are made, or waited for, until `go_on`; each word of it is headway."""
        self.stand()
        self._headway = self._here

    @property
    def is_making(self) -> bool:
        """Whether the trial's features are being made."""
        return self._headway is not None

    def had_before(self, seconds: float) -> None:
        """The trial goes on after epochs that took so many seconds of earlier sessions."""
        self._before = seconds

    @property
    def is_up(self) -> bool:
        """Whether the trial is over its time."""
        return self.limit is not None and self.counted >= self.limit

    def epoch_ended(self, seconds: float) -> None:
        """Note how long an epoch took; no features are made any more."""
        self.go_on()
        self.longest, self.is_new_phase = max(self.longest, seconds), False

    def epochs_grow(self, factor: float) -> None:
        """From now on epochs take so many times as long."""
        self.longest *= factor

    def phase_began(self) -> None:
        """What epochs took so far says nothing of those to come: the first one trains other parts of the network."""
        self.longest, self.is_new_phase = 0.0, True

    def training_ended(self) -> None:
        """The trial is measured no more."""
        self.is_trained = True

    def begin_again(self) -> None:
        """Another attempt has its first epoch before it."""
        self.go_on()
        self.longest, self.is_new_phase, self.is_trained = 0.0, False, False

    def patience(self) -> float | None:
        """Seconds that its process may still go on without a word; None for as long as it takes."""
        if self.limit is None or self.is_trained:
            return None
        if self._headway is not None:
            return self._unmoved + self._headway - self._here
        grace = 2 * self.longest or max(_LEAST_GRACE, self.limit / 4)
        return self.limit + grace - self.counted

    @property
    def _unmoved(self) -> float:
        """Seconds that the making of features may be without headway."""
        return max(_HEADWAY, self.limit or 0.0)

    def complaint(self, epochs: int) -> str:
        """One line about a process that was waited for in vain."""
        if self.is_making:
            return f"the making of its features did not get on for {format_duration(self._unmoved)}"
        done = "its first epoch" if epochs == 0 else f"epoch {epochs + 1}"
        return (
            f"{done} was not finished after {format_duration(max(1.0, self.counted))}; search.trial_time is "
            f"{format_duration(self.limit or 0.0)}"
        )
