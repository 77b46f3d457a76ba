"""What a cache is called, and where it lies: names that any change of files, pixels or versions changes."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from math import prod
from pathlib import Path

import platformdirs

from cnnsearch.search.dataset.cache.index import INDEX_VERSION
from cnnsearch.search.dataset.decoding.decode import DECODER_VERSION, THUMBNAIL_SIDE, Resize, Shape
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import LabelledImage

CACHE_VARIABLE = "CNNSEARCH_CACHE"
PIXELS_FILE, THUMBNAILS_FILE, INDEX_FILE, LABEL_FILE = "images.npy", "thumbnails.npy", "index.json", "label.json"
FEATURES_FILE, CHECKSUMS_FILE = "features.npy", "checksums.npy"
IMAGE_FILES = frozenset((PIXELS_FILE, THUMBNAILS_FILE, INDEX_FILE, LABEL_FILE))
"""All that is ever in the folder of an image cache."""
FEATURE_FILES = frozenset((FEATURES_FILE, CHECKSUMS_FILE, LABEL_FILE))
"""All that is ever in the folder of a feature cache."""
CACHE_FILES = IMAGE_FILES | FEATURE_FILES
CACHE_NAME = re.compile(r"[0-9a-f]{20}-[0-9a-f]{20}|[0-9a-f]{32}")
"""The folder of a cache; the second form is that of the first version."""
LEFTOVER_NAME = re.compile(r"\.([0-9a-f]{20}|[0-9a-f]{32})-\w{8}")
"""The folder of a cache that is being built or deleted, or was when its process died; the group names its lock."""
LOCK_NAME = re.compile(r"([0-9a-f]{20}|[0-9a-f]{32})\.(lock|holder)")


@dataclass(frozen=True)
class Form:
    """How images are kept.

    Attributes:
        shape: (height, width, channels) of every one.
        resize: how they are brought to it.
    """

    shape: Shape
    resize: Resize = "stretch"

    @property
    def pixel_bytes(self) -> int:
        """The bytes of one image."""
        return prod(self.shape)

    @property
    def row_bytes(self) -> int:
        """The bytes of one image and its thumbnail."""
        return self.pixel_bytes + THUMBNAIL_SIDE**2


@dataclass(frozen=True)
class Reading:
    """What reading one image's file gave: the hash of its bytes in hex, or else the reason why it cannot be read."""

    image: LabelledImage
    content: str = ""
    reason: str = ""


def default_cache_folder() -> Path:
    """The folder that `CNNSEARCH_CACHE` names, else the user's cache folder; absolute.

    Raises:
        DataError: the variable begins with the `~` of a person who is not known here.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if not named:
        return platformdirs.user_cache_path("cnnsearch")
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError as error:
        rule = f"{CACHE_VARIABLE} names a folder, got {named!r}: {error}"
        raise DataError("environment", rule, "Give its whole path.") from error


def content_hash(content: bytes) -> str:
    """The blake2b hash of a file's bytes, in hex: equal for equal files, whatever their names."""
    return blake2b(content, digest_size=20).hexdigest()


def files_name(images: Iterable[LabelledImage], form: Form) -> str:
    """The first half of a cache's name, known before any file is read: these paths, classes, parts in this form."""
    head = f"{INDEX_VERSION} {DECODER_VERSION} {form.shape} {form.resize}"
    return hashed(head, ((image.path, image.class_name, image.part or "") for image in images))


def contents_name(readings: Iterable[Reading]) -> str:
    """The second half: the bytes of the files, in their order."""
    return hashed("", ((reading.content, reading.reason) for reading in readings))


def hashed(head: str, lines: Iterable[tuple[str, ...]]) -> str:
    """One half of a cache's name: no two different heads and lists of lines have the same."""
    digest = blake2b(f"{head}\0".encode(), digest_size=10)
    for line in lines:
        digest.update("\0".join((*line, "\n")).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
