"""The section of a network's head: from feature maps through dense layers to classes."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from cnnsearch.spaces.sections import json_schema
from cnnsearch.spaces.sections.searched import LIST, PerLayer, Searched
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.sections.stack import Activation, Penalty, Rate, check_count, check_entries, entry_of
from cnnsearch.spaces.values import is_searched

_STACK = "<stack>"


class Dense(Section):
    """One fully connected layer of the head, and the dropout after it. A number is short for `{units: number}`."""

    units: Searched[Annotated[int, Field(ge=1, le=65536)]]
    """Its outputs."""
    dropout: Searched[Rate] = 0.0
    """Share of its outputs that training leaves out at random."""
    activation: Searched[Activation] = "relu"
    """The function after it."""


class DenseStack(Section):
    """Several fully connected layers, how many of which may be searched."""

    counted_by: ClassVar[str] = "layers"

    layers: Searched[Annotated[int, Field(ge=0, le=16)]] = 1
    """How many layers follow each other."""
    units: PerLayer[Annotated[int, Field(ge=1, le=65536)]]
    """Outputs of each; searched `per: layer`, they are drawn anew for each layer."""
    dropout: PerLayer[Rate] = 0.0
    """Share of each layer's outputs that training leaves out at random."""
    activation: PerLayer[Activation] = "relu"
    """The function after each."""

    @model_validator(mode="after")
    def _one_entry_for_each_layer(self) -> Self:
        check_count(self)
        check_entries(self)
        return self


def _units_alone(items: Any) -> Any:  # noqa: ANN401 - before validation, anything
    if not isinstance(items, list):
        return items
    return [
        {"units": item} if is_searched(item) or (isinstance(item, int) and not isinstance(item, bool)) else item
        for item in items
    ]


DenseLayers = Annotated[list[Dense], BeforeValidator(_units_alone), json_schema.Form(json_schema.units_or_section)]


def _dense_form(value: object) -> str:
    return _STACK if isinstance(value, dict | DenseStack) else LIST


DenseForms = Annotated[
    Annotated[DenseLayers, Tag(LIST)] | Annotated[DenseStack, Tag(_STACK)], Discriminator(_dense_form)
]


class Head(Section):
    """From feature maps to classes: pooling, dense layers, output layer."""

    pooling: Searched[Literal["flatten", "average", "max"]] = "flatten"
    """`flatten` keeps every pixel of the feature maps; `average` and `max` make one number of each map."""
    dropout: Searched[Rate] = 0.0
    """Share of the pooled values that training leaves out at random."""
    dense: Searched[DenseForms] = Field(default=[])
    """The fully connected layers before the output: a list with an entry for each, or `{layers: 2, units: 128}`."""
    output: Searched[Literal["softmax", "sigmoid"]] = "softmax"
    """`softmax`, one unit for each class; or `sigmoid`, one unit, where there are two classes."""
    l2: Searched[Penalty] = 0.0
    """L2 penalty on the kernels of the head's layers."""

    def layers(self) -> tuple[Dense, ...]:
        """The dense layers of a configuration, from the feature maps on."""
        if isinstance(self.dense, list):
            return tuple(self.dense)
        names = ("units", "dropout", "activation")
        return tuple(
            Dense(**{name: entry_of(getattr(self.dense, name), index) for name in names})
            for index in range(self.dense.layers)
        )
