"""Feeds a dataset to Keras in batches, in an order that depends on nothing but seed and epoch."""

from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset

Batch = tuple[NDArray[np.uint8], NDArray[np.int32]]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras has no types
    """Batches of one or several parts: images (batch, height, width, channels) uint8 and labels (batch,) int32.

    With `shuffle` every epoch has an order of its own, drawn from (seed, epoch); `fit` moves the epoch on by itself.
    Set `epoch` to continue a training in its middle. The last batch may be smaller. Pass `shuffle=False` to `fit`:
    Keras would otherwise shuffle the batches once more, from Python's global random numbers.
    """

    def __init__(
        self, dataset: Dataset, parts: Sequence[str], batch_size: int, seed: int = 0, shuffle: bool = True
    ) -> None:
        # gathering a batch takes a fraction of a millisecond: Keras' worker threads would cost more than they save
        super().__init__(workers=1, use_multiprocessing=False)
        if batch_size < 1:
            raise ValueError(f"a batch holds at least one image, got batch_size={batch_size}")
        self._images = np.asarray(dataset.images)
        self._labels = dataset.labels
        self._rows = np.concatenate([dataset.rows(part) for part in parts]) if parts else np.empty(0, np.int64)
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
        draw = np.random.default_rng((self._seed, number))
        self._order = draw.permutation(self._rows) if self._shuffle else self._rows

    @property
    def rows(self) -> NDArray[np.int64]:
        """The rows of the dataset in the order of this epoch, (images,)."""
        return self._order

    @property
    def images(self) -> int:
        """The number of images in an epoch."""
        return len(self._rows)

    @property
    def num_batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-len(self._rows) // self._batch_size)

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, index: int) -> Batch:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return self._images[rows], self._labels[rows]

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order; Keras calls it."""
        self.epoch += 1
