"""The section of a network of one's own: blocks of convs and pools, each value for all of them or for each."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from cnnsearch.spaces.advice import type_advice
from cnnsearch.spaces.sections import json_schema
from cnnsearch.spaces.sections.rules import KEY_RULE, rejection, violation
from cnnsearch.spaces.sections.searched import FIXED, LIST, PerBlock, Searched
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.sections.stack import Activation, Penalty, Rate, check_count, check_entries, entry_of
from cnnsearch.spaces.values import is_searched, shown

Filters = Annotated[int, Field(ge=1, le=4096)]
_GROWTH = "<growth>"


@dataclass(frozen=True)
class Block:
    """One block of a scratch model, every value fixed; what each means is said in `Scratch`."""

    convs: int
    conv: str
    filters: int
    kernel_size: int
    strides: int
    dilation: int
    padding: str
    activation: str
    norm: str
    norm_place: str
    norm_groups: int
    residual: bool
    squeeze_excite: int
    custom: str | None
    pool: str
    pool_size: int
    pool_stride: int | None
    pool_padding: str
    dropout: float
    dropout_kind: str


class Growth(Section):
    """Filters that grow from block to block: `start`, `start * growth`, `start * growth**2`, ..., up to `most`."""

    start: Searched[Filters]
    """Filters of the first block."""
    growth: Searched[Annotated[float, Field(gt=0, le=8)]] = 2.0
    """What each block's filters are multiplied by."""
    most: Searched[Filters] = 4096
    """No block has more filters than this."""

    def of_block(self, index: int) -> int:
        """The filters of a block, counted from 0."""
        return max(1, min(round(self.start * self.growth**index), self.most))


def _filters_form(value: object) -> str:
    if isinstance(value, list):
        return LIST
    grows = isinstance(value, Growth) or (isinstance(value, dict) and not is_searched(value))
    return _GROWTH if grows else FIXED


BlockFilters = Annotated[
    Annotated[PerBlock[Filters], Tag(FIXED)]
    | Annotated[PerBlock[Filters], Tag(LIST)]
    | Annotated[Growth, Tag(_GROWTH)],
    Discriminator(_filters_form),
]


def _entry(value: Any, index: int) -> Any:  # noqa: ANN401 - any of a stack's values
    if isinstance(value, Growth):
        return value.of_block(index)
    return entry_of(value, index)


def with_norm(value: Any) -> Any:  # noqa: ANN401 - before validation, anything
    """`batch_norm: true` is short for `norm: batch`; searched, for a choice between `batch` and `none`."""
    if not isinstance(value, dict) or "batch_norm" not in value:
        return value
    if "norm" in value:
        rule = "`batch_norm: true` is short for `norm: batch`, got both of them"
        raise rejection("norm", [violation(("batch_norm",), rule, None, "Drop batch_norm.", KEY_RULE)])
    rest = {key: entry for key, entry in value.items() if key != "batch_norm"}
    return {**rest, "norm": _norm_words(value["batch_norm"])}


def _norm_words(value: Any) -> Any:  # noqa: ANN401 - before validation, anything
    if isinstance(value, bool):
        return "batch" if value else "none"
    if isinstance(value, list):
        return [_norm_words(entry) for entry in value]
    if isinstance(value, dict) and isinstance(value.get("choice"), list):
        return {
            key: _norm_words(entry) if key in ("choice", "prior", "otherwise") else entry
            for key, entry in value.items()
        }
    rule = f"`batch_norm` must be true or false, got {shown(value)}"
    advice = f"{type_advice('bool_type', value)} Or write norm: batch, layer, group or none."
    raise rejection("norm", [violation(("batch_norm",), rule, value, advice)])


class Scratch(Section):
    """A network of its own: INPUT -> [[CONV -> NORM -> ACTIVATION] * convs -> POOL -> DROPOUT] * blocks -> head.

    Every value but `blocks` and `l2` may be one for all blocks, a list with one for each, or searched; a searched one
    with `per: block` is drawn anew for each block.
    """

    counted_by: ClassVar[str] = "blocks"
    mend_schema: ClassVar[json_schema.MendSchema] = staticmethod(json_schema.with_batch_norm)

    blocks: Searched[Annotated[int, Field(ge=1, le=32)]] = 3
    """How many blocks follow each other."""
    convs: PerBlock[Annotated[int, Field(ge=1, le=16)]] = 1
    """Conv layers before a block's pool."""
    conv: PerBlock[Literal["plain", "separable", "depthwise_separable"]] = "plain"
    """The kind of conv: `plain`; `separable`, which filters each channel and then mixes them; `depthwise_separable`,
    the same with norm and activation between the two (MobileNet)."""
    filters: BlockFilters = 32
    """Feature maps that each conv gives; `{start: 32, growth: 2}` doubles them from block to block."""
    kernel_size: PerBlock[Annotated[int, Field(ge=1, le=31)]] = 3
    """Height and width of a conv's kernel in pixels."""
    strides: PerBlock[Annotated[int, Field(ge=1, le=8)]] = 1
    """Step of a block's first conv in pixels; 2 halves height and width."""
    dilation: PerBlock[Annotated[int, Field(ge=1, le=8)]] = 1
    """Spacing of a kernel's points; not together with strides over 1."""
    padding: PerBlock[Literal["same", "valid"]] = "same"
    """`same` keeps height and width; `valid` takes kernel_size - 1 pixels off."""
    activation: PerBlock[Activation] = "relu"
    """The function after each conv."""
    norm: PerBlock[Literal["none", "batch", "layer", "group"]] = "none"
    """Normalization beside each conv. `batch_norm: true` is short for `norm: batch`."""
    norm_place: PerBlock[Literal["before_activation", "after_activation", "before_conv"]] = "before_activation"
    """Where the normalization stands; `before_conv` puts norm and activation before each conv (pre-activation)."""
    norm_groups: PerBlock[Annotated[int, Field(ge=1, le=4096)]] = 8
    """Groups of the group norm; where they do not divide the filters, their greatest common divisor is taken."""
    residual: PerBlock[bool] = False
    """Adds a block's input to what its convs give; a 1 x 1 conv brings it to the same shape where that is needed."""
    squeeze_excite: PerBlock[Annotated[int, Field(ge=0, le=64)]] = 0
    """Weighs the feature maps after a block's convs, by a hidden layer so many times smaller; 0 for none."""
    custom: PerBlock[str | None] = None
    """`package.module:function` in place of the convs: called with (feature maps, block, name), it gives feature maps.
    Needs --allow-code."""
    pool: PerBlock[Literal["max", "average", "none"]] = "max"
    """The pool at a block's end."""
    pool_size: PerBlock[Annotated[int, Field(ge=2, le=8)]] = 2
    """Height and width of the pool in pixels."""
    pool_stride: PerBlock[Annotated[int, Field(ge=1, le=8)] | None] = None
    """Step of the pool in pixels; null for its size."""
    pool_padding: PerBlock[Literal["same", "valid"]] = "valid"
    """`same` pools the border's pixels too, `valid` leaves a rest out."""
    dropout: PerBlock[Rate] = 0.0
    """Share of a block's outputs that training leaves out at random."""
    dropout_kind: PerBlock[Literal["plain", "spatial"]] = "plain"
    """`plain` leaves out single values, `spatial` whole feature maps."""
    l2: Searched[Penalty] = 0.0
    """L2 penalty on the convs' kernels."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:  # noqa: ANN401 - before validation, anything
        return with_norm(value)

    @model_validator(mode="after")
    def _one_entry_for_each_block(self) -> Self:
        check_count(self)
        check_entries(self)
        return self

    def layers(self) -> tuple[Block, ...]:
        """The blocks of a configuration, from the image on."""
        names = [name for name in Scratch.model_fields if name not in ("blocks", "l2")]
        return tuple(
            Block(**{name: _entry(getattr(self, name), index) for name in names}) for index in range(self.blocks)
        )
