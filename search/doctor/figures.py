"""Figures over all images of an examination: their sizes, formats and colour modes. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low

from cnnsearch.search.dataset.survey import Spread
from cnnsearch.search.doctor.examine import Examined, Look


@dataclass(frozen=True)
class Figures:
    """What the readable images are like.

    Attributes:
        heights: in pixels, as a person sees the images; None where none is readable.
        widths: the same.
        formats: how many images have each format, the most frequent first.
        modes: the same for Pillow's colour modes.
        size: bytes of all files together.
    """

    heights: Spread | None
    widths: Spread | None
    formats: Mapping[str, int]
    modes: Mapping[str, int]
    size: int


def figures_of(files: Sequence[Examined]) -> Figures:
    """The figures over these files."""
    looks = looks_of(files)
    return Figures(
        heights=_spread([look.height for look in looks]),
        widths=_spread([look.width for look in looks]),
        formats=dict(Counter(look.format for look in looks).most_common()),
        modes=dict(Counter(look.mode for look in looks).most_common()),
        size=sum(file.size for file in files),
    )


def looks_of(files: Sequence[Examined]) -> list[Look]:
    """The looks of the readable files."""
    return [file.look for file in files if file.look is not None]


def _spread(lengths: Sequence[int]) -> Spread | None:
    return Spread(min(lengths), median_low(lengths), max(lengths)) if lengths else None
