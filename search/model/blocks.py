"""The scratch network: blocks of convolutions and pools, from raw pixels to feature maps.

INPUT -> [[CONV -> (BATCH NORM) -> ACTIVATION] * convs -> POOL -> DROPOUT] * blocks; the head follows in head.py.
"""

from collections.abc import Sequence

import keras

from cnnsearch.spaces.document import Block

BATCH_NORM_MOMENTUM = 0.9
"""Keras' 0.99 takes hundreds of batches to forget its start. With some tens of batches in an epoch the first epochs
would be validated with wrong statistics, and good networks pruned or stopped for it."""
_POOLS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}


def scratch_features(images: keras.KerasTensor, blocks: Sequence[Block]) -> keras.KerasTensor:
    """Feature maps (batch, rows, columns, filters of the last block) of images (batch, height, width, channels).

    Pixels come as 0-255 and are brought to 0-1 here, so that a saved model takes raw images.
    """
    maps = keras.layers.Rescaling(1 / 255, name="rescaling")(images)
    for number, block in enumerate(blocks, start=1):
        maps = _block(maps, f"block{number}", block)
    return maps


def _block(maps: keras.KerasTensor, name: str, block: Block) -> keras.KerasTensor:
    for number in range(1, block.convs + 1):
        maps = _conv(maps, f"{name}_conv{number}", block)
    if block.pool != "none":
        maps = _POOLS[block.pool](block.pool_size, name=f"{name}_pool")(maps)
    if block.dropout > 0:
        maps = keras.layers.Dropout(block.dropout, name=f"{name}_dropout")(maps)
    return maps


def _conv(maps: keras.KerasTensor, name: str, block: Block) -> keras.KerasTensor:
    # A bias before a batch norm is subtracted again with the mean: it would only cost memory.
    maps = keras.layers.Conv2D(
        block.filters,
        block.kernel_size,
        padding=block.padding,
        use_bias=not block.batch_norm,
        activation=None if block.batch_norm else block.activation,
        name=name,
    )(maps)
    if not block.batch_norm:
        return maps
    maps = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(maps)
    return keras.layers.Activation(block.activation, name=f"{name}_{block.activation}")(maps)
