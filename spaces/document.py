"""A whole space document: its sections put together.

A document in which no value is searched is a configuration: what a trial, a retraining and an exported model are made
from.
"""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from cnnsearch.spaces.sections.augment import Augment
from cnnsearch.spaces.sections.backbones import Backbone, FineTune, MobileNet
from cnnsearch.spaces.sections.data import Data, Split, sizes
from cnnsearch.spaces.sections.evaluation import Evaluation
from cnnsearch.spaces.sections.head import Dense, Head
from cnnsearch.spaces.sections.model import Model
from cnnsearch.spaces.sections.optimizers import Adam, Optimizer, Schedule
from cnnsearch.spaces.sections.own_code import Custom
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.scratch import Block, Scratch
from cnnsearch.spaces.sections.search import Keep, Search
from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Branches, Section, plain
from cnnsearch.spaces.sections.training import EarlyStopping, Training
from cnnsearch.spaces.values import contains_searched

__all__ = [
    "Augment",
    "Backbone",
    "Block",
    "Branches",
    "Configuration",
    "Custom",
    "Data",
    "Dense",
    "Document",
    "EarlyStopping",
    "Evaluation",
    "FineTune",
    "Head",
    "Keep",
    "MobileNet",
    "Model",
    "Optimizer",
    "Schedule",
    "Scratch",
    "Search",
    "Searched",
    "Section",
    "Split",
    "Training",
    "branch_of",
    "sizes",
]


def _known_version(version: int) -> int:
    if version != 1:
        raise broken(f"this cnnsearch reads version 1 of the language, got {version}")
    return version


class Document(Section):
    """A whole space document."""

    version: Annotated[int, AfterValidator(_known_version), Field(json_schema_extra={"const": 1})] = 1
    """Of the language: 1."""
    data: Data
    """Where the images come from."""
    augment: Searched[Augment] = Augment()
    """Random changes to training images."""
    model: Searched[Model]
    """The network under the head."""
    head: Searched[Head] = Head()
    """From feature maps to classes."""
    optimizer: Searched[Optimizer] = Optimizer(adam=Adam())
    """How the weights are moved."""
    training: Training = Training()
    """One trial's training."""
    evaluation: Searched[Evaluation] = Evaluation()
    """How a trained model looks at an image."""
    search: Search = Search()
    """Which configurations are tried."""
    keep: Keep = Keep()
    """What stays on disk."""


class Configuration(Document):
    """A document without any searched value: everything that one training needs."""

    @model_validator(mode="after")
    def _nothing_searched(self) -> Self:
        searched = [name for name, section in plain(self).items() if contains_searched(section)]
        if searched:
            raise broken(f"a configuration has no searched values, got some in {', '.join(searched)}")
        return self


def branch_of(section: Branches) -> tuple[str, Section]:
    """The name and the values of the one kind that a configuration has in this section.

    Raises:
        ValueError: the section is a choice between several.
    """
    if not isinstance(section, Branches):
        raise ValueError("a configuration has one kind of network, optimizer and schedule, got a choice")  # noqa: TRY004
    return next(iter(section.taken().items()))
