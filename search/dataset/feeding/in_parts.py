"""Batches cut into parts, for networks whose whole batches do not fit into memory."""

import keras
import numpy as np

from cnnsearch.search.dataset.feeding.batches import Batch, Batches


class InParts(keras.utils.PyDataset):  # type: ignore[misc]  # keras has no types
    """The same batches, each handed over in `parts` pieces, one after the other.

    Order, mixing and weights are those of the whole batches. Every batch has all of its parts, so that steps of that
    many parts begin and end with batches: where a last batch has fewer images than parts, some of them come twice.

    Args:
        batches: taken in their order.
        parts: 2 or more; 1 changes nothing.
    """

    def __init__(self, batches: Batches, parts: int) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self.batches, self.parts = batches, parts
        self._taken: tuple[int, int, Batch] | None = None

    @property
    def num_batches(self) -> int:
        """The number of parts in an epoch."""
        return len(self.batches) * self.parts

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, index: int) -> Batch:
        number, part = divmod(index, self.parts)
        batch = self._whole(number)
        places = np.arange(max(len(batch[0]), self.parts)) % len(batch[0])
        rows = np.array_split(places, self.parts)[part]
        return tuple(array[rows[0] : rows[-1] + 1] for array in batch)  # type: ignore[return-value]  # as many as there were

    def _whole(self, number: int) -> Batch:
        key = (self.batches.epoch, number)
        if self._taken is None or self._taken[:2] != key:
            self._taken = None  # its memory is free for the next one
            self._taken = (*key, self.batches[number])
        return self._taken[2]

    def on_epoch_begin(self) -> None:
        """Keras calls it before an epoch's first batch."""
        self.batches.on_epoch_begin()

    def on_epoch_end(self) -> None:
        """Go on to the next epoch's order."""
        self.batches.on_epoch_end()
