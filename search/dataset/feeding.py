"""Feeds a dataset to Keras in batches, in an order that depends on nothing but seed and epoch."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.split import Rows

Batch = tuple[NDArray[np.uint8], NDArray[np.int32]]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras has no types
    """Batches of one or several parts: images (batch, height, width, channels) uint8 and labels (batch,) int32.

    With `shuffle` every epoch has an order of its own, drawn from (seed, epoch); `fit` moves the epoch on by itself.
    Set `epoch` to continue a training in its middle. The last batch may be smaller. Pass `shuffle=False` to `fit`:
    Keras would otherwise shuffle the batches once more, from Python's global random numbers.

    Batches are gathered from the memory map, which all processes share, without worker threads: measured on 150 x 150
    photos, neither a copy in memory nor more workers were faster.
    """

    def __init__(
        self, dataset: Dataset, parts: Sequence[str], batch_size: int, seed: int = 0, shuffle: bool = True
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        if batch_size < 1:
            raise ValueError(f"a batch holds at least one image, got batch_size={batch_size}")
        self._images = np.asarray(dataset.images)
        self._labels = dataset.labels
        self._rows = np.concatenate([np.empty(0, np.int64), *(dataset.rows(part) for part in parts)])
        self._batch_size = batch_size
        self._seed = seed
        self._shuffle = shuffle
        self.epoch = 0

    @property
    def epoch(self) -> int:
        """The number of the epoch that is fed, from 0."""
        return self._epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        self._epoch = number
        self._begun = self._finished = False
        draw = np.random.default_rng((self._seed, number))
        self._order = draw.permutation(self._rows) if self._shuffle else self._rows

    @property
    def rows(self) -> Rows:
        """The rows of the dataset in the order of this epoch, (images,)."""
        return self._order

    @property
    def num_batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self._rows) // self._batch_size)

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, index: int) -> Batch:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        self._finished = self._begun and index == self.num_batches - 1
        return self._images[rows], self._labels[rows]

    def on_epoch_begin(self) -> None:
        """Keras calls it before an epoch's first batch."""
        self._begun = True

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order.

        Keras also calls this before the first epoch and after it peeked at a few batches: only an epoch that was begun
        and fed to its last batch counts.
        """
        if self._finished:
            self.epoch += 1
        self._begun = self._finished = False
