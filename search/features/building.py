"""Builds the feature cache of one view: computed once, by whoever holds its lock, beside its place and then renamed."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np

from cnnsearch.search.dataset.cache.folders import folder_beside, put_in_place, remove_leftovers
from cnnsearch.search.dataset.cache.naming import CHECKSUMS_FILE, FEATURES_FILE, LABEL_FILE, content_hash, hashed
from cnnsearch.search.dataset.cache.pixel_files import PixelFile, sync
from cnnsearch.search.dataset.cache.rows import row_checksum
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.decoding.decode import DECODER_VERSION
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.split.split import Rows
from cnnsearch.search.features.computing import computed
from cnnsearch.search.features.features import Frozen, Precision, Viewed
from cnnsearch.search.features.kept import Kept, open_kept
from cnnsearch.search.features.label import FEATURES_VERSION, FeatureLabel


@dataclass(frozen=True, eq=False)
class Job:
    """The features of some images in one view.

    Attributes:
        rows: of the dataset, one for each content, in the order of the contents.
        root: the folder of caches.
        batch: how many images the view is given at once.
    """

    frozen: Frozen
    view: Viewed
    dataset: Dataset
    rows: Rows
    precision: Precision
    root: Path
    batch: int

    @property
    def bytes(self) -> int:
        """What they take on the disk."""
        return len(self.rows) * prod(self.frozen.shape) * np.dtype(self.precision).itemsize

    @cached_property
    def files(self) -> Path:
        """The first half of the cache's path: all that makes features, but for the contents of the images."""
        kept = f"{self.frozen.shape} {self.precision} {self.dataset.shape} {self.dataset.resize}"
        head = f"features {FEATURES_VERSION} {DECODER_VERSION} {kept}"
        return self.root / hashed(head, [(self.frozen.identity, self.view.name)])

    @cached_property
    def folder(self) -> Path:
        """The cache's path."""
        contents = hashed("", ((self.dataset.contents[row],) for row in self.rows.tolist()))
        return self.files.with_name(f"{self.files.name}-{contents}")

    def headway(self) -> list[tuple[str, int]]:
        """What changes while another process computes features of this network in this view."""
        found = []
        for path in self.files.parent.glob(f".{self.files.name}-*/{FEATURES_FILE}"):
            with suppress(FileNotFoundError):
                found.append((path.parent.name, path.stat().st_size))
        return sorted(found)


def build(job: Job, progress: Callable[[int], None]) -> Kept:
    """Compute the features and open their cache; `progress` is told how many images are done.

    The caller holds the lock, so what another process left here is dead.

    Raises:
        DataError: they do not fit into their precision, or the disk does not keep what was written.
        OSError: the disk refuses.
    """
    remove_leftovers(job.files)
    with folder_beside(job.files) as beside:
        np.save(beside / CHECKSUMS_FILE, np.array(_write(job, beside / FEATURES_FILE, progress), np.uint32))
        _label(job, content_hash((beside / CHECKSUMS_FILE).read_bytes())).write(beside / LABEL_FILE)
        sync(beside / FEATURES_FILE)
        put_in_place(beside, job.folder)
    kept = open_kept(job.folder)
    if kept is None:
        raise DataError(str(job.folder), "a cache just built must open, got a damaged one.", "Check this disk.")
    return kept


def _write(job: Job, path: Path, progress: Callable[[int], None]) -> list[int]:
    """Write the features as they are computed; the checksum of each row."""
    checksums: list[int] = []
    with PixelFile(path, job.frozen.shape, job.precision) as file:
        for features in computed(job.frozen, job.view, job.dataset.images, job.rows, job.precision, job.batch):
            file.extend(features)
            checksums += [row_checksum(row.data) for row in features.reshape(len(features), -1)]
            progress(len(checksums))
    return checksums


def _label(job: Job, checksums_hash: str) -> FeatureLabel:
    return FeatureLabel(
        source=job.dataset.source,
        network=job.frozen.title,
        view=job.view.name,
        images=len(job.rows),
        shape=job.frozen.shape,
        precision=job.precision,
        checksums_hash=checksums_hash,
    )
