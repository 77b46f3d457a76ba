"""The cache: every readable image decoded once, as rows of uint8 that all processes map into their memory.

A cache is a folder named for what is in it, `<root>/<key>/` with `images.npy` and `index.json`. It is complete or
absent: it is built under another name by whoever holds its lock, and renamed when it is whole.
"""

import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from cnnsearch.search.dataset.cache.index import INDEX_VERSION, CacheIndex
from cnnsearch.search.dataset.decoding.decode import DECODER_VERSION, Shape
from cnnsearch.search.dataset.sources.layout import LabelledImage

CACHE_VARIABLE = "CNNSEARCH_CACHE"
PIXELS_FILE, INDEX_FILE = "images.npy", "index.json"


@dataclass(frozen=True)
class Reading:
    """What reading one image's file gave: the hash of its bytes in hex, or else the reason why it cannot be read."""

    image: LabelledImage
    content: str = ""
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Cache:
    """An open cache: images (n, height, width, channels) uint8, read-only and memory mapped, and what they are."""

    folder: Path
    index: CacheIndex
    images: NDArray[np.uint8]


def default_cache_folder() -> Path:
    """The folder that `CNNSEARCH_CACHE` names, else the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser() if named else platformdirs.user_cache_path("cnnsearch")


def content_hash(content: bytes) -> str:
    """The blake2b hash of a file's bytes, in hex: equal for equal files, whatever their names."""
    return blake2b(content, digest_size=20).hexdigest()


def cache_key(readings: list[Reading], shape: Shape) -> str:
    """A folder name for these files at this shape: any change of bytes, names, classes or parts changes it."""
    digest = blake2b(digest_size=16)
    digest.update(f"{INDEX_VERSION} {DECODER_VERSION} {shape}\0".encode())
    for reading in readings:
        image = reading.image
        line = "\0".join((image.path, image.class_name, image.part or "", reading.content, reading.reason, "\n"))
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def open_cache(folder: Path) -> Cache | None:
    """The cache in a folder; None where there is none, or a damaged one."""
    try:
        index = CacheIndex.read(folder / INDEX_FILE)
        images = np.load(folder / PIXELS_FILE, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if images.shape != (len(index.names), *index.shape) or images.dtype != np.uint8:
        return None
    # numpy maps a file that is too long as well; a map that is too short it refuses
    if (folder / PIXELS_FILE).stat().st_size != images.offset + images.nbytes:
        return None
    return Cache(folder, index, images)
