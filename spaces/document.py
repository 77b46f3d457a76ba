"""The sections of a space document, their keys, types and defaults.

A document in which no value is searched is a configuration: what a trial, a retraining and an exported model are made from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from cnnsearch.spaces.duration import Duration
from cnnsearch.spaces.searched import FIXED, LIST, EachBlock, Searched, block_tag

T = TypeVar("T")
PerBlock = Annotated[
    Annotated[EachBlock[T], Tag(FIXED)] | Annotated[list[Searched[T]], Field(min_length=1), Tag(LIST)],
    Discriminator(block_tag),
]
"""A value for all blocks, or a list with one entry for each block."""

Positive = Annotated[int, Field(ge=1)]
Pixels = Annotated[int, Field(ge=1, le=4096)]
Rate = Annotated[float, Field(ge=0, lt=1)]
Strength = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """What every section has in common: unknown keys and wrong types are errors, and a read section never changes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _both_sides(value: Any) -> Any:  # noqa: ANN401 - before validation, anything
    return [value, value] if isinstance(value, int) and not isinstance(value, bool) else value


ImageSize = Annotated[list[Pixels], Field(min_length=2, max_length=2), BeforeValidator(_both_sides)]
"""(height, width) in pixels; one number stands for a square."""


class Split(Section):
    """Which share of each class goes where; the rest is trained on. Folders that are split already keep their split."""

    validation: Annotated[float, Field(gt=0, lt=1)] = 0.2
    test: Annotated[float, Field(ge=0, lt=1)] = 0.1
    seed: Annotated[int, Field(ge=0)] = 42


class Data(Section):
    """Where the images come from and how they are brought to one size."""

    source: str = Field(min_length=1)
    image_size: Searched[ImageSize] = [64, 64]
    color: Literal["rgb", "gray"] = "rgb"
    split: Split = Split()


class Augment(Section):
    """Random changes to training images, drawn anew in every epoch. Strengths are shares of the image or of a turn."""

    horizontal_flip: Searched[bool] = False
    vertical_flip: Searched[bool] = False
    rotation: Searched[Strength] = 0.0
    zoom: Searched[Strength] = 0.0
    shear: Searched[Strength] = 0.0
    translation: Searched[Strength] = 0.0
    contrast: Searched[Strength] = 0.0
    brightness: Searched[Strength] = 0.0


@dataclass(frozen=True)
class Block:
    """One conv/pool block of a scratch model: `convs` conv layers, then a pool."""

    convs: int
    filters: int
    kernel_size: int
    padding: str
    activation: str
    batch_norm: bool
    pool: str
    pool_size: int
    dropout: float


def _entry(value: Any, index: int) -> Any:  # noqa: ANN401 - any of a block's values
    return value[index] if isinstance(value, list) else value


class Scratch(Section):
    """A network of its own: INPUT -> [[CONV -> ACTIVATION] * convs -> POOL -> DROPOUT] * blocks -> head."""

    blocks: Searched[Annotated[int, Field(ge=1, le=12)]] = 3
    convs: PerBlock[Annotated[int, Field(ge=1, le=8)]] = 1
    filters: PerBlock[Annotated[int, Field(ge=1, le=4096)]] = 32
    kernel_size: PerBlock[Annotated[int, Field(ge=1, le=31)]] = 3
    padding: PerBlock[Literal["same", "valid"]] = "same"
    activation: PerBlock[Literal["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]] = "relu"
    batch_norm: PerBlock[bool] = False
    pool: PerBlock[Literal["max", "average", "none"]] = "max"
    pool_size: PerBlock[Annotated[int, Field(ge=2, le=8)]] = 2
    dropout: PerBlock[Rate] = 0.0

    def layers(self) -> tuple[Block, ...]:
        """The blocks of a configuration, from the image on."""
        names = [name for name in Scratch.model_fields if name != "blocks"]
        return tuple(
            Block(**{name: _entry(getattr(self, name), index) for name in names}) for index in range(self.blocks)
        )


class Backbone(Section):
    """A pretrained network without its top, under a head of ours."""

    weights: Searched[str | None] = "imagenet"
    """`imagenet`, the path of a weights file, or null for random weights."""
    trainable_from: Searched[str] = "none"
    """`none` (all frozen), `all`, or the first trainable block (`block5`) or layer."""


class MobileNet(Backbone):
    """MobileNet (v1); `alpha` scales the filters of every layer."""

    alpha: Searched[Literal[0.25, 0.5, 0.75, 1.0]] = 1.0


def _named(value: Any) -> Any:  # noqa: ANN401 - before validation, anything
    """`adam` is short for `{adam: {}}`, and a list of names for a mapping of empty branches."""
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, dict):
        return {key: {} if branch is None else branch for key, branch in value.items()}
    return value


class Model(Section):
    """The network under the head: exactly one of these, or a choice over several."""

    scratch: Scratch | None = None
    vgg16: Backbone | None = None
    mobilenet: MobileNet | None = None


class Dense(Section):
    """One fully connected layer of the head, and the dropout after it."""

    units: Searched[Annotated[int, Field(ge=1, le=65536)]]
    dropout: Searched[Rate] = 0.0
    activation: Searched[Literal["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]] = "relu"


class Head(Section):
    """From feature maps to classes: pooling, dense layers, output layer."""

    pooling: Searched[Literal["flatten", "average", "max"]] = "flatten"
    dropout: Searched[Rate] = 0.0
    dense: Searched[list[Dense]] = []
    output: Searched[Literal["softmax", "sigmoid"]] = "softmax"


class Sgd(Section):
    """Stochastic gradient descent."""

    learning_rate: Searched[Annotated[float, Field(gt=0)]] = 0.01
    momentum: Searched[Rate] = 0.0
    nesterov: Searched[bool] = False


class Adaptive(Section):
    """Adam or RMSprop."""

    learning_rate: Searched[Annotated[float, Field(gt=0)]] = 0.001


class Optimizer(Section):
    """How the weights are moved: exactly one of these, or a choice over several."""

    sgd: Sgd | None = None
    adam: Adaptive | None = None
    rmsprop: Adaptive | None = None


class EarlyStopping(Section):
    """A trial ends when `monitor` has not improved for `patience` epochs."""

    monitor: Literal["val_loss", "val_accuracy"] = "val_loss"
    patience: Searched[Positive] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0


class Training(Section):
    """One trial's training."""

    epochs: Searched[Positive] = 20
    batch_size: Searched[Positive] = 32
    schedule: Searched[Literal["constant", "cosine"]] = "constant"
    early_stopping: EarlyStopping | None = EarlyStopping()
    seed: Annotated[int, Field(ge=0)] | None = None


class Search(Section):
    """Which configurations are tried, how many, and by what they are ranked."""

    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["asha", "median", "none"] = "asha"
    trials: Positive = 20
    time: Duration | None = None
    objective: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    seed: Annotated[int, Field(ge=0)] = 42


class Keep(Section):
    """What stays on disk of the trials."""

    checkpoints: Positive = 3


class Document(Section):
    """A whole space document."""

    version: Literal[1] = 1
    data: Data
    augment: Augment = Augment()
    model: Model
    head: Head = Head()
    optimizer: Optimizer = Optimizer(adam=Adaptive())
    training: Training = Training()
    search: Search = Search()
    keep: Keep = Keep()


def branch_of(section: Model | Optimizer) -> tuple[str, Section]:
    """The name and the values of the one branch that a configuration has in this section."""
    for name in type(section).model_fields:
        branch = getattr(section, name)
        if branch is not None:
            return name, branch
    raise ValueError(f"{type(section).__name__} has no branch")


def sizes(values: Sequence[int]) -> tuple[int, int]:
    """(height, width) of an `image_size`."""
    height, width = values
    return height, width
