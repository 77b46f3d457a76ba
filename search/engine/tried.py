"""Which configurations were tried, so that none is evaluated twice."""

from collections import Counter
from collections.abc import Iterable, Mapping

from cnnsearch.search.engine.parameters import SearchSpace
from cnnsearch.search.records import Failure, TrialRecord
from cnnsearch.spaces.values import Scalar

_GOES = 2
"""Processes that may die over a configuration: one may have been killed, with two it is the configuration."""


class Tried:
    """The configurations that trials have, or had, by their active values.

    What failed by its own doing fails again: it counts as tried. Only where a process died without a word somebody
    else may have killed it, and the configuration gets another trial.
    """

    def __init__(self, space: SearchSpace, trials: Iterable[TrialRecord]) -> None:
        self.space = space
        self._known: set[str] = set()
        self._died: Counter[str] = Counter()
        for trial in trials:
            self.begun(trial.values)
            if trial.status.ended:
                self.ended(trial.values, trial)

    def __call__(self, values: Mapping[str, Scalar]) -> bool:
        """Whether these values were tried."""
        key = self.space.key(values)
        return key in self._known or self._died[key] >= _GOES

    def begun(self, values: Mapping[str, Scalar]) -> None:
        """A trial has these values."""
        self._known.add(self.space.key(values))

    def ended(self, values: Mapping[str, Scalar], ending: TrialRecord) -> None:
        """A trial that had these values has ended."""
        if ending.reason == Failure.CRASH:
            key = self.space.key(values)
            self._died[key] += 1
            self._known.discard(key)
