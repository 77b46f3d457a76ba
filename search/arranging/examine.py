"""One look at every image of a source: can it be read, what are its bytes, what does it look like in small."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.cache.naming import content_hash
from cnnsearch.search.dataset.cache.rows import all_cores
from cnnsearch.search.dataset.decoding.decode import thumbnail_of
from cnnsearch.search.dataset.decoding.opening import opened_image
from cnnsearch.search.dataset.decoding.seen import seen
from cnnsearch.search.dataset.errors import UnreadableImage
from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.dataset.sources.source import Source

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many images are done, and of how many."""
_BATCH = 16


@dataclass(frozen=True)
class Examined:
    """A readable image.

    Attributes:
        image: where it lies and what it shows.
        content: the hash of its bytes, in hex.
        size: in bytes.
        thumbnail: (32, 32) uint8, grey.
    """

    image: LabelledImage
    content: str
    size: int
    thumbnail: NDArray[np.uint8] = field(compare=False, repr=False)


@dataclass(frozen=True)
class Unreadable:
    """An image that cannot be read, and why, such as `is empty`."""

    path: str
    reason: str


def examine(source: Source, progress: Progress) -> Iterator[Examined | Unreadable]:
    """Read and decode every image once, on all cores; in the order of the source, none of the bytes is kept."""
    images, done = source.images, 0
    batches = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
    with all_cores() as pool:
        for looks in pool.map(lambda batch: [_look(source, image) for image in batch], batches):
            yield from looks
            done += len(looks)
            progress("reading", done, len(images))


def _look(source: Source, image: LabelledImage) -> Examined | Unreadable:
    try:
        content = source.read(image)
        with opened_image(content) as opened:
            thumbnail = thumbnail_of(seen(opened))
    except UnreadableImage as error:
        return Unreadable(image.path, str(error))
    return Examined(image, content_hash(content), len(content), thumbnail)
