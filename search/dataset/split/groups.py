"""Which images stay together because they show the same picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Groups = NDArray[np.int64]
"""(n,) numbers; rows of one number are on one side of every split."""


def equal_contents(contents: Sequence[str]) -> Groups:
    """Groups (n,) of files that are equal byte by byte, numbered as they first appear."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(content, len(numbers)) for content in contents], dtype=np.int64)
