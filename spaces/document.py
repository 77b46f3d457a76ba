"""The sections of a space document, their keys, types and defaults.

A document in which no value is searched is a configuration: what a trial, a retraining and an exported model are made
from.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cnnsearch.spaces.duration import Duration
from cnnsearch.spaces.network import (
    Adaptive,
    Backbone,
    Block,
    Dense,
    Head,
    MobileNet,
    Model,
    Optimizer,
    Scratch,
    Sgd,
)
from cnnsearch.spaces.searched import PerBlock, Searched, broken
from cnnsearch.spaces.section import Branches, Section
from cnnsearch.spaces.values import contains_searched

__all__ = [
    "Adaptive",
    "Augment",
    "Backbone",
    "Block",
    "Branches",
    "Configuration",
    "Data",
    "Dense",
    "Document",
    "EarlyStopping",
    "Head",
    "Keep",
    "MobileNet",
    "Model",
    "Optimizer",
    "PerBlock",
    "Scratch",
    "Search",
    "Searched",
    "Section",
    "Sgd",
    "Split",
    "Training",
    "branch_of",
    "sizes",
]

Positive = Annotated[int, Field(ge=1)]
Pixels = Annotated[int, Field(ge=1, le=4096)]
Strength = Annotated[float, Field(ge=0, le=1)]


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
    image_size: Searched[ImageSize] = Field(default=[64, 64])
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


def _known_version(version: int) -> int:
    if version != 1:
        raise broken(f"this cnnsearch reads version 1 of the language, got {version}")
    return version


class Document(Section):
    """A whole space document."""

    version: Annotated[int, AfterValidator(_known_version)] = 1
    data: Data
    augment: Augment = Augment()
    model: Model
    head: Head = Head()
    optimizer: Optimizer = Optimizer(adam=Adaptive())
    training: Training = Training()
    search: Search = Search()
    keep: Keep = Keep()


class Configuration(Document):
    """A document without any searched value: everything that one training needs."""

    @model_validator(mode="after")
    def _nothing_searched(self) -> Self:
        searched = [name for name, section in self.model_dump().items() if contains_searched(section)]
        if searched:
            raise broken(f"a configuration has no searched values, got some in {', '.join(searched)}")
        return self


def branch_of(section: Model | Optimizer) -> tuple[str, Section]:
    """The name and the values of the one branch that a configuration has in this section.

    Raises:
        ValueError: the section is a choice between several.
    """
    branches = section.branches()
    if len(branches) != 1:
        raise ValueError(f"a configuration has one branch in {type(section).__name__}, got {', '.join(branches)}")
    return next(iter(branches.items()))


def sizes(values: Sequence[int]) -> tuple[int, int]:
    """(height, width) of an `image_size`."""
    height, width = values
    return height, width
