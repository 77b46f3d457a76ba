"""Finds the images that are nearly the same, by their thumbnails."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.decoding.decode import THUMBNAIL_SIDE
from cnnsearch.search.dataset.split.likeness import like_pairs
from cnnsearch.search.doctor.examine import Examined
from cnnsearch.search.doctor.single import is_blank

Thumbnails = NDArray[np.uint8]
"""(n, 32, 32) in grey, a row for each file."""
Pairs = Sequence[tuple[int, int]]
"""Rows of files."""


def near_pairs(files: Sequence[Examined], thumbnails: Thumbnails) -> Pairs:
    """The pairs of files that are nearly the same, and not equal.

    Blank images are left aside: every two of them are alike, and that says nothing. So are images smaller than their
    thumbnail: they lack the detail that is compared, and two handwritten digits of one kind would count as copies.
    """
    copies: dict[str, list[int]] = {}
    for row, file in enumerate(files):
        if _can_be_compared(file):
            copies.setdefault(file.content, []).append(row)
    sets = list(copies.values())
    pairs = like_pairs(thumbnails[[rows[0] for rows in sets]]).rows.tolist()
    return [pair for one, other in pairs for pair in _between(sets[one], sets[other])]


def _can_be_compared(file: Examined) -> bool:
    look = file.look
    return look is not None and min(look.height, look.width) >= THUMBNAIL_SIDE and not is_blank(look)


def _between(ones: Sequence[int], others: Sequence[int]) -> Pairs:
    """Each of two sets of copies with the first of the other set: all pairs would be millions for a thousand copies."""
    return [(ones[0], other) for other in others] + [(one, others[0]) for one in ones[1:]]
