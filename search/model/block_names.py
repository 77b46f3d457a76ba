"""Which block of a backbone each of its layers belongs to, told from the names that Keras gives them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class Naming:
    """How the layers of a network tell their block.

    Attributes:
        block: finds a block's name, as its one group, from the start of a layer's name.
        at_end: a block's last layer alone bears its name. A layer that bears none belongs to the next block then, and
            to the one before it otherwise.
    """

    block: re.Pattern[str]
    at_end: bool = False

    def of(self, layer: str) -> str:
        """The block that a layer's name bears; empty where it bears none."""
        match = self.block.match(layer)
        name = match.group(1) if match else ""
        return f"cell_{name}" if name.isdigit() else name


_NUMBERED = Naming(re.compile(r"(block\d+)"))
_NAMINGS = {
    "vgg": _NUMBERED,
    "mobilenetv3": Naming(re.compile(r"(expanded_conv(?:_\d+)?|conv(?:_1)?)(?:_|$)")),
    "mobilenetv2": Naming(re.compile(r"(?:bn_)?(Conv1|expanded_conv|block_\d+|Conv_1)")),
    "mobilenet": Naming(re.compile(r"(conv(?:_(?:dw|pw)_)?\d+)")),
    "resnet": Naming(re.compile(r"(conv\d|post)")),
    "efficientnet": Naming(re.compile(r"(stem|block\d+|top)")),
    "convnext": Naming(re.compile(r"convnext_[a-z]+_(stem|stage_\d|downsampling_block_\d)")),
    "xception": _NUMBERED,
    "densenet": Naming(re.compile(r"(conv\d|pool[2-9]|bn$)")),
    "inceptionv3": Naming(re.compile(r"(mixed\d+)$"), at_end=True),
    "inceptionresnetv2": Naming(re.compile(r"(mixed_\d[ab]|block\d+_\d+|conv_7b)"), at_end=True),
    "nasnet": Naming(re.compile(r"(?:adjust|normal|reduction|separable)_.*?_(stem_\d|reduce_\d+|\d+)$")),
}
"""By what a backbone's name begins with, the longest first."""


def blocks_of_layers(name: str, layers: Sequence[keras.layers.Layer]) -> list[str]:
    """The block of each layer of a backbone, in the order of the layers; those before the first block count to it."""
    naming = next(naming for prefix, naming in _NAMINGS.items() if name.startswith(prefix))
    born = [naming.of(layer.name) for layer in layers]
    if naming.at_end:
        return _carried(born[::-1])[::-1]
    return _carried(born)


def _carried(names: Sequence[str]) -> list[str]:
    """The names with each gap filled by the name before it, and a gap at the start by the first name."""
    current, filled = next(name for name in names if name), []
    for name in names:
        current = name or current
        filled.append(current)
    return filled


def is_numbered_by_keras(layer: keras.layers.Layer) -> bool:
    """Whether Keras made up a layer's name, from its class and how many of them this process has built so far."""
    kind = re.sub(r"_\d+$", "", layer.name).replace("_", "")
    return kind == type(layer).__name__.lower()
