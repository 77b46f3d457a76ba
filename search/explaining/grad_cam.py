"""Where a model looks when it names a class: Grad-CAM, R. R. Selvaraju et al., ICCV 2017, arXiv:1610.02391."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.explaining.gradients import gradients
from cnnsearch.search.model.places import Place, behind, maps_at, places_of

_LEAST = 4
"""Rows and columns of the maps: on two by two nobody sees where the model looks."""
_SATURATING = ("softmax", "sigmoid")


def place_to_look_at(model: keras.Model) -> Place | None:
    """The last place whose maps have at least 4 rows and columns; else the last one with maps at all, if any.

    Everything that the model says comes through it.
    """
    single = [place for place in places_of(model) if place.single]
    fine = [place for place in single if min(place.shape[:2]) >= _LEAST]
    return next(reversed(fine or single), None)


def heat(model: keras.Model, place: Place, images: NDArray[np.uint8], classes: Sequence[int]) -> NDArray[np.float32]:
    """What at this place speaks for the class asked about, from 0 to 1 for each image, (images, rows, columns).

    All 0 where nothing there speaks for it. The score is the class's output before softmax or sigmoid.

    Args:
        images: (images, height, width, channels), 0-255.
        classes: for each image the class asked about.
    """
    maps = np.asarray(maps_at(model, [place])(images.astype(np.float32), training=False), dtype=np.float32)
    rest = behind(model, place)

    def score(at: Any) -> Any:  # noqa: ANN401 - tensors
        return keras.ops.sum(rest(at, training=False) * _asked(classes, rest.output_shape[-1]))

    with _without_saturation(model):
        slopes = gradients(score, maps)
    found = np.maximum((maps * slopes.mean(axis=(1, 2), keepdims=True)).sum(axis=-1), 0.0)
    highest = found.max(axis=(1, 2), keepdims=True)
    shares: NDArray[np.float32] = np.divide(found, highest, out=np.zeros_like(found), where=highest > 0)
    return shares


def _asked(classes: Sequence[int], outputs: int) -> NDArray[np.float32]:
    """What each output counts, (images, outputs); a single one speaks for the second class and against the first."""
    if outputs == 1:
        return np.array([[1.0 if asked else -1.0] for asked in classes], dtype=np.float32)
    return np.eye(outputs, dtype=np.float32)[list(classes)]


@contextmanager
def _without_saturation(model: keras.Model) -> Iterator[None]:
    """Within it a model gives its outputs before softmax or sigmoid, which are flat where it is sure."""
    last = model.layers[-1]
    before = getattr(last, "activation", None)
    if getattr(before, "__name__", "") not in _SATURATING:
        yield
        return
    last.activation = keras.activations.linear
    try:
        yield
    finally:
        last.activation = before
