"""A small frozen network, which needs no Keras and counts what it is given."""

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.features.features import Frozen, Viewed

FROZEN = Frozen("0" * 40, (3, 2), "sums block1, 8x6")
"""What `Sums` makes of images of 8 x 6 pixels."""


class Sums:
    """A network whose features are sums over the pixels; it notes the batches that it is given."""

    def __init__(self) -> None:
        self.batches: list[NDArray[np.uint8]] = []

    def plain(self, name: str = "plain") -> Viewed:
        """The images as they are."""
        return Viewed(name, self._noted)

    def flip(self) -> Viewed:
        """Their mirror images."""
        return Viewed("flip", lambda images: self._noted(images[:, :, ::-1]))

    def _noted(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(np.array(images))
        return sums(images)


def sums(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(batch, 8, 6, 3) to (batch, 3, 2): each color's mean in the left and in the right half."""
    halves = images.reshape(len(images), 8, 2, 3, 3)
    return halves.mean((1, 3), dtype=np.float32).transpose(0, 2, 1)
