"""A feature cache: what one network makes of some images in one view, as rows that all processes map into memory.

It is a folder beside those of image caches, with the same rules of name, lock, building and deleting: the features in
`features.npy`, a checksum of each row in `checksums.npy`, and `label.json`. Which images its rows are is in its name
alone, and in their order: that of the hashes of their contents.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.cache.cache import mapped, opened
from cnnsearch.search.dataset.cache.checking import is_whole
from cnnsearch.search.dataset.cache.naming import CHECKSUMS_FILE, FEATURE_FILES, FEATURES_FILE, LABEL_FILE, content_hash
from cnnsearch.search.dataset.cache.stored import Kind
from cnnsearch.search.features.label import FeatureLabel

CHECKED_AT_START = 64 * 1024**2
"""Bytes that whoever opens a cache checks, some hundredths of a second's worth: each trial opens it in its process."""


@dataclass(frozen=True, eq=False)
class Kept:
    """An open feature cache; as long as `features` is there, nobody deletes its folder.

    Attributes:
        folder: where it lies.
        features: (images, *shape), read-only and memory mapped.
        checksums: CRC-32 of each row.
    """

    folder: Path
    features: NDArray[Any]
    checksums: tuple[int, ...]

    @property
    def files(self) -> Mapping[Path, NDArray[Any]]:
        """The file whose rows have checksums, and its memory map."""
        return {self.folder / FEATURES_FILE: self.features}


def open_kept(folder: Path) -> Kept | None:
    """The feature cache in a folder; None where there is none, one of another version, or a plainly damaged one."""
    return opened(folder, _read, lambda kept: kept.features)


def whole(folder: Path) -> Kept | None:
    """The same, also None where a sample of its rows is damaged."""
    kept = open_kept(folder)
    try:
        return kept if kept and is_whole(kept, CHECKED_AT_START) else None
    except OSError:  # a disk that does not give what is on it: as good as damaged
        return None


def _read(folder: Path) -> Kept:
    label = FeatureLabel.read(folder / LABEL_FILE)
    if content_hash((folder / CHECKSUMS_FILE).read_bytes()) != label.checksums_hash:
        raise ValueError(f"{folder}: the checksums are not those that were written")
    checksums = np.load(folder / CHECKSUMS_FILE, allow_pickle=False)
    features = mapped(folder / FEATURES_FILE, (label.images, *label.shape), label.precision)
    return Kept(folder, features, tuple(checksums.tolist()))


def _opens(folder: Path, check: bool) -> bool:
    kept = open_kept(folder)
    return kept is not None and (not check or is_whole(kept))


FEATURES = Kind(FEATURE_FILES, FeatureLabel.read, _opens)
