"""The sections of a space document, their keys, types and defaults.

A document in which no value is searched is a configuration: what a trial, a retraining and an exported model are made
from.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from cnnsearch.spaces.duration import Duration
from cnnsearch.spaces.sections.backbones import Backbone, MobileNet
from cnnsearch.spaces.sections.head import Dense, Head
from cnnsearch.spaces.sections.json_schema import Form, square_or_pair, weights_by_class
from cnnsearch.spaces.sections.model import Model
from cnnsearch.spaces.sections.optimizers import Adam, Optimizer, Schedule, ScheduleSection
from cnnsearch.spaces.sections.own_code import Custom
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.scratch import Block, Scratch
from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Branches, Section, plain
from cnnsearch.spaces.values import contains_searched, shown

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

Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""A count; above a thousand millions its product with another leaves the whole numbers that a device has."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""What Keras and NumPy take for a seed."""
Pixels = Annotated[int, Field(ge=1, le=4096)]
Strength = Annotated[float, Field(ge=0, le=1)]


def _both_sides(value: Any) -> Any:  # noqa: ANN401 - before validation, anything
    return [value, value] if isinstance(value, int) and not isinstance(value, bool) else value


ImageSize = Annotated[
    list[Pixels], Field(min_length=2, max_length=2), BeforeValidator(_both_sides), Form(square_or_pair)
]
"""(height, width) in pixels; one number stands for a square."""


def _one_line(text: str) -> str:
    """`"C:\\new"` in double quotes has a line end in it, which nobody meant."""
    if any(character < " " or character == "\x7f" for character in text):
        raise broken(
            f"a path has no control characters, got {shown(text)}",
            "In double quotes a backslash begins an escape: write paths with /, or in single quotes.",
        )
    return text


class Split(Section):
    """Which share of each class goes where; the rest is trained on. Folders that are split already keep their split."""

    validation: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """Share that trials are compared on."""
    test: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share that only the final evaluation reads."""
    seed: Seed = 42
    """Decides which images go where."""


class Data(Section):
    """Where the images come from and how they are brought to one size."""

    source: Annotated[str, AfterValidator(_one_line)] = Field(min_length=1)
    """A folder with one folder of images per class, a zip of one, or `sample:digits`."""
    image_size: Searched[ImageSize] = Field(default=[64, 64])
    """(height, width) in pixels that every image is brought to; one number for a square."""
    color: Literal["rgb", "gray"] = "rgb"
    """`rgb`, three channels, or `gray`, one."""
    split: Split = Split()
    """Which images are trained on, compared on, and kept for the end."""

    @property
    def channels(self) -> int:
        """Of every image, whatever its own colours are."""
        return {"rgb": 3, "gray": 1}[self.color]


class Augment(Section):
    """Random changes to training images, drawn anew in every epoch. Strengths are shares of the image or of a turn."""

    horizontal_flip: Searched[bool] = False
    """Mirrors left and right, every second time."""
    vertical_flip: Searched[bool] = False
    """Mirrors top and bottom, every second time."""
    rotation: Searched[Strength] = 0.0
    """Turns by up to this share of a full turn, either way."""
    zoom: Searched[Strength] = 0.0
    """Zooms in or out by up to this share."""
    shear: Searched[Strength] = 0.0
    """Slants by up to this share."""
    translation: Searched[Strength] = 0.0
    """Moves by up to this share of the height and of the width."""
    contrast: Searched[Strength] = 0.0
    """Changes the contrast by up to this share."""
    brightness: Searched[Strength] = 0.0
    """Makes brighter or darker by up to this share of the range."""
    saturation: Searched[Strength] = 0.0
    """Makes colours stronger or paler by up to this share. Not for gray images."""
    hue: Searched[Strength] = 0.0
    """Turns the colours by up to this share of the wheel. Not for gray images."""
    erasing: Searched[Strength] = 0.0
    """Blanks out a rectangle of up to this share of the image (random erasing, arXiv:1708.04896)."""
    rand_augment: Searched[Strength] = 0.0
    """Two random changes out of many, of this strength (RandAugment, arXiv:1909.13719). Not for gray images."""
    mixup: Searched[Annotated[float, Field(ge=0, le=8)]] = 0.0
    """Blends pairs of images and their labels by shares from Beta(mixup, mixup) (arXiv:1710.09412); 0 for never."""
    cutmix: Searched[Annotated[float, Field(ge=0, le=8)]] = 0.0
    """Pastes rectangles of one image into another, and mixes their labels (arXiv:1905.04899), by shares from
    Beta(cutmix, cutmix); 0 for never. Beside mixup, each batch takes one of the two."""


class EarlyStopping(Section):
    """A trial ends when `monitor` has not improved for `patience` epochs."""

    monitor: Literal["val_loss", "val_accuracy"] = "val_loss"
    """What is watched."""
    patience: Searched[Positive] = 3
    """Epochs without a better value before the end."""
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    """How much better counts as better."""


def _weights_form(value: object) -> str:
    return "<mapping>" if isinstance(value, dict) else "<word>"


ClassWeights = Annotated[
    Annotated[Literal["none", "balanced"], Tag("<word>")]
    | Annotated[dict[str, Annotated[float, Field(ge=0)]], Tag("<mapping>"), Form(weights_by_class)],
    Discriminator(_weights_form),
]


class Training(Section):
    """One trial's training."""

    epochs: Searched[Positive] = 20
    """At most so many; early stopping and pruning may end a trial before."""
    batch_size: Searched[Positive] = 32
    """Images in one step."""
    steps_per_epoch: Searched[Positive | None] = None
    """Batches in one epoch; null for as many as take every image once."""
    loss: Searched[Literal["crossentropy", "binary_crossentropy", "focal"]] = "crossentropy"
    """`crossentropy` of the output; `binary_crossentropy` of each output on its own; `focal`, which counts images that
    are classified well for less (arXiv:1708.02002)."""
    label_smoothing: Searched[Annotated[float, Field(ge=0, lt=1)]] = 0.0
    """Share of each training label that is spread over all classes; validation keeps its labels."""
    class_weights: Searched[ClassWeights] = "none"
    """`balanced` counts images of rare classes for more; a mapping gives each class its own weight."""
    clip_norm: Searched[Annotated[float, Field(gt=0)] | None] = None
    """All gradients together are scaled down to this length; null for never."""
    clip_value: Searched[Annotated[float, Field(gt=0)] | None] = None
    """Each gradient is cut off at this size; null for never."""
    ema: Searched[Annotated[float, Field(gt=0, lt=1)] | None] = None
    """Validates and keeps a running mean of the weights that forgets by this factor at each step, such as 0.99; null
    for the weights themselves."""
    schedule: Searched[Schedule] = Schedule(constant=ScheduleSection())
    """How the learning rate changes."""
    early_stopping: Searched[EarlyStopping | None] = EarlyStopping()
    """When a trial ends before its last epoch; null for never."""
    seed: Seed | None = None
    """Decides weights, dropout, augmentation and order; null for one that follows from search.seed and the trial."""


def _nothing_searched(starts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for start in starts:
        if contains_searched(start):
            raise broken(f"a configuration to start from has fixed values only, got {shown(start)}")
    return starts


class Search(Section):
    """Which configurations are tried, how many, and by what they are ranked."""

    sampler: Literal["tpe", "random"] = "tpe"
    """`tpe` learns from finished trials where to look next; `random` does not."""
    pruner: Literal["asha", "median", "none"] = "asha"
    """Which trials end early for being behind: `asha` keeps the best third at each look, `median` the better half."""
    trials: Positive = 20
    """How many configurations are tried."""
    time: Duration | None = None
    """How long at most: `90s`, `30m`, `2h`, `1h30m`; null for no limit."""
    objective: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    """What trials are ranked by."""
    seed: Seed = 42
    """Makes the draws repeatable, where one trial runs at a time."""
    start_from: Annotated[list[dict[str, Any]], AfterValidator(_nothing_searched)] = Field(default=[])
    """Configurations tried first, whole or in part: `[{model: {scratch: {blocks: 3}}}]`; the sampler fills the rest."""


class Keep(Section):
    """What stays on disk of the trials."""

    checkpoints: Positive = 3
    """Models of so many best trials."""


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


def sizes(values: Sequence[int]) -> tuple[int, int]:
    """(height, width) of an `image_size`."""
    height, width = values
    return height, width
