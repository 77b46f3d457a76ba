"""How long the trials of a search take to an epoch's end: what is expected of those that follow."""

import threading
from collections.abc import Iterable
from statistics import median

from cnnsearch.search.records import TrialRecord

_MANY = 5
"""A process is doubted that says nothing for so many times as long as any that has spoken."""


class Experience:
    """What trials took so far; any thread may ask.

    Args:
        grace: seconds that a silent process is waited for beyond the search's time, at least.
        doubt: seconds of silence after which a process is doubted, at least.
        unknown: the same as long as nobody knows how long an epoch takes.
    """

    def __init__(self, grace: float = 60.0, doubt: float = 300.0, unknown: float = 1800.0) -> None:
        self._grace, self._doubt, self._unknown = grace, doubt, unknown
        self._lock = threading.Lock()
        self._starts: list[float] = []
        self._longest = 0.0

    def recall(self, trials: Iterable[TrialRecord]) -> None:
        """Take note of trials of earlier sessions; how long their starts took, the study does not know."""
        for trial in trials:
            for epoch in trial.epochs[:1]:
                self.started(epoch.seconds)
            for epoch in trial.epochs:
                self.epoch(epoch.seconds)

    def started(self, seconds: float) -> None:
        """A trial took so long from its process's start to the end of its first epoch, features of others left out."""
        with self._lock:
            self._starts.append(seconds)
            self._longest = max(self._longest, seconds)

    def epoch(self, seconds: float) -> None:
        """An epoch took so long."""
        with self._lock:
            self._longest = max(self._longest, seconds)

    @property
    def start(self) -> float:
        """Seconds to the end of a trial's first epoch, as a rule; 0 where nobody knows."""
        with self._lock:
            return median(self._starts) if self._starts else 0.0

    def grace(self, whole: float, longest: float = 0.0) -> float:
        """Seconds that a silent process is waited for beyond the search's time.

        Args:
            whole: seconds of the search's time.
            longest: seconds of the longest epoch that its trial has had.
        """
        return max(self._grace, min(max(self.start, longest), whole / 10))

    def silence(self, longest: float = 0.0, *, is_new_phase: bool = False) -> float:
        """Seconds without a word after which a process may hang.

        Args:
            longest: seconds that an epoch of its trial is known to take.
            is_new_phase: whether the first epoch of a later phase is before it, which may be like none that ended.
        """
        with self._lock:
            longest = max(longest, self._longest)
        known = max(self._doubt, _MANY * longest)
        return known if longest and not is_new_phase else max(known, self._unknown)
