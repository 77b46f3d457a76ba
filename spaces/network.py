"""The sections that describe the network of a trial and how its weights are moved."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cnnsearch.spaces.searched import PerBlock, Searched, broken, rejection
from cnnsearch.spaces.section import Branches, Section
from cnnsearch.spaces.values import Choice, FloatRange, IntRange, domain_of, is_searched, size, value_at

Rate = Annotated[float, Field(ge=0, lt=1)]


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


def block_counts(blocks: Any) -> list[int]:  # noqa: ANN401 - a number or a searched node
    """The numbers of blocks that a scratch model may have, in the order of the file."""
    if not is_searched(blocks):
        return [blocks]
    domain = domain_of(blocks)
    if isinstance(domain, IntRange | FloatRange):
        return [int(value_at(domain, index)) for index in range(size(domain) or 0)]
    return list(domain.options) if isinstance(domain, Choice) else []


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

    @model_validator(mode="after")
    def _one_entry_for_each_block(self) -> Self:
        most = max(block_counts(self.blocks))
        wrong = [
            ((name,), f"a list here has one entry for each of up to {most} blocks, got {len(value)} entries", value)
            for name, value in self
            if isinstance(value, list) and len(value) != most
        ]
        if wrong:
            raise rejection("Scratch", wrong)
        return self

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


def _published_alpha(value: float) -> float:
    if value not in (0.25, 0.5, 0.75, 1.0):
        raise broken(f"weights were published for an alpha of 0.25, 0.5, 0.75 or 1.0, got {value}")
    return value


class MobileNet(Backbone):
    """MobileNet (v1); `alpha` scales the filters of every layer."""

    alpha: Searched[Annotated[float, AfterValidator(_published_alpha)]] = 1.0


class Model(Branches):
    """The network under the head: exactly one of these, or a choice over several."""

    scratch: Scratch | None = None
    vgg16: Backbone | None = None
    mobilenet: MobileNet | None = None


class Dense(Section):
    """One fully connected layer of the head, and the dropout after it."""

    units: Searched[Annotated[int, Field(ge=1, le=65536)]]
    dropout: Searched[Rate] = 0.0
    activation: Searched[Literal["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]] = "relu"


def _units_alone(items: Any) -> Any:  # noqa: ANN401 - before validation, anything
    """A number in the list, or a searched number, is short for `{units: number}`."""
    if not isinstance(items, list):
        return items
    return [
        {"units": item} if is_searched(item) or (isinstance(item, int) and not isinstance(item, bool)) else item
        for item in items
    ]


DenseLayers = Annotated[list[Dense], BeforeValidator(_units_alone)]


class Head(Section):
    """From feature maps to classes: pooling, dense layers, output layer."""

    pooling: Searched[Literal["flatten", "average", "max"]] = "flatten"
    dropout: Searched[Rate] = 0.0
    dense: Searched[DenseLayers] = Field(default=[])
    output: Searched[Literal["softmax", "sigmoid"]] = "softmax"


class Sgd(Section):
    """Stochastic gradient descent."""

    learning_rate: Searched[Annotated[float, Field(gt=0)]] = 0.01
    momentum: Searched[Rate] = 0.0
    nesterov: Searched[bool] = False


class Adaptive(Section):
    """Adam or RMSprop."""

    learning_rate: Searched[Annotated[float, Field(gt=0)]] = 0.001


class Optimizer(Branches):
    """How the weights are moved: exactly one of these, or a choice over several."""

    sgd: Sgd | None = None
    adam: Adaptive | None = None
    rmsprop: Adaptive | None = None
