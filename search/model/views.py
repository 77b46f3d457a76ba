"""A model's answer as the mean over several views of an image: its mirror image, its corners and its middle.

Five crops and their mirror images: Krizhevsky, Sutskever and Hinton, NeurIPS 2012.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import keras

from cnnsearch.spaces.sections.evaluation import Evaluation

Images: TypeAlias = Any  # Keras is untyped
"""Images (batch, height, width, channels): an array, a tensor of the backend, or one of Keras' graphs."""
OVER_VIEWS = "_over_views"
"""How the name of a model ends that looks at several views of an image."""
_SHARE = 0.875
"""Of the height and of the width that a crop keeps."""
_CORNERS = {
    "top-left": (0.0, 0.0),
    "top-right": (0.0, 1.0),
    "bottom-left": (1.0, 0.0),
    "bottom-right": (1.0, 1.0),
    "middle": (0.5, 0.5),
}
"""Which share of what is cut off lies above a crop, and to the left of it."""


@dataclass(frozen=True)
class View:
    """One way to look at an image.

    Attributes:
        name: such as `plain`, `flip`, or `crop:0.875:top-left+flip`; it says all there is to say of a view.
        apply: from images (batch, height, width, channels), 0-255, to as many of the same shape, of the same pixels
            where they are whole and float32 where they are cropped.
    """

    name: str
    apply: Callable[[Images], Images]


def views_of(evaluation: Evaluation) -> tuple[View, ...]:
    """The views that an evaluation looks at, in the order in which they are fed; with one crop, the first is plain."""
    views = [View("plain", _plain)]
    if evaluation.crops > 1:
        views = [View(f"crop:{_SHARE}:{name}", partial(_cropped, corner=corner)) for name, corner in _CORNERS.items()]
    return (*views, *map(_mirrored, views)) if evaluation.flip else tuple(views)


def seen_through(model: keras.Model, evaluation: Evaluation) -> keras.Model:
    """A model whose answer is the mean over the views of an image; the model itself where there is one view.

    From raw images (batch, height, width, channels) to the mean of the model's outputs (batch, units). It shares the
    model's variables, is not compiled, and is made of Keras' own functions, so that it loads without cnnsearch.
    """
    views = views_of(evaluation)
    if len(views) == 1:
        return model
    images = keras.Input(tuple(model.input_shape[1:]), name="image")
    # One call on all views: a call for each would make the graph, and the time to trace it, as many times as large.
    outputs = model(keras.ops.concatenate([view.apply(images) for view in views]))
    each = keras.ops.reshape(outputs, (len(views), -1, *outputs.shape[1:]))
    return keras.Model(images, keras.ops.mean(each, axis=0), name=f"{model.name}{OVER_VIEWS}")


def mean_over_views(rest: keras.Model, views: int) -> keras.Model:
    """The same from the features of each view (batch, views, ...), as `rest` takes them, in the order of the views."""
    taken = rest.inputs[0]
    features = keras.Input((views, *taken.shape[1:]), dtype=taken.dtype, name="features")
    outputs = rest(keras.ops.reshape(features, (-1, *taken.shape[1:])))
    each = keras.ops.reshape(outputs, (-1, views, *outputs.shape[1:]))
    return keras.Model(features, keras.ops.mean(each, axis=1), name=f"{rest.name}{OVER_VIEWS}")


def _plain(images: Images) -> Images:
    return images


def _mirrored(view: View) -> View:
    name = "flip" if view.name == "plain" else f"{view.name}+flip"
    return View(name, lambda images: keras.ops.flip(view.apply(images), axis=2))


def _cropped(images: Images, corner: tuple[float, float]) -> Images:
    height, width = images.shape[1:3]
    rows, columns = (max(1, round(_SHARE * pixels)) for pixels in (height, width))
    top, left = (round(share * cut) for share, cut in zip(corner, (height - rows, width - columns), strict=True))
    part = keras.ops.cast(images[:, top : top + rows, left : left + columns], "float32")
    return keras.ops.image.resize(part, (height, width), interpolation="bilinear", data_format="channels_last")
