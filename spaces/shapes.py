"""How a network's feature maps shrink from layer to layer, and which networks leave nothing of an image."""

from typing import Any

from cnnsearch.spaces.document import Block, Configuration, Document, Scratch, branch_of
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.sections.backbones import BACKBONES
from cnnsearch.spaces.values import all_values, counts

Size = tuple[int, int]
ON_COLOUR = ("saturation", "hue", "rand_augment")


class ImpossibleConfiguration(CnnSearchError):
    """A configuration of which no network can be built."""


def _windows(length: int, window: int, stride: int, padding: str) -> int:
    """How often a window fits, moved by a stride: Keras' rule for convs and pools alike."""
    if padding == "same":
        return -(-length // stride)
    return (length - window) // stride + 1 if length >= window else 0


def _after_convs(size: Size, block: Block) -> Size:
    if block.custom is not None:  # what a function of one's own gives is seen when it is built
        return size
    reach = (block.kernel_size - 1) * block.dilation + 1
    for number in range(block.convs):
        stride = block.strides if number == 0 else 1
        size = _windows(size[0], reach, stride, block.padding), _windows(size[1], reach, stride, block.padding)
    return size


def _after_pool(size: Size, block: Block) -> Size:
    if block.pool == "none":
        return size
    stride = block.pool_stride or block.pool_size
    height, width = (_windows(length, block.pool_size, stride, block.pool_padding) for length in size)
    return height, width


def _scratch_maps(size: Size, blocks: tuple[Block, ...]) -> list[Size]:
    """(height, width) after each block.

    Raises:
        ImpossibleConfiguration: a conv or a pool leaves less than one pixel, or a block's values do not go together.
    """
    maps = []
    for number, block in enumerate(blocks, start=1):
        _check_block(number, block)
        after = _after_pool(_after_convs(size, block), block)
        if min(after) < 1:
            pool = "pool none" if block.pool == "none" else f"pool {block.pool}, pool_size {block.pool_size}"
            raise ImpossibleConfiguration(
                f"model.scratch: each block must leave a pixel, but block {number} takes a map of {size[0]} x "
                f"{size[1]} and leaves none (convs {block.convs}, kernel_size {block.kernel_size}, padding "
                f"{block.padding}, {pool}). Use larger images or fewer blocks."
            )
        maps.append(after)
        size = after
    return maps


def _check_block(number: int, block: Block) -> None:
    if block.custom is not None:
        return
    if block.dilation > 1 and block.strides > 1:
        raise ImpossibleConfiguration(
            f"model.scratch: a conv is dilated or strided, but block {number} has dilation {block.dilation} and "
            f"strides {block.strides}. Set one of them to 1."
        )
    if block.residual and block.padding == "valid" and block.kernel_size > 1:
        raise ImpossibleConfiguration(
            f"model.scratch: a residual block keeps height and width, but block {number} has padding valid. "
            "Use padding: same."
        )


def feature_maps(configuration: Configuration) -> list[Size]:
    """(height, width) in pixels after each block of a scratch model; of a backbone, after its last layer only.

    Raises:
        ImpossibleConfiguration: the image is too small for this network, or values do not go together.
    """
    height, width = configuration.data.image_size
    _check_colour(configuration)
    _check_clipping(configuration)
    name, branch = branch_of(configuration.model)
    if isinstance(branch, Scratch):
        return _scratch_maps((height, width), branch.layers())
    if name not in BACKBONES:  # a function of one's own gives what it gives
        return [(height, width)]
    least = BACKBONES[name].smallest
    if min(height, width) < least:
        raise ImpossibleConfiguration(
            f"model.{name}: needs images of {least} pixels or more, got data.image_size [{height}, {width}]. "
            "Use larger images."
        )
    return [BACKBONES[name].last_maps(height, width)]


def _check_colour(configuration: Configuration) -> None:
    strong = [name for name in ON_COLOUR if getattr(configuration.augment, name) > 0]
    if configuration.data.color == "gray" and strong:
        raise ImpossibleConfiguration(
            f"augment.{strong[0]}: it changes colours, got data.color gray. Set it to 0, or use data.color: rgb."
        )


def _check_clipping(configuration: Configuration) -> None:
    training = configuration.training
    if training.clip_norm is not None and training.clip_value is not None:
        raise ImpossibleConfiguration(
            f"training: gradients are clipped by norm or by value, got clip_norm {training.clip_norm} and clip_value "
            f"{training.clip_value}. Set one of them to null."
        )


def _image_sizes(document: Document) -> list[Size]:
    values = all_values(document.data.image_size, [64, 64])
    return [(value[0], value[1]) if isinstance(value, list) else (value, value) for value in values]


_GENTLE = {"padding": "same", "pool_padding": "same", "pool": "none", "residual": False}
_UNSEEN: dict[str, Any] = {
    "conv": "plain",
    "filters": 1,
    "activation": "relu",
    "norm": "none",
    "norm_place": "before_activation",
    "norm_groups": 1,
    "squeeze_excite": 0,
    "dropout": 0.0,
    "dropout_kind": "plain",
}
_SEEN = [name for name in Block.__dataclass_fields__ if name not in _UNSEEN]


def _kindest(scratch: Scratch) -> tuple[Block, ...]:
    """The blocks that shrink an image least of all that can be drawn: each value's kindest option, for itself."""

    def least(name: str, index: int) -> Any:  # noqa: ANN401 - any of a block's values
        node = getattr(scratch, name)
        values = all_values(node[index] if isinstance(node, list) else node, Scratch.model_fields[name].default)
        if name == "custom":
            return next((value for value in values if value is not None), None)
        if name in _GENTLE and _GENTLE[name] in values:
            return _GENTLE[name]
        if name == "pool_stride" and None in values:  # as wide as the pool
            return min([least("pool_size", index), *(value for value in values if value is not None)])
        return min(values)

    fewest = min(counts(scratch.blocks))
    return tuple(Block(**{name: least(name, index) for name in _SEEN}, **_UNSEEN) for index in range(fewest))


def impossible_branches(document: Document) -> dict[str, str]:
    """The model branches that no draw of this space can build, by dotted name, each with the rule it breaks."""
    largest = max(_image_sizes(document), key=min)
    found = {}
    for name, kind, section in leaves(document.model, "model"):
        if kind in BACKBONES and min(largest) < BACKBONES[kind].smallest:
            found[name] = f"takes images of {BACKBONES[kind].smallest} pixels or more, got at most {min(largest)}"
        if isinstance(section, Scratch):
            try:
                _scratch_maps(largest, _kindest(section))
            except ImpossibleConfiguration as error:
                got = f"{largest[0]} x {largest[1]} pixels and {min(counts(section.blocks))} blocks or more"
                rule = f"some draw must leave a pixel after its last block, got none with {got}"
                found[name] = (
                    rule if "leave a pixel" in str(error) else str(error).partition(": ")[2].partition(". ")[0]
                )
    return found
