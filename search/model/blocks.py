"""The scratch network: blocks of convolutions and pools, from raw pixels to feature maps; the head follows in head.py.

INPUT -> [[CONV -> NORM -> ACTIVATION] * convs -> SQUEEZE-EXCITE -> + INPUT -> POOL -> DROPOUT] * blocks, each part but
the convs where a block asks for it. Residuals: He et al., arXiv:1512.03385; norm and activation before the conv:
arXiv:1603.05027. Squeeze-and-excitation: Hu et al., arXiv:1709.01507.
"""

from dataclasses import dataclass

import keras

from cnnsearch.search.model.custom import custom_block
from cnnsearch.search.model.layers import activated, convolved, normalized, shortcut
from cnnsearch.spaces.document import Block, Scratch

_POOLS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}
_DROPOUTS = {"plain": keras.layers.Dropout, "spatial": keras.layers.SpatialDropout2D}


@dataclass(frozen=True)
class _Place:
    """A block's place in the network.

    Attributes:
        name: what the names of its layers begin with.
        sees_pixels: its input is the image itself.
        closes: its end must bring norm and activation, because the layer after it does not.
    """

    name: str
    sees_pixels: bool
    closes: bool


def scratch_features(images: keras.KerasTensor, scratch: Scratch) -> keras.KerasTensor:
    """Feature maps (batch, rows, columns, filters of the last block) of images (batch, height, width, channels).

    Pixels come as 0-255 and are brought to 0-1 here, so that a saved model takes raw images. Rows and columns after
    each block are those of `spaces.shapes.feature_maps`.
    """
    maps = keras.layers.Rescaling(1 / 255, name="rescaling")(images)
    blocks = scratch.layers()
    for number, block in enumerate(blocks, start=1):
        following = blocks[number].norm_place if number < len(blocks) else ""
        closes = block.norm_place == "before_conv" and following != "before_conv"
        maps = _block(maps, block, _Place(f"block{number}", number == 1, closes), scratch.l2)
    return maps


def _block(maps: keras.KerasTensor, block: Block, place: _Place, l2: float) -> keras.KerasTensor:
    if block.custom is not None:
        maps = custom_block(maps, block, place.name)
    elif block.norm_place == "before_conv":
        maps = _norm_first(maps, block, place, l2)
    else:
        maps = _conv_first(maps, block, place.name, l2)
    if block.pool != "none":
        sizes = {"strides": block.pool_stride, "padding": block.pool_padding}
        maps = _POOLS[block.pool](block.pool_size, **sizes, name=f"{place.name}_pool")(maps)
    if block.dropout > 0:
        maps = _DROPOUTS[block.dropout_kind](block.dropout, name=f"{place.name}_dropout")(maps)
    return maps


def _conv_first(maps: keras.KerasTensor, block: Block, name: str, l2: float) -> keras.KerasTensor:
    """Each conv with its norm and activation after it; those of a residual block's last conv surround the sum."""
    entry = maps
    after_sum = block.residual and block.norm_place == "before_activation"
    for number in range(1, block.convs + 1):
        activation = "linear" if after_sum and number == block.convs else block.activation
        strides = block.strides if number == 1 else 1
        maps = convolved(maps, block, f"{name}_conv{number}", strides=strides, activation=activation, l2=l2)
    maps = _squeezed_and_excited(maps, block, name)
    if block.residual:
        maps = keras.layers.Add(name=f"{name}_sum")([shortcut(entry, maps.shape, block, f"{name}_shortcut", l2), maps])
    return activated(maps, block.activation, name) if after_sum else maps


def _norm_first(maps: keras.KerasTensor, block: Block, place: _Place, l2: float) -> keras.KerasTensor:
    """Norm and activation before each conv, and a sum that nothing follows.

    The image itself goes into its first conv as it is: an activation would cut pixels off. The last block of this kind
    ends with a norm and an activation of its own, or nothing would follow its last conv.
    """
    name, entry = place.name, maps
    for number in range(1, block.convs + 1):
        conv = f"{name}_conv{number}"
        if number > 1 or not place.sees_pixels:
            maps = activated(normalized(maps, block, conv), block.activation, conv)
        if number == 1:
            first = maps
        strides = block.strides if number == 1 else 1
        maps = convolved(maps, block, conv, strides=strides, activation="linear", l2=l2)
    maps = _squeezed_and_excited(maps, block, name)
    if block.residual:
        # Where the shortcut has to be a conv, it stands behind norm and activation like every other.
        source = entry if entry.shape == maps.shape else first
        maps = keras.layers.Add(name=f"{name}_sum")([shortcut(source, maps.shape, block, f"{name}_shortcut", l2), maps])
    return activated(normalized(maps, block, name), block.activation, name) if place.closes else maps


def _squeezed_and_excited(maps: keras.KerasTensor, block: Block, name: str) -> keras.KerasTensor:
    if block.squeeze_excite == 0:
        return maps
    filters, layers = maps.shape[-1], keras.layers
    means = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_squeeze")(maps)
    hidden = max(1, filters // block.squeeze_excite)
    means = layers.Dense(hidden, activation="relu", name=f"{name}_squeeze_hidden")(means)
    shares = layers.Dense(filters, activation="sigmoid", name=f"{name}_excite")(means)
    return layers.Multiply(name=f"{name}_excited")([maps, shares])
