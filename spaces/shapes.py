"""How a network's feature maps shrink from layer to layer, and which networks leave nothing of an image."""

from typing import Any

from cnnsearch.spaces.document import Block, Configuration, Document, Scratch, branch_of
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.network import block_counts
from cnnsearch.spaces.values import Choice, FloatRange, IntRange, domain_of, is_searched, value_at

Size = tuple[int, int]
SMALLEST_IMAGE = {"vgg16": 32, "mobilenet": 32}
"""The least height and width in pixels that a backbone takes."""
BACKBONE_STRIDE = 32


class ImpossibleConfiguration(CnnSearchError):
    """A configuration whose network would shrink the image to nothing."""


def _after_convs(size: Size, convs: int, kernel_size: int, padding: str) -> Size:
    lost = 0 if padding == "same" else convs * (kernel_size - 1)
    return size[0] - lost, size[1] - lost


def _after_pool(size: Size, pool: str, pool_size: int) -> Size:
    return size if pool == "none" else (size[0] // pool_size, size[1] // pool_size)


def _scratch_maps(size: Size, blocks: tuple[Block, ...]) -> list[Size]:
    """(height, width) after each block.

    Raises:
        ImpossibleConfiguration: a conv or a pool leaves less than one pixel.
    """
    maps = []
    for number, block in enumerate(blocks, start=1):
        pool = f"pool {block.pool}, pool_size {block.pool_size}"
        before = _after_convs(size, block.convs, block.kernel_size, block.padding)
        after = _after_pool(before, block.pool, block.pool_size)
        if min(after) < 1:
            raise ImpossibleConfiguration(
                f"model.scratch: each block must leave a pixel, but block {number} takes a map of {size[0]} x "
                f"{size[1]} and leaves none (convs {block.convs}, kernel_size {block.kernel_size}, padding "
                f"{block.padding}, {pool}). Use larger images or fewer blocks."
            )
        maps.append(after)
        size = after
    return maps


def feature_maps(configuration: Configuration | Document) -> list[Size]:
    """(height, width) in pixels after each block of a scratch model; of a backbone, after its last layer only.

    Raises:
        ImpossibleConfiguration: the image is too small for this network.
    """
    height, width = configuration.data.image_size
    name, branch = branch_of(configuration.model)
    if isinstance(branch, Scratch):
        return _scratch_maps((height, width), branch.layers())
    least = SMALLEST_IMAGE[name]
    if min(height, width) < least:
        raise ImpossibleConfiguration(
            f"model.{name}: needs images of {least} pixels or more, got data.image_size [{height}, {width}]. "
            "Use larger images."
        )
    return [(height // BACKBONE_STRIDE, width // BACKBONE_STRIDE)]


def _all_values(node: Any) -> list[Any]:  # noqa: ANN401 - a fixed value or a searched node
    """Every value that matters here: all options, or both ends of a range."""
    if not is_searched(node):
        return [node]
    domain = domain_of(node)
    match domain:
        case Choice(options):
            return list(options)
        case IntRange() | FloatRange():
            return [value_at(domain, 0), domain.high]
    return []


def _image_sizes(document: Document) -> list[Size]:
    values = _all_values(document.data.image_size)
    return [(value[0], value[1]) if isinstance(value, list) else (value, value) for value in values]


def _kindest(scratch: Scratch) -> tuple[Block, ...]:
    """The blocks that shrink an image least of all that can be drawn: each value's kindest option, for itself."""

    def least(name: str, index: int) -> Any:  # noqa: ANN401 - any of a block's values
        node = getattr(scratch, name)
        values = _all_values(node[index] if isinstance(node, list) else node)
        for gentle in ("same", "none"):
            if gentle in values:
                return gentle
        return min(values)

    names = ("convs", "kernel_size", "padding", "pool", "pool_size")
    unseen: dict[str, Any] = {"filters": 1, "activation": "relu", "batch_norm": False, "dropout": 0.0}
    fewest = min(block_counts(scratch.blocks))
    return tuple(Block(**{name: least(name, index) for name in names}, **unseen) for index in range(fewest))


def impossible_branches(document: Document) -> dict[str, str]:
    """The model branches that no draw of this space can build, each with the rule it breaks."""
    sizes = _image_sizes(document)
    largest = max(sizes, key=min)
    found = {}
    for name, branch in document.model.branches().items():
        if name in SMALLEST_IMAGE and min(largest) < SMALLEST_IMAGE[name]:
            found[name] = f"takes images of {SMALLEST_IMAGE[name]} pixels or more, got at most {min(largest)}"
        if isinstance(branch, Scratch):
            try:
                _scratch_maps(largest, _kindest(branch))
            except ImpossibleConfiguration:
                got = f"{largest[0]} x {largest[1]} pixels and {min(block_counts(branch.blocks))} blocks or more"
                found[name] = f"some draw must leave a pixel after its last block, got none with {got}"
    return found
