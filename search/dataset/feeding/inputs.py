"""What a batch shows of the rows of a dataset: their images, or whatever else was made of them."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding.pixels import pixels_of
from cnnsearch.search.dataset.split.split import Rows


class Inputs(Protocol):
    """Where the inputs of a batch come from."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one row's input."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The kind of its numbers."""

    def gather(self, rows: Rows, number: int, into: NDArray[Any]) -> None:
        """Copy the inputs of these rows of the dataset as the pass of this number shows them, (rows, *shape)."""

    def expect(self, rows: Rows, number: int) -> None:
        """Say which rows of which pass are gathered next; they are fetched from the disk meanwhile."""


class Images:
    """The images of a dataset, the same in every pass."""

    def __init__(self, dataset: Dataset, count: int) -> None:
        self.shape: tuple[int, ...] = dataset.shape
        self.dtype: np.dtype[Any] = dataset.images.dtype
        self._pixels = pixels_of(dataset.images, count)

    def gather(self, rows: Rows, number: int, into: NDArray[Any]) -> None:  # noqa: ARG002 - every pass is the same
        """Copy the images of these rows."""
        self._pixels.gather(rows, into)

    def expect(self, rows: Rows, number: int) -> None:  # noqa: ARG002 - every pass is the same
        """Say which rows are gathered next."""
        self._pixels.expect(rows)
