"""Feeds a dataset to Keras in batches, in an order that depends on nothing but seed and epoch."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding.buffers import Buffers
from cnnsearch.search.dataset.feeding.inputs import Images, Inputs
from cnnsearch.search.dataset.feeding.mixing import Mixing
from cnnsearch.search.dataset.feeding.targets import Targets, weights_of_classes
from cnnsearch.search.dataset.split.split import Rows

Batch = (
    tuple[NDArray[Any], NDArray[np.int32] | NDArray[np.float32]]
    | tuple[NDArray[Any], NDArray[np.int32] | NDArray[np.float32], NDArray[np.float32]]
)
"""Inputs, targets and, with class weights, how much each image counts."""
Piece = tuple[int, Rows]
"""The number of a pass, and rows in its order."""
_MIXING = 1
"""Sets the random numbers of mixing apart from those of the order, which numpy draws from (seed, pass)."""


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras has no types
    """Batches of one or several parts: images (batch, height, width, channels) uint8 and their targets.

    With `inputs` something else is fed in place of the images, (batch, *shape), in the same order.

    Targets are class numbers (batch,) int32, or what `targets` makes of them, (batch, columns) float32; with class
    weights a third array has each image's weight, (batch,) float32.

    The images come in passes; each shows every image once. With `shuffle` every pass has an order of its own, drawn
    from (seed, pass). An epoch is one pass, whose last batch may be smaller; with `steps` it is the next so many full
    batches of the passes in a row, and no image is left out between two epochs. What is mixed is drawn from (seed,
    epoch, batch). `fit` moves the epoch on by itself. Set `epoch` to continue a training in its middle. Pass
    `shuffle=False` to `fit`: Keras would otherwise shuffle the batches once more, from Python's global random numbers.

    Who takes a batch gathers it, so none needs a thread of its own and nothing is left behind when a training ends in
    its middle. With TensorFlow the taker is the thread that tf.data prefetches with; with JAX it is the main thread,
    which has handed the step before to the device and does not wait for it. Keras' own workers were not faster.

    Raises:
        ValueError: a batch size or a number of steps under 1, mixing without targets that can be mixed, weights of
            classes that are none, mixing of what are no images.
    """

    def __init__(
        self,
        dataset: Dataset,
        parts: Sequence[str],
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        *,
        steps: int | None = None,
        targets: Targets | None = None,
        mixing: Mixing | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False)
        self._targets, self._mixing = targets or Targets(), mixing or Mixing()
        _check(batch_size, steps, self._targets, self._mixing, inputs)
        self._labels = dataset.labels
        self._rows = np.concatenate([np.empty(0, np.int64), *(dataset.rows(part) for part in parts)])
        self._inputs = inputs or Images(dataset, len(self._rows))
        self._buffers = Buffers(batch_size * math.prod(self._inputs.shape) * self._inputs.dtype.itemsize)
        self._weights = weights_of_classes(self._targets.class_weights, dataset.classes, self._labels[self._rows])
        self._one_hot = np.eye(len(dataset.classes), dtype=np.float32)
        self._batch_size, self._seed, self._shuffle = batch_size, seed, shuffle
        self._epoch_size = len(self._rows) if steps is None else steps * batch_size
        self._passes: dict[int, Rows] = {}
        self.epoch = 0

    @property
    def epoch(self) -> int:
        """The number of the epoch that is fed, from 0."""
        return self._epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        self._epoch = number
        self._begun = self._finished = False

    @property
    def rows(self) -> Rows:
        """The rows of the dataset in the order of this epoch, (images,)."""
        return self._joined(self._between(0, self._epoch_size))

    @property
    def batch_size(self) -> int:
        """How many images a batch has; the last one may have fewer."""
        return self._batch_size

    @property
    def num_batches(self) -> int:
        """The number of batches in an epoch."""
        return -(-self._epoch_size // self._batch_size)

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, index: int) -> Batch:
        self._finished = self._begun and index == self.num_batches - 1
        for number, coming in self._pieces_of(index + 1):
            self._inputs.expect(coming, number)
        pieces = self._pieces_of(index)
        buffer = self._buffers.empty((_count(pieces), *self._inputs.shape), self._inputs.dtype)
        return self._fed(pieces, buffer, index)

    @property
    def epoch_bytes(self) -> int:
        """The bytes of an epoch's inputs."""
        return self._epoch_size * math.prod(self._inputs.shape) * self._inputs.dtype.itemsize

    def whole(self, epoch: int) -> Batch:
        """All batches of an epoch, from 0, in one piece, for those who cut them apart themselves.

        Raises:
            ValueError: images are mixed, which is done batch by batch.
        """
        if self._mixing.is_on:
            raise ValueError(f"an epoch in one piece has no mixed images, got {self._mixing}")
        pieces = self._between(0, self._epoch_size, epoch)
        return self._fed(pieces, np.empty((_count(pieces), *self._inputs.shape), self._inputs.dtype), 0)

    def _fed(self, pieces: Sequence[Piece], into: NDArray[Any], index: int) -> Batch:
        """The images of these rows, gathered into an array, with their targets and weights."""
        images, labels = self._gathered(pieces, into), self._labels[self._joined(pieces)]
        if self._targets.columns == 0:
            return (images, labels) if self._weights is None else (images, labels, self._weights[labels])
        shares = self._one_hot[labels]
        if self._mixing.is_on:
            draw = np.random.default_rng((self._seed, self.epoch, index, _MIXING))
            images, shares = self._mixing.mixed(images, shares, draw)
        fed = self._targets.of_shares(shares)
        # A mixed image counts by its own shares; what smoothing adds belongs to the target, not to the image.
        return (images, fed) if self._weights is None else (images, fed, shares @ self._weights)

    def _gathered(self, pieces: Sequence[Piece], into: NDArray[Any]) -> NDArray[Any]:
        done = 0
        for number, rows in pieces:
            self._inputs.gather(rows, number, into[done : done + len(rows)])
            done += len(rows)
        return into

    def _pieces_of(self, index: int) -> list[Piece]:
        """The rows of one batch by their passes; none after the last one."""
        return self._between(index * self._batch_size, (index + 1) * self._batch_size)

    def _joined(self, pieces: Sequence[Piece]) -> Rows:
        return np.concatenate([self._rows[:0], *(rows for _, rows in pieces)])

    def _between(self, first: int, last: int, epoch: int | None = None) -> list[Piece]:
        """The rows at these places of an epoch, by default the one that is fed, by their passes; without the last."""
        begin = (self.epoch if epoch is None else epoch) * self._epoch_size
        first, last = begin + first, begin + min(last, self._epoch_size)
        size = len(self._rows)
        if first >= last or not size:
            return []
        passes = range(first // size, -(-last // size))
        return [(n, self._pass(n)[max(first - n * size, 0) : last - n * size]) for n in passes]

    def _pass(self, number: int) -> Rows:
        """All rows in the order of one pass; the last two passes stay at hand, for a batch may lie across both."""
        if not self._shuffle:
            return self._rows
        if number not in self._passes:
            while len(self._passes) > 1:
                del self._passes[next(iter(self._passes))]
            self._passes[number] = np.random.default_rng((self._seed, number)).permutation(self._rows)
        return self._passes[number]

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


def _count(pieces: Sequence[Piece]) -> int:
    return sum(len(rows) for _, rows in pieces)


def _check(batch_size: int, steps: int | None, targets: Targets, mixing: Mixing, inputs: Inputs | None) -> None:
    if batch_size < 1:
        raise ValueError(f"a batch holds at least one image, got batch_size={batch_size}")
    if steps is not None and steps < 1:
        raise ValueError(f"an epoch has at least one batch, got steps={steps}")
    if mixing.is_on and targets.columns == 0:
        raise ValueError(f"mixed images have mixed targets, got columns=0 with {mixing}")
    if mixing.is_on and inputs is not None:
        raise ValueError(f"images are mixed, nothing else, got {mixing} with {type(inputs).__name__}")
