"""Whether two models really differ on the same images: McNemar's test on those that only one of them gets right."""

import math
from dataclasses import dataclass

_FEW = 25
"""Disagreements below which the test counts exactly."""


@dataclass(frozen=True)
class McNemar:
    """The test's outcome.

    Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12, 1947; from 25 disagreements on with the correction of A. L. Edwards, Psychometrika 13, 1948.

    Attributes:
        only_first: images that the first model alone gets right.
        only_second: those that the second alone gets right.
        p: how likely two equally good models differ as much or more.
        method: `exact binomial`, or `chi-squared with continuity correction`.
    """

    only_first: int
    only_second: int
    p: float
    method: str

    @property
    def is_significant(self) -> bool:
        """Whether it would happen to equally good models less than once in twenty times."""
        return self.p < 0.05


def mcnemar(only_first: int, only_second: int) -> McNemar:
    """The two-sided test for so many images that one model alone gets right."""
    total = only_first + only_second
    if total < _FEW:
        tail = sum(math.comb(total, k) for k in range(min(only_first, only_second) + 1))
        return McNemar(only_first, only_second, min(1.0, 2 * tail / 2**total), "exact binomial")
    statistic = max(0, abs(only_first - only_second) - 1) ** 2 / total
    p = math.erfc(math.sqrt(statistic / 2))  # the chi-squared distribution with one degree of freedom
    return McNemar(only_first, only_second, p, "chi-squared with continuity correction")
