"""The layers of a scratch network's block: a conv of any kind with its norm and activation, and a residual's shortcut.

Separable convs: Chollet, arXiv:1610.02357; depthwise-separable ones: Howard et al., arXiv:1704.04861. Norms: batch,
arXiv:1502.03167; layer, arXiv:1607.06450; group, arXiv:1803.08494.
"""

import math
from collections.abc import Callable
from functools import partial

import keras

from cnnsearch.spaces.document import Block

BATCH_NORM_MOMENTUM = 0.9
"""Keras' 0.99 takes hundreds of batches to forget its start. With some tens of batches in an epoch the first epochs
would be validated with wrong statistics, and good networks pruned or stopped for it."""
_Conv = Callable[..., keras.layers.Layer]


def convolved(
    maps: keras.KerasTensor, block: Block, name: str, *, strides: int, activation: str, l2: float
) -> keras.KerasTensor:
    """One conv of a block, with norm and activation after it unless the block has them before its convs.

    Args:
        maps: (batch, rows, columns, channels).
        name: what the names of its layers begin with.
        strides: in pixels.
        activation: the function after it; `linear` where the block applies it elsewhere.
        l2: penalty on its kernels.
    """
    window = {
        "kernel_size": block.kernel_size,
        "strides": strides,
        "padding": block.padding,
        "dilation_rate": block.dilation,
    }
    bare = block.norm_place == "before_conv"
    penalty = _penalty(l2)
    if block.conv == "separable":
        kernels = {"depthwise_regularizer": penalty, "pointwise_regularizer": penalty}
        conv: _Conv = partial(keras.layers.SeparableConv2D, block.filters, **window, **kernels)
    elif block.conv == "plain":
        conv = partial(keras.layers.Conv2D, block.filters, **window, kernel_regularizer=penalty)
    else:
        depthwise = partial(keras.layers.DepthwiseConv2D, **window, depthwise_regularizer=penalty)
        maps = _followed(depthwise, maps, block, f"{name}_depthwise", block.activation, channels=maps.shape[-1])
        conv = partial(keras.layers.Conv2D, block.filters, 1, kernel_regularizer=penalty)
    return _followed(conv, maps, block, name, activation, channels=block.filters, bare=bare)


def shortcut(
    source: keras.KerasTensor, shape: tuple[int | None, ...], block: Block, name: str, l2: float
) -> keras.KerasTensor:
    """A residual block's input in the shape of what its convs give: as it is, or by a 1 x 1 conv with norm."""
    if source.shape == shape:
        return source
    if block.strides > 1:
        # The same as a strided 1 x 1 conv, of which TensorFlow's oneDNN kernels die now and then (8 of 16 trials).
        source = keras.layers.MaxPooling2D(1, strides=block.strides, name=f"{name}_pixels")(source)
    conv = partial(keras.layers.Conv2D, block.filters, 1, padding="same", kernel_regularizer=_penalty(l2))
    bare = block.norm_place == "before_conv"
    return _followed(conv, source, block, name, "linear", channels=block.filters, bare=bare)


def normalized(maps: keras.KerasTensor, block: Block, name: str) -> keras.KerasTensor:
    """Feature maps under the block's norm, if it has one."""
    _, rows, columns, channels = maps.shape
    groups = _groups(block, channels)
    together = {"none": 1, "layer": channels, "group": rows * columns * channels // groups}.get(block.norm)
    if together == 1:  # a value that is its own mean would become 0 in every image
        return maps
    if block.norm == "batch":
        return keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(maps)
    if block.norm == "layer":
        return keras.layers.LayerNormalization(name=f"{name}_norm")(maps)
    return keras.layers.GroupNormalization(groups, name=f"{name}_norm")(maps)


def activated(maps: keras.KerasTensor, activation: str, name: str) -> keras.KerasTensor:
    """Feature maps under an activation by Keras' own name."""
    if activation == "linear":
        return maps
    return keras.layers.Activation(activation, name=f"{name}_{activation}")(maps)


def _followed(
    conv: _Conv, maps: keras.KerasTensor, block: Block, name: str, activation: str, *, channels: int, bare: bool = False
) -> keras.KerasTensor:
    """A conv that gives so many channels; activation and, unless it is bare, norm after it, in the block's order."""
    norm_last = block.norm_place == "after_activation"
    normed = block.norm != "none" and not bare
    own = activation if norm_last or not normed else "linear"
    # A bias before a norm that centres each channel is subtracted again with the mean: it would only cost memory.
    centred = block.norm == "batch" or (block.norm == "group" and _groups(block, channels) == channels)
    biased = not centred or (norm_last and activation != "linear")
    maps = conv(activation=None if own == "linear" else own, use_bias=biased, name=name)(maps)
    if normed:
        maps = normalized(maps, block, name)
    return activated(maps, activation, name) if normed and not norm_last else maps


def _groups(block: Block, channels: int) -> int:
    return math.gcd(block.norm_groups, channels)


def _penalty(l2: float) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L2(l2) if l2 > 0 else None
