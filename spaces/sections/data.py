"""The data section: where the images come from, which of them are used, and for what."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from cnnsearch.spaces.sections.json_schema import Form, square_or_pair
from cnnsearch.spaces.sections.numbers import Seed
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.values import shown

Pixels = Annotated[int, Field(ge=1, le=4096)]


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


def _unicode(value: Any) -> Any:  # noqa: ANN401 - before validation, anything
    """Bytes of the command line that are no UTF-8 arrive as surrogates, which no YAML file can hold."""
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        escaped = value.encode("utf-8", "backslashreplace").decode()
        raise broken(f"a path is UTF-8, got '{escaped}'", "Rename it, or give it another name by a link.")
    return value


Line = Annotated[str, Field(min_length=1), AfterValidator(_one_line), BeforeValidator(_unicode)]
"""A path or a name."""
Resize = Literal["stretch", "crop", "pad"]
IMAGES = ("source", "exclude", "split", "folds")
"""The keys that say which images there are and what each is for, not what a network sees of one: a search may go on
where they have changed, if the person says so."""


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

    source: Line
    """A folder with one folder of images per class, with train, validation and test folders of these, or with files
    named like `cat.1.jpg`; a zip or tar archive of one; a CSV manifest with the columns path, label and, if you like,
    split; a NumPy archive (`.npz`) with x_train and y_train; `sample:digits`; `keras:cifar10` or another of Keras'
    image sets; `tfds:NAME`; `kaggle:COMPETITION`."""
    image_size: Searched[ImageSize] = Field(default=[64, 64])
    """(height, width) in pixels that every image is brought to; one number for a square."""
    resize: Resize = "stretch"
    """How: `stretch` ignores the shape, `crop` cuts off what is too long, `pad` adds black bars."""
    color: Literal["rgb", "gray"] = "rgb"
    """`rgb`, three channels, or `gray`, one."""
    exclude: list[Line] | Line | None = None
    """Images to leave out: their paths in the source, or a file with one path on each line, such as `cnnsearch data
    doctor --exclude-to` writes; null for none."""
    split: Split = Split()
    """Which images are trained on, compared on, and kept for the end."""
    folds: Annotated[int, Field(ge=2, le=20)] | None = None
    """Cross-validation: each trial trains so many times, each time comparing on another share of what is neither test
    nor left out, and its score is the mean; null for the one split above."""

    @property
    def channels(self) -> int:
        """Of every image, whatever its own colours are."""
        return {"rgb": 3, "gray": 1}[self.color]


def sizes(values: Sequence[int]) -> tuple[int, int]:
    """(height, width) of an `image_size`."""
    height, width = values
    return height, width
