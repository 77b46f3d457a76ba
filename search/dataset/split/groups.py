"""Which images stay together because they show the same picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Groups = NDArray[np.int64]
"""(n,) numbers; rows of one number are on one side of every split."""
Pairs = NDArray[np.int64]
"""(m, 2) numbers of rows."""


def groups_of(pairs: Pairs, contents: Sequence[str]) -> Groups:
    """Groups (n,) of the images that pairs or equal contents connect, be it by way of others."""
    first: dict[str, int] = {}
    equal = [(row, first.setdefault(content, row)) for row, content in enumerate(contents)]
    return connected(np.concatenate([np.reshape(equal, (-1, 2)), np.reshape(pairs, (-1, 2))]), len(contents))


def connected(pairs: Pairs, count: int) -> Groups:
    """Groups (count,) of rows that pairs connect, be it by way of others; a group has the number of its first row.

    By sets that are merged (R. Tarjan, "Efficiency of a Good But Not Linear Set Union Algorithm", 1975): a source has
    few pairs, and scipy's components would take longer to import than to find.
    """
    first = list(range(count))

    def first_of(row: int) -> int:
        while first[row] != row:
            first[row] = row = first[first[row]]
        return row

    for one, other in np.asarray(pairs, dtype=np.int64).tolist():
        low, high = sorted((first_of(one), first_of(other)))
        first[high] = low
    return np.array([first_of(row) for row in range(count)], dtype=np.int64)
