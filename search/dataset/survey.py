"""A first look at a source: how many images of each class, how large, in colour or gray. Reads headers, of a sample."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median_low

from cnnsearch.search.dataset.decoding.decode import FORMATS, opened_image, quiet_pillow
from cnnsearch.search.dataset.decoding.seen import orientation
from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.layout import VALIDATION, LabelledImage
from cnnsearch.search.dataset.sources.source import Source

MOST_LOOKED_AT = 400
"""Files whose headers are read; beyond it the figures hardly change."""
_THREADS = 8
_LYING = (5, 6, 7, 8)
"""The EXIF orientations that exchange height and width."""
_GRAY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "F")


@dataclass(frozen=True)
class Spread:
    """The least, the middle and the largest of some lengths in pixels."""

    least: int
    median: int
    most: int


@dataclass(frozen=True)
class Survey:
    """What the images of a source are like.

    Attributes:
        counts: the images of each class, by its name; all of them but those that were found unreadable.
        looked_at: how many of them the rest was read from, spread evenly over the source.
        heights: of the readable ones, in pixels, as a person sees them.
        widths: the same.
        gray: how many of the readable ones have one channel.
        unreadable: the paths of the others, each with the reason.
        split: whether the source has a validation part of its own.
    """

    counts: Mapping[str, int]
    looked_at: int
    heights: Spread
    widths: Spread
    gray: int
    unreadable: Mapping[str, str]
    split: bool

    @property
    def images(self) -> int:
        """How many images there are."""
        return sum(self.counts.values())

    @property
    def is_gray(self) -> bool:
        """Whether no readable image has colours."""
        return self.gray == self.looked_at - len(self.unreadable)


@dataclass(frozen=True)
class _Header:
    height: int
    width: int
    gray: bool


def survey(source: Source, most: int = MOST_LOOKED_AT) -> Survey:
    """Look at the headers of at most so many images.

    Raises:
        DataError: none of them can be read.
    """
    sample = _spread(source.images, most)
    with quiet_pillow(), ThreadPoolExecutor(_THREADS, thread_name_prefix="survey") as pool:
        looks = list(pool.map(lambda image: _look(source, image), sample))
    headers = [look for look in looks if isinstance(look, _Header)]
    unreadable = {image.path: look for image, look in zip(sample, looks, strict=True) if isinstance(look, str)}
    if not headers:
        path, reason = next(iter(unreadable.items()))
        rule = f"some images must be readable, got {len(unreadable)} that are not; {path!r} {reason}."
        raise DataError(source.name, rule, f"Check that the files are whole {', '.join(FORMATS)} images.")
    return Survey(
        counts={
            name: count - sum(image.class_name == name for image in sample if image.path in unreadable)
            for name, count in sorted(Counter(image.class_name for image in source.images).items())
        },
        looked_at=len(sample),
        heights=_spread_of([header.height for header in headers]),
        widths=_spread_of([header.width for header in headers]),
        gray=sum(header.gray for header in headers),
        unreadable=unreadable,
        split=any(image.part == VALIDATION for image in source.images),
    )


def _spread(images: Sequence[LabelledImage], most: int) -> list[LabelledImage]:
    """At most so many images; they are sorted by path, so even steps take a share of every class."""
    count = min(most, len(images))
    return [images[index * len(images) // count] for index in range(count)]


def _spread_of(lengths: Sequence[int]) -> Spread:
    return Spread(min(lengths), median_low(lengths), max(lengths))


def _look(source: Source, image: LabelledImage) -> _Header | str:
    """An image's header, or why there is none."""
    try:
        with opened_image(source.read(image)) as opened:
            lying = orientation(opened) in _LYING
            height, width = (opened.width, opened.height) if lying else (opened.height, opened.width)
            return _Header(height, width, opened.mode in _GRAY_MODES)
    except UnreadableImage as error:
        return str(error)
