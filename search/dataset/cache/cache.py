"""The cache: every readable image decoded once, as rows of uint8 that all processes map into their memory.

A cache is a folder named for what is in it, `<root>/<files>-<contents>/`, with the pixels in `images.npy`, small grey
copies in `thumbnails.npy`, what they are in `index.json`, and `label.json`, which says in short what all this is. It is
complete or absent: it is built under another name by whoever holds its lock, and renamed when it is whole.
"""

import errno
import os
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from cnnsearch.search.dataset.cache.index import CacheIndex
from cnnsearch.search.dataset.cache.label import Label
from cnnsearch.search.dataset.cache.lock import hold_open
from cnnsearch.search.dataset.cache.naming import (
    CACHE_VARIABLE,
    INDEX_FILE,
    LABEL_FILE,
    PIXELS_FILE,
    THUMBNAILS_FILE,
    content_hash,
    default_cache_folder,
)
from cnnsearch.search.dataset.decoding.decode import THUMBNAIL_SIDE

__all__ = ["CACHE_VARIABLE", "Cache", "default_cache_folder", "open_cache"]

Pixels = NDArray[np.uint8]
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Cache:
    """An open cache; as long as `images` is there, nobody deletes its folder.

    Attributes:
        folder: where it lies.
        index: what the rows are.
        images: (n, height, width, channels) uint8, read-only and memory mapped.
        thumbnails: (n, 32, 32) uint8, in grey, read-only and memory mapped.
        is_new: whether it was built just now.
    """

    folder: Path
    index: CacheIndex
    images: Pixels
    thumbnails: Pixels
    is_new: bool = False

    @property
    def files(self) -> Mapping[Path, NDArray[Any]]:
        """The files whose rows have checksums, and their memory maps."""
        return {self.folder / PIXELS_FILE: self.images, self.folder / THUMBNAILS_FILE: self.thumbnails}

    @property
    def checksums(self) -> Sequence[int]:
        """The checksum of each row."""
        return self.index.checksums

    @property
    def bytes(self) -> int:
        """What it takes on the disk, but for its index."""
        return self.images.nbytes + self.thumbnails.nbytes


def open_cache(folder: Path, *, is_new: bool = False) -> Cache | None:
    """The cache in a folder; None where there is none, one of another version, or one that is plainly damaged."""
    cache = opened(folder, _read, lambda cache: cache.images)
    return replace(cache, is_new=is_new) if cache else None


def opened(folder: Path, read: Callable[[Path], T], lasting: Callable[[T], object]) -> T | None:
    """What `read` makes of the cache in a folder, which nobody deletes as long as `lasting` of it is there.

    None where there is no cache, and where `read` raises OSError, ValueError or EOFError for a damaged one.

    Raises:
        OSError: memory has no room for its maps, which says nothing of the cache.
    """
    try:
        held = hold_open(folder / LABEL_FILE)
    except OSError:
        return None
    try:
        cache = read(folder)
    except (OSError, ValueError, EOFError) as error:
        os.close(held)
        if isinstance(error, OSError) and error.errno == errno.ENOMEM:
            raise
        return None
    weakref.finalize(lasting(cache), os.close, held)
    return cache


def _read(folder: Path) -> Cache:
    label = Label.read(folder / LABEL_FILE)
    content = (folder / INDEX_FILE).read_bytes()
    if content_hash(content) != label.index_hash:
        raise ValueError(f"{folder}: the index is not the one that was written")
    index = CacheIndex.from_bytes(content)
    images = mapped(folder / PIXELS_FILE, (len(index.names), *index.shape))
    thumbnails = mapped(folder / THUMBNAILS_FILE, (len(images), THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Cache(folder, index, images, thumbnails)


def mapped(path: Path, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> NDArray[Any]:
    """A .npy file of a cache, read-only and memory mapped.

    Raises:
        ValueError: it has another form or length.
        OSError: it cannot be read.
    """
    array: np.memmap[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
        raise ValueError(f"{path}: the rows have another form")
    # numpy maps a file that is too long as well; a map that is too short it refuses
    if path.stat().st_size != array.offset + array.nbytes:
        raise ValueError(f"{path}: the file has another length")
    return array
