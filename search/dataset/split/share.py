"""A share of the training images, class by class. Pure: from labels and content hashes alone."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.split.split import Rows

_SHARE = 2
"""Sets the random numbers of a share apart from those of others who draw by the same seed."""


def share_of(rows: Rows, labels: NDArray[np.int32], contents: Sequence[str], share: float, seed: int) -> Rows:
    """The rows, ascending, of this share of each class, rounded up; a smaller share lies within each larger one.

    Which they are depends on contents and seed, not on the names of files.

    Args:
        rows: of the dataset, of which a share is wanted.
        labels: of all rows of the dataset, (n,).
        contents: the hashes of all images.
        share: over 0, up to 1.
        seed: decides the order of each class, of which the first are taken.
    """
    hashes = np.array([contents[row] for row in rows.tolist()], str)
    ordered = rows[np.argsort(hashes, kind="stable")]
    of_rows = labels[ordered]
    taken = [_first(ordered[of_rows == label], share, (seed, int(label), _SHARE)) for label in np.unique(of_rows)]
    return np.sort(np.concatenate([rows[:0], *taken]))


def _first(rows: Rows, share: float, seed: tuple[int, ...]) -> Rows:
    count = math.ceil(round(share * len(rows), 6))  # a tenth of 30 is 3, whatever floats make of it
    return np.random.default_rng(seed).permutation(rows)[:count]
