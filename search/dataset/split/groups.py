"""Which images stay together because they show the same picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Groups = NDArray[np.int64]
"""(n,) numbers; rows of one number are on one side of every split."""
Pairs = NDArray[np.int64]
"""(m, 2) numbers of rows."""
NO_PAIRS: Pairs = np.zeros((0, 2), dtype=np.int64)


def groups_of(pairs: Pairs, contents: Sequence[str]) -> Groups:
    """Groups (n,) of the images that pairs or equal contents connect, be it by way of others."""
    first: dict[str, int] = {}
    equal = [(row, first.setdefault(content, row)) for row, content in enumerate(contents)]
    return connected(np.concatenate([np.reshape(equal, (-1, 2)), np.reshape(pairs, (-1, 2))]), len(contents))


def connected(pairs: Pairs, count: int) -> Groups:
    """Groups of so many rows that pairs connect, be it by way of others."""
    from scipy.sparse import coo_array  # a tenth of a second that quick commands need not wait for
    from scipy.sparse.csgraph import connected_components

    if not count:
        return np.zeros(0, dtype=np.int64)
    row, column = np.asarray(pairs, dtype=np.int64).T
    links = coo_array((np.ones(len(row), dtype=np.bool_), (row, column)), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
