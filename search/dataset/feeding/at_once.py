"""Feeds small inputs, such as features, an epoch at a time: the backend cuts the batches apart itself.

What `Batches` gives comes one batch at a time out of Python, which takes half a millisecond with TensorFlow. That is
nothing beside a step on images, and more than a step on features.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from cnnsearch.search.dataset.feeding.batches import Batch, Batches

MOST_BYTES = 128 * 1024**2
"""Inputs of an epoch that are fed at once; the next epoch's are made ready meanwhile."""
_AHEAD = 16
"""Batches that are made ready while others are trained on."""


@dataclass(frozen=True, eq=False)
class Fed:
    """What Keras' `fit` is given.

    Attributes:
        data: the batches of all epochs, in the order of `Batches`.
        steps: how many of them make an epoch; None where `data` says so itself.
    """

    data: Any
    steps: int | None = None


def fed_for_training(batches: Batches, epochs: int) -> Fed:
    """The same batches from their epoch on, fed as fast as the backend can take them; an epoch must not be mixed.

    There are as many as `epochs` need: TensorFlow waits, up to a second, for a generator that goes on behind the last.
    """
    if not _is_small(batches):
        return Fed(batches)
    first, begun = batches.whole(batches.epoch), batches.epoch
    shapes = tuple(tensorflow().TensorSpec((None, *part.shape[1:]), part.dtype) for part in first)
    each = tensorflow().data.Dataset.from_generator(
        lambda: _epochs(batches, range(begun + 1, epochs), first), output_signature=shapes
    )
    # There is nothing in it to translate into a graph, and to look takes longer than an epoch.
    cut = tensorflow().autograph.experimental.do_not_convert(partial(_cut, size=batches.batch_size))
    return Fed(each.flat_map(cut).prefetch(_AHEAD), len(batches))


def _epochs(batches: Batches, later: range, first: Batch) -> Iterator[Batch]:
    yield first
    for epoch in later:
        yield batches.whole(epoch)


def fed_for_evaluation(batches: Batches) -> Any:  # noqa: ANN401 - what Keras takes
    """The batches of one epoch, for Keras' `evaluate`, which may be given them again and again."""
    return _cut(*batches.whole(0), size=batches.batch_size) if _is_small(batches) else batches


def _is_small(batches: Batches) -> bool:
    return keras.backend.backend() == "tensorflow" and batches.epoch_bytes <= MOST_BYTES


def _cut(*parts: Any, size: int) -> Any:  # noqa: ANN401 - tensors to a dataset of tensorflow's
    return tensorflow().data.Dataset.from_tensor_slices(parts).batch(size)


def tensorflow() -> Any:  # noqa: ANN401 - it has no types
    """The library, where Keras stands on it: with another backend it may not be there."""
    return importlib.import_module("tensorflow")
