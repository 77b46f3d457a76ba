"""The photos as the person has them, where they still lie there; else as the cache of a search has them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cnnsearch.search.dataset.cache.naming import content_hash
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.decoding.opening import opened_image, quiet_pillow
from cnnsearch.search.dataset.decoding.seen import seen
from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.files import Files, FolderFiles
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.explaining.pictures import Pixels, in_colour, resized

_LEAST = 64
"""Pixels that the longer side of a picture has at least; a tiny one is shown larger."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Gives photos in small.

    Attributes:
        dataset: which photos.
        files: where they lie; None where they are no files, or not there any more.
    """

    dataset: Dataset
    files: Files | None

    @classmethod
    def of(cls, dataset: Dataset) -> "Photos":
        """Those of a dataset."""
        return cls(dataset, _files(dataset.source))

    def small(self, row: int, side: int) -> Pixels:
        """A photo in its own proportions, (height, width, 3), with a longer side of at most so many pixels."""
        try:
            picture = self._own(row, side)
        except UnreadableImage:
            return resized(in_colour(np.asarray(self.dataset.images[row])), max(_LEAST, side))
        return resized(np.asarray(picture.convert("RGB")), min(side, max(_LEAST, *picture.size)))

    def _own(self, row: int, side: int) -> Image.Image:
        """The person's own file, if it is still the one that was decoded.

        Raises:
            UnreadableImage: it is not there, or another one is.
        """
        if self.files is None:
            raise UnreadableImage("is no file")
        content = self.files.read(self.dataset.names[row])
        if content_hash(content) != self.dataset.contents[row]:
            raise UnreadableImage("is another one now")
        with quiet_pillow(), opened_image(content) as image:
            image.draft(None, (2 * side, 2 * side))  # a JPEG is decoded in small at once
            return seen(image)


def _files(source: str) -> Files | None:
    """Where a source's files are read; None for arrays, which have no more pixels than the cache."""
    path = Path(source).expanduser()
    try:
        if path.is_dir():
            return FolderFiles(path)  # without the listing, which takes minutes where there are millions
        if path.is_file() and path.suffix != ".npz":
            return open_source(source).files
    except (DataError, OSError):
        return None
    return None
