"""What a backbone is made of, from the image on: its blocks and layers, by the names that `trainable_from` takes."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from cnnsearch.search.model.backbones import backbone_network, blocks_of, own_settings
from cnnsearch.search.model.block_names import blocks_of_layers, is_numbered_by_keras
from cnnsearch.search.model.size import outlined
from cnnsearch.spaces.sections.backbones import Backbone


@dataclass(frozen=True)
class LayerAnatomy:
    """One layer of a backbone.

    Attributes:
        name: as Keras gives it.
        nameable: whether `trainable_from` may name it: a name that Keras numbers is another one in every process.
        kind: its class.
        block: the block that it belongs to.
        last: its place from the end; `{last: 30}` begins at the one whose place is 30.
        output: the shape of what it makes of one image, such as (rows, columns, filters).
        weights: how many it has, the moments of a norm included.
        trainable: how many of them training moves.
    """

    name: str
    nameable: bool
    kind: str
    block: str
    last: int
    output: tuple[int, ...]
    weights: int
    trainable: int


@dataclass(frozen=True)
class BlockAnatomy:
    """One block of a backbone.

    Attributes:
        name: what `trainable_from` takes.
        layers: how many.
        last: the place of its first layer from the end.
        weights: how many.
        maps: the shape of what it makes of one image, (rows, columns, filters), before any padding for the next one.
        trained: the share of the network's trainable weights that is trained from this block on.
    """

    name: str
    layers: int
    last: int
    weights: int
    maps: tuple[int, ...]
    trained: float


@dataclass(frozen=True)
class Anatomy:
    """A whole backbone without its top, for images of one size.

    Attributes:
        name: of the backbone.
        settings: its own ones, such as alpha.
        image_size: (height, width) in pixels.
        blocks: from the image on.
        layers: in the order of Keras.
    """

    name: str
    settings: dict[str, Any]
    image_size: tuple[int, int]
    blocks: tuple[BlockAnatomy, ...]
    layers: tuple[LayerAnatomy, ...]

    @property
    def weights(self) -> int:
        """How many weights it has."""
        return sum(layer.weights for layer in self.layers)

    def layer_from_end(self, last: int) -> LayerAnatomy:
        """The layer with which `{last: ...}` begins; the first one where there are no more."""
        return self.layers[-min(last, len(self.layers))]


def anatomy(name: str, section: Backbone, image_size: tuple[int, int]) -> Anatomy:
    """The anatomy of a backbone, read from its outline: no weight gets any memory."""
    with outlined():
        network = backbone_network(name, section, image_size)
        layers = tuple(_layers(name, network))
        blocks = tuple(_blocks(blocks_of(name, network), layers))
    return Anatomy(name, own_settings(section), image_size, blocks, layers)


def _layers(name: str, network: keras.Model) -> Iterator[LayerAnatomy]:
    count = len(network.layers)
    for index, (block, layer) in enumerate(zip(blocks_of_layers(name, network.layers), network.layers, strict=True)):
        yield LayerAnatomy(
            name=layer.name,
            nameable=not is_numbered_by_keras(layer),
            kind=type(layer).__name__,
            block=block,
            last=count - index,
            output=tuple(_made(layer).shape[1:]),
            weights=layer.count_params(),
            trainable=sum(math.prod(weight.shape) for weight in layer.trainable_weights),
        )


def _made(layer: keras.layers.Layer) -> Any:  # noqa: ANN401 - Keras is untyped
    return layer.output[0] if isinstance(layer.output, list) else layer.output


def _blocks(names: Sequence[str], layers: Sequence[LayerAnatomy]) -> Iterator[BlockAnatomy]:
    # Cells may overlap in the order of layers, hence by the order in which blocks begin, as they are frozen.
    order = list(dict.fromkeys(layer.block for layer in layers))
    whole = sum(layer.trainable for layer in layers)
    for name in names:
        own = [layer for layer in layers if layer.block == name]
        behind = set(order[order.index(name) :])
        yield BlockAnatomy(
            name=name,
            layers=len(own),
            last=own[0].last,
            weights=sum(layer.weights for layer in own),
            maps=next(layer.output for layer in reversed(own) if layer.kind != "ZeroPadding2D"),
            trained=sum(layer.trainable for layer in layers if layer.block in behind) / whole,
        )
