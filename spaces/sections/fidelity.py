"""What a trial is made cheaper by until it has shown what it is worth: epochs, a share of the images, or their size."""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import JsonSchemaValue

from cnnsearch.spaces.sections.data import ImageSize
from cnnsearch.spaces.sections.json_schema import MendSchema
from cnnsearch.spaces.sections.numbers import Positive
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.values import shown

Kind = Literal["epochs", "data", "image_size"]
KINDS: tuple[Kind, ...] = ("epochs", "data", "image_size")


def _growing_epochs(epochs: list[int]) -> list[int]:
    if epochs[0] >= epochs[1]:
        raise broken(f"the first look comes before the last epoch, got {shown(epochs)}", "Write the lower one first.")
    return epochs


def _up_to_all(shares: list[float]) -> list[float]:
    if shares[0] >= shares[1]:
        raise broken(f"the share grows from the first rung to the last, got {shown(shares)}", "Write [0.1, 1.0].")
    if shares[1] != 1:
        raise broken(f"the last rung trains on all images, got {shown(shares)}", f"Write [{shares[0]:g}, 1.0].")
    return shares


def _growing_sizes(sizes: list[list[int]]) -> list[list[int]]:
    for (height, width), (later_height, later_width) in pairwise(sizes):
        if later_height < height or later_width < width or (height, width) == (later_height, later_width):
            rule = f"sizes grow from rung to rung, got {[height, width]} before {[later_height, later_width]}"
            raise broken(rule, "Write the smallest first.")
    return sizes


def exactly_one(fidelity: JsonSchemaValue) -> None:
    """One of the kinds; null stands for one that is left out."""
    fidelity["oneOf"] = [{"required": [kind], "properties": {kind: {"type": "array"}}} for kind in KINDS]


class Fidelity(Section):
    """By what the trials of a search are made cheaper until they have shown what they are worth: one of these keys.

    With `data` or `image_size` a trial climbs rungs: each is a training of its own, with fresh weights, and at its end
    the pruner compares trials of the same rung. The last rung is the training that the configuration names.
    """

    epochs: Annotated[list[Positive], Field(min_length=2, max_length=2), AfterValidator(_growing_epochs)] | None = None
    """The epoch of the pruner's first look, and the last one, which is that of `training.epochs`; as without
    `fidelity`, each trial is one training."""
    data: (
        Annotated[
            list[Annotated[float, Field(ge=0.001, le=1)]],
            Field(min_length=2, max_length=2),
            AfterValidator(_up_to_all),
        ]
        | None
    ) = None
    """The share of the training images on the first rung, and 1.0; between them the share grows by the pruner's
    `reduction`, or threefold. A smaller share lies within each larger one; validation always takes all its images."""
    image_size: Annotated[list[ImageSize], Field(min_length=2, max_length=8), AfterValidator(_growing_sizes)] | None = (
        None
    )
    """The size of the images on each rung, such as `[32, 64]` or `[[32, 48], [64, 96]]`; the last is that of
    `data.image_size`. A trial leaves out a size that is too small for its network."""

    wants_settings: ClassVar[bool] = True
    mend_schema: ClassVar[MendSchema] = staticmethod(exactly_one)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        taken = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(taken) != 1:
            got = " and ".join(taken) or "none"
            raise broken(f"exactly one of {', '.join(KINDS)} stands here, got {got}", "Write {data: [0.1, 1.0]}.")
        return self

    @property
    def kind(self) -> Kind:
        """Which key is there."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)
