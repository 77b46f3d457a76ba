"""The features of images: what is asked for, and what comes out of the cache.

Features are what a frozen network makes of an image, which is the same in every epoch of every trial. They depend on
nothing but the network, the image as the network sees it, and how exactly they are kept; so does their place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.split.split import Rows

Precision = Literal["float32", "float16"]
Compute = Callable[[NDArray[np.uint8]], NDArray[Any]]
"""Images (batch, height, width, channels) uint8 to features (batch, *shape), in the same order."""


@dataclass(frozen=True)
class Frozen:
    """The network whose features are kept.

    Attributes:
        identity: of its structure and weights, see `identity_of`; equal identities make equal features.
        shape: of the features of one image, without the batch.
        title: what a person calls it, such as `mobilenet conv_pw_13, 128x128`.
    """

    identity: str
    shape: tuple[int, ...]
    title: str


@dataclass(frozen=True)
class Viewed:
    """One way to look at every image before the network does.

    Attributes:
        name: such as `plain` or `flip`; whatever is random in the view, its strengths and its seed, is named too.
        features: makes the features. It is always given batches of one size, and all images in one order, which
            depends on nothing but their contents. So a random view is the same one wherever it is computed, if it
            begins to draw with its first batch.
    """

    name: str
    features: Compute


@dataclass(frozen=True, eq=False)
class Features:
    """The features of some images in some views; as long as `maps` are there, nobody deletes their folders.

    Attributes:
        views: the views' names.
        maps: for each view (images, *shape), read-only and memory mapped.
        places: (rows of the dataset,) the row in `maps` of each row of the dataset; -1 where it was not asked for.
        is_new: whether some of them were computed just now.
    """

    views: tuple[str, ...]
    maps: tuple[NDArray[Any], ...]
    places: Rows
    is_new: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one image's features in one view."""
        return self.maps[0].shape[1:]

    @property
    def dtype(self) -> np.dtype[Any]:
        """How they are kept: float32 or float16."""
        return self.maps[0].dtype

    @property
    def bytes(self) -> int:
        """What they take on the disk."""
        return sum(view.nbytes for view in self.maps)

    def places_of(self, rows: Rows) -> Rows:
        """The rows in `maps` of these rows of the dataset.

        Raises:
            ValueError: the features of one of them were not asked for.
        """
        places = self.places[rows]
        if len(places) and places.min() < 0:
            missing = np.asarray(rows)[places < 0]
            raise ValueError(f"features are there for the rows that were asked for, got rows {missing[:5].tolist()}")
        return places
