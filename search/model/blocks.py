"""The scratch network: blocks of convolutions and pools, from raw pixels to feature maps.

INPUT -> [[CONV -> (BATCH NORM) -> ACTIVATION] * convs -> POOL -> DROPOUT] * blocks; the head follows in head.py.
"""

from collections.abc import Iterator, Sequence

import keras

from cnnsearch.spaces.document import Block
from cnnsearch.spaces.errors import CnnSearchError, Problem

_POOLS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}


def scratch_features(images: keras.KerasTensor, blocks: Sequence[Block]) -> keras.KerasTensor:
    """Feature maps (batch, rows, columns, filters of the last block) of images (batch, height, width, channels).

    Pixels come as 0-255 and are brought to 0-1 here, so that a saved model takes raw images.

    Raises:
        CnnSearchError: the images are too small for so many blocks.
    """
    check_sizes(blocks, images.shape[1:3])
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
    maps = keras.layers.BatchNormalization(name=f"{name}_norm")(maps)
    return keras.layers.Activation(block.activation, name=f"{name}_{block.activation}")(maps)


def _demands(block: Block) -> Iterator[tuple[str, int, int, int]]:
    """What each layer of a block does to a side: its name, the least pixels it takes, what it cuts off, its stride."""
    for number in range(1, block.convs + 1):
        if block.padding == "valid":
            kernel = block.kernel_size
            yield f"conv {number} ({kernel} x {kernel}, padding valid)", kernel, kernel - 1, 1
    if block.pool != "none":
        yield f"{block.pool} pool ({block.pool_size} x {block.pool_size})", block.pool_size, 0, block.pool_size


def check_sizes(blocks: Sequence[Block], image_size: Sequence[int]) -> None:
    """Follow the feature maps' sides through the blocks.

    Raises:
        CnnSearchError: a layer would get fewer pixels than its window has.
    """
    height, width = image_size
    for number, block in enumerate(blocks, start=1):
        for layer, least, cut, stride in _demands(block):
            if min(height, width) < least:
                raise CnnSearchError(_too_small(number, layer, (height, width), image_size))
            height, width = (height - cut) // stride, (width - cut) // stride


def _too_small(number: int, layer: str, maps: tuple[int, int], image_size: Sequence[int]) -> str:
    problem = Problem(
        "model.scratch.blocks",
        f"{layer} of block {number} gets feature maps of {maps[0]} x {maps[1]} pixels, smaller than its window, "
        f"from images of {image_size[0]} x {image_size[1]}.",
        "Take fewer blocks, padding: same, or a larger data.image_size.",
    )
    return str(problem)
