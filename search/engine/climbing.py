"""Who climbs on: what a pruner says of trials at the end of a rung. Pure: from the values of all that were there.

Within a rung nothing is pruned, and the trials of a rung are all alike but for what is searched: so nothing depends on
the order of epochs, and Optuna's pruners, which count them, are not asked.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnnsearch.search.records import Objective
from cnnsearch.spaces.rungs import rungs_of
from cnnsearch.spaces.sections.pruners import Asha, Median, Percentile, Pruner, Threshold
from cnnsearch.spaces.sections.search import Search

BEHIND = "behind the others there"
"""The reason that stands beside a trial which was pruned at the end of a rung."""
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Rule:
    """How trials are compared at the end of each of their rungs but the last.

    Attributes:
        pruner: whose settings decide.
        rungs: how many there are.
    """

    pruner: Pruner
    rungs: int

    @classmethod
    def of(cls, search: Search) -> "Rule":
        """The rule of a search."""
        return cls(search.pruner, len(rungs_of(search)))

    def first(self, number: int) -> int:
        """The rung, from 1, on which the trial of this number begins: with hyperband that of its bracket."""
        settings = self.pruner.hyperband
        if settings is None:
            return 1
        sizes = bracket_sizes(self.rungs, settings.reduction)
        # Multiples of the golden ratio fall evenly into any intervals, however few of them there are.
        place = sum(sizes) * ((number + 0.5) * _GOLDEN % 1)
        return 1 + sum(place >= sum(sizes[: bracket + 1]) for bracket in range(self.rungs - 1))

    def is_behind(self, number: int, reached: Mapping[int, float], objective: Objective) -> bool:
        """Whether a trial goes no further.

        Args:
            number: of the trial.
            reached: the best values of all trials that have ended this rung, by their numbers; its own is among them.
            objective: what they are values of.
        """
        mine, first = reached[number], self.first(number)
        others = [value for other, value in reached.items() if other != number and self.first(other) == first]
        sign = 1 if objective.direction == "max" else -1
        (settings,) = self.pruner.taken().values()
        match settings:
            case Asha(reduction=reduction):
                return _is_not_among_best(sign * mine, [sign * other for other in others], reduction)
            case Threshold(lower=lower, upper=upper):
                return (lower is not None and mine < lower) or (upper is not None and mine > upper)
            case Median(startup=startup):
                share = settings.percentile if isinstance(settings, Percentile) else 50.0
                return _is_below(sign * mine, [sign * other for other in others], share, startup)
        return False


def bracket_sizes(rungs: int, reduction: int) -> list[float]:
    """How many trials each bracket of hyperband has, in proportion; the first one begins on the first rung."""
    return [rungs / (rungs - bracket) * reduction ** (rungs - 1.0 - bracket) for bracket in range(rungs)]


def _is_not_among_best(mine: float, others: Sequence[float], reduction: int) -> bool:
    """One in `reduction` goes on, and the best in any case."""
    passing = max(1, (len(others) + 1) // reduction)
    return sum(other > mine for other in others) >= passing


def _is_below(mine: float, others: Sequence[float], share: float, startup: int) -> bool:
    """So many in a hundred go on, and the first `startup` trials in any case."""
    if len(others) < max(startup, 1):
        return False
    return mine < float(np.percentile(others, 100 - share))
