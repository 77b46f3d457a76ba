"""Feeds features to Keras in place of images: `Batches(dataset, ("train",), 32, seed, inputs=OneView(features, seed))`.

The order, the targets and the weights of the images are those of `Batches`.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.feeding.pixels import HELD_BYTES, Pixels, pixels_of
from cnnsearch.search.dataset.split.split import Rows
from cnnsearch.search.features.features import Features

_VIEWS = 2
"""Sets the random numbers of the views apart from those of order and mixing, which have the same seed."""


class OneView:
    """For each image and each pass one of its views, drawn from (seed, pass): inputs (batch, *shape), for training."""

    def __init__(self, features: Features, seed: int) -> None:
        self.shape, self.dtype = features.shape, features.dtype
        self._features, self._readers = features, _readers(features)
        # A batch may lie across two passes.
        self._drawn = lru_cache(2)(lambda number: _drawn(seed, number, len(features.maps), len(features.places)))

    def gather(self, rows: Rows, number: int, into: NDArray[Any]) -> None:
        """Copy the features of these rows of the dataset, each in the view that this pass has for it."""
        places = self._features.places_of(rows)
        if len(self._readers) == 1:
            self._readers[0].gather(places, into)
            return
        for reader, chosen in self._chosen(rows, number):
            part = np.empty((len(chosen), *self.shape), self.dtype)
            reader.gather(places[chosen], part)
            into[chosen] = part

    def expect(self, rows: Rows, number: int) -> None:
        """Have these fetched from the disk."""
        places = self._features.places_of(rows)
        for reader, chosen in self._chosen(rows, number):
            reader.expect(places[chosen])

    def views(self, rows: Rows, number: int) -> NDArray[np.int64]:
        """The number of the view in which a pass shows each of these rows of the dataset, (rows,)."""
        return self._drawn(number)[rows]

    def _chosen(self, rows: Rows, number: int) -> list[tuple[Pixels, Rows]]:
        """Each view, and which of the rows are shown in it."""
        views = self.views(rows, number)
        return [(reader, np.flatnonzero(views == view)) for view, reader in enumerate(self._readers)]


def _drawn(seed: int, number: int, views: int, rows: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, number, _VIEWS)).integers(views, size=rows)


class EveryView:
    """All views of each image: inputs (batch, views, *shape), and (batch, *shape) where there is one view."""

    def __init__(self, features: Features) -> None:
        self.shape = features.shape if len(features.maps) == 1 else (len(features.maps), *features.shape)
        self.dtype = features.dtype
        self._features = features
        self._readers = _readers(features)

    def gather(self, rows: Rows, number: int, into: NDArray[Any]) -> None:  # noqa: ARG002 - every pass is the same
        """Copy the features of these rows of the dataset."""
        places = self._features.places_of(rows)
        if len(self._readers) == 1:
            self._readers[0].gather(places, into)
            return
        for view, reader in enumerate(self._readers):
            part = np.empty((len(rows), *self._features.shape), self.dtype)
            reader.gather(places, part)
            into[:, view] = part

    def expect(self, rows: Rows, number: int) -> None:  # noqa: ARG002 - every pass is the same
        """Have these fetched from the disk."""
        places = self._features.places_of(rows)
        for reader in self._readers:
            reader.expect(places)


def _readers(features: Features) -> tuple[Pixels, ...]:
    """What reads each view; together they keep no more in memory than one dataset's images may."""
    share = HELD_BYTES // len(features.maps)
    return tuple(pixels_of(view, len(view), share, "feature") for view in features.maps)
