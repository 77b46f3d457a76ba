"""Brings raw pixels to what a backbone's weights were trained on, by Keras' own layers: a saved model keeps them.

Keras has three ways, named for who first trained so, and some networks bring their own preprocessing as first layers.
"""

from collections.abc import Callable

import keras
import numpy as np

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue, 0-1."""
_BLUE_GREEN_RED_MEAN = (103.939, 116.779, 123.68)
"""Of ImageNet, 0-255."""

Preprocess = Callable[[keras.KerasTensor, keras.Model], keras.KerasTensor]
"""From RGB images (batch, height, width, 3), 0-255, and the network that will see them, to what it was trained on."""


def _rescaled(images: keras.KerasTensor, scale: list[float], offset: list[float]) -> keras.KerasTensor:
    return keras.layers.Rescaling(scale, offset, name="preprocessing")(images)


def _caffe(images: keras.KerasTensor, network: keras.Model) -> keras.KerasTensor:  # noqa: ARG001 - alike for all
    return _rescaled(keras.ops.flip(images, axis=-1), [1.0] * 3, [-mean for mean in _BLUE_GREEN_RED_MEAN])


def _minus_one_to_one(images: keras.KerasTensor, network: keras.Model) -> keras.KerasTensor:  # noqa: ARG001
    return _rescaled(images, [1 / 127.5] * 3, [-1.0] * 3)


def _torch(images: keras.KerasTensor, network: keras.Model) -> keras.KerasTensor:  # noqa: ARG001 - alike for all
    offset = [-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)]
    return _rescaled(images, [1 / (255 * deviation) for deviation in _DEVIATION], offset)


def _within(images: keras.KerasTensor, network: keras.Model) -> keras.KerasTensor:  # noqa: ARG001 - alike for all
    return images


def _efficientnet(images: keras.KerasTensor, network: keras.Model) -> keras.KerasTensor:
    """Pixels for an EfficientNet, whose published weights hold standard deviations where variances belong.

    Keras mends that by one more division after the network's normalization, but only in a network that it builds with
    ImageNet weights itself. Here it is done to the pixels before, with the mean that the network holds. A network that
    never saw such weights holds no moments, and needs no mending.
    """
    normalization = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    mean, variance, _ = (np.asarray(weight, "float64").reshape(-1) for weight in normalization.get_weights())
    if not mean.any() and (variance == 1).all():
        return images
    scale = 1 / np.sqrt(_DEVIATION)
    return _rescaled(images, scale.tolist(), (255 * mean * (1 - scale)).tolist())


_WAYS: dict[str, Preprocess] = {
    "vgg": _caffe,
    "mobilenetv3": _within,
    "mobilenet": _minus_one_to_one,
    "resnet50v2": _minus_one_to_one,
    "resnet101v2": _minus_one_to_one,
    "resnet152v2": _minus_one_to_one,
    "resnet": _caffe,
    "efficientnetv2": _within,
    "efficientnet": _efficientnet,
    "convnext": _within,
    "xception": _minus_one_to_one,
    "densenet": _torch,
    "inception": _minus_one_to_one,
    "nasnet": _minus_one_to_one,
}
"""By what a backbone's name begins with, the longest first."""


def preprocessed(name: str, images: keras.KerasTensor, network: keras.Model) -> keras.KerasTensor:
    """RGB images (batch, height, width, 3), 0-255, as this network's weights know them, for its input."""
    way = next(way for prefix, way in _WAYS.items() if name.startswith(prefix))
    return way(images, network)
