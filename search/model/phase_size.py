"""The size of a model as one phase of its training runs it: whole, or only what lies behind its frozen part."""

import math
from dataclasses import dataclass, replace

import keras

from cnnsearch.search.model.cut import Cut
from cnnsearch.search.model.size import ModelSize, model_size


@dataclass(frozen=True)
class FrozenSize:
    """What the part of a model costs that no training moves, from the image to the cut.

    Attributes:
        layer: its last one.
        flops: of one image.
        values: numbers that it makes of one image.
        activations: bytes that it needs for each image.
    """

    layer: str
    flops: int
    values: int
    activations: int


@dataclass(frozen=True)
class PhaseSize:
    """What one phase of a training costs.

    Attributes:
        size: of the model; training FLOPs and activations are those of what runs in each step.
        frozen: its frozen part; None where there is none.
    """

    size: ModelSize
    frozen: FrozenSize | None = None


def phase_size(model: keras.Model, optimizer: keras.optimizers.Optimizer, cut: Cut | None, *, kept: bool) -> PhaseSize:
    """The size of a model as one phase trains it.

    Args:
        model: built, also within `outlined`.
        optimizer: a fresh one, which is used up by this.
        cut: between its frozen part and the rest.
        kept: whether the training is fed with what the frozen part made of the images, so that it runs in no step.
    """
    size = model_size(model, optimizer)
    if cut is None:
        return PhaseSize(size)
    frozen = model_size(cut.frozen)
    found = FrozenSize(
        cut.layer, frozen.flops, math.prod(length or 1 for length in cut.frozen.output_shape[1:]), frozen.activations
    )
    if not kept:
        return PhaseSize(size, found)
    rest = model_size(cut.rest)
    return PhaseSize(replace(size, training_flops=rest.training_flops, activations=rest.activations), found)
