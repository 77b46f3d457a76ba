"""Cuts the images of every class into pieces of given shares, so that no group is torn and few images ever move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.split.groups import Groups

Numbers = NDArray[np.int64]
Places = NDArray[np.float64]

SLACK = 0.15
"""By how much of itself a piece's count in a class may differ from the wanted one."""


def pieces_of(labels: Numbers, contents: Sequence[str], groups: Groups, shares: Sequence[float], seed: int) -> Numbers:
    """The piece (n,) of every image: a place in `shares`, which sum up to 1.

    Each group has a place from 0 to 1, a hash of the seed and its smallest content, and the pieces follow each other
    along these places: with shares of 0.1, 0.2 and 0.7 the first is cut at 0.1, the second at 0.3. So an image keeps
    its piece whatever is added or renamed. Where chance gives a class more or less of a piece than wanted, by more than
    SLACK of it and more than rounding, the class' own cut moves to the nearest place where the count is right. Every
    piece but the first gets at least one group of each class that has enough of them.

    A group of several classes is placed by the one with the fewest groups, as it has the least choice.
    """
    numbers = np.unique(groups, return_inverse=True)[1]
    places = _places(contents, numbers, seed)
    piece = np.full(len(places), -1, dtype=np.int64)
    for members, sizes in sorted(_classes(labels, numbers), key=lambda found: len(found[0])):
        done = piece[members] >= 0
        given = np.bincount(piece[members[done]], weights=sizes[done], minlength=len(shares)).astype(np.int64)
        free = np.flatnonzero(~done)
        free = free[np.argsort(places[members[free]], kind="stable")]
        bounds = _bounds(int(sizes.sum()), given, shares)
        piece[members[free]] = _cut(places[members[free]], sizes[free], np.cumsum(shares)[:-1], bounds)
    return piece[numbers]


def _places(contents: Sequence[str], numbers: Numbers, seed: int) -> Places:
    """Where each group lies from 0 to 1, by its smallest content."""
    smallest: dict[int, str] = {}
    for number, content in zip(numbers.tolist(), contents, strict=True):
        smallest[number] = min(content, smallest.get(number, content))
    key = blake2b(str(seed).encode(), digest_size=32).digest()
    hashes = (blake2b(smallest[number].encode(), key=key, digest_size=8).digest() for number in range(len(smallest)))
    return np.array([int.from_bytes(digest, "big") / 2**64 for digest in hashes])


def _classes(labels: Numbers, numbers: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """The groups of each class, and how many of its images each holds."""
    for label in np.unique(labels):
        yield np.unique(numbers[labels == label], return_counts=True)


@dataclass(frozen=True)
class _Bounds:
    """For each piece: the fewest and most images of a class, and the fewest groups."""

    fewest: Numbers
    most: Numbers
    groups: Numbers


def _bounds(count: int, given: Numbers, shares: Sequence[float]) -> _Bounds:
    """What the pieces of a class of so many images still want, when they have these already."""
    wanted = [round(share * count, 9) for share in shares]
    fewest = [min(floor(want), ceil(want * (1 - SLACK))) for want in wanted]
    most = [max(ceil(want), floor(want * (1 + SLACK))) for want in wanted]
    groups = (given == 0).astype(np.int64)
    groups[0] = 0
    return _Bounds(np.maximum(np.array(fewest) - given, groups), np.maximum(np.array(most) - given, groups), groups)


def _cut(places: Places, sizes: Numbers, ends: Places, bounds: _Bounds) -> Numbers:
    """The pieces of the free groups of a class, which stand in the order of their places."""
    before = np.concatenate([[0], np.cumsum(sizes)])
    start, stops = 0, []
    for piece, end in enumerate(ends):
        later = slice(piece + 1, None)
        lowest = max(before[start] + bounds.fewest[piece], before[-1] - bounds.most[later].sum())
        highest = min(before[start] + bounds.most[piece], before[-1] - bounds.fewest[later].sum())
        stop = _nearest(before, int(np.searchsorted(places, end)), lowest, highest)
        stop = min(max(stop, start + bounds.groups[piece]), len(places) - bounds.groups[later].sum())
        start = max(start, stop)
        stops.append(start)
    return np.searchsorted(stops, np.arange(len(places)), side="right").astype(np.int64)


def _nearest(before: Numbers, stop: int, lowest: int, highest: int) -> int:
    """The stop nearest to the given one with a count within the bounds; with the nearest count where none is."""
    if before[stop] < lowest:
        stop = int(np.searchsorted(before, lowest))
        over = before[stop] - highest if stop < len(before) else np.inf
        return stop - 1 if over > 0 and lowest - before[stop - 1] <= over else stop
    if before[stop] > highest:
        stop = int(np.searchsorted(before, highest, side="right")) - 1
        under = lowest - before[stop] if stop >= 0 else np.inf
        return stop + 1 if under > 0 and before[stop + 1] - highest < under else stop
    return stop
