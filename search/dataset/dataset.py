"""A prepared dataset: pixels, labels, parts, and the small reference by which another process opens it again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.cache.cache import Cache, open_cache
from cnnsearch.search.dataset.cache.index import CacheIndex, Skipped
from cnnsearch.search.dataset.decoding.decode import Resize, Shape
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import PARTS, TEST, TRAIN
from cnnsearch.search.dataset.split.share import share_of
from cnnsearch.search.dataset.split.split import Rows, Shares, split_rows


@dataclass(frozen=True)
class DatasetReference:
    """Names a prepared dataset; small, picklable, and good as long as its cache folder stays.

    Attributes:
        cache: the cache's folder.
        source: the source as the person gave it.
        shares: how the images without a given part are split.
        notes: what of the source was left aside and why.
        resize: how the images were brought to one size: `stretch`, `crop` or `pad`.
        excluded: the images that the person left out, by their paths.
        test: whether the test part is given out.
        share: of each class in the train part, what is given out of it.
    """

    cache: str
    source: str
    shares: Shares
    notes: tuple[str, ...] = ()
    resize: Resize = "stretch"
    excluded: tuple[str, ...] = ()
    test: bool = True
    share: float = 1.0

    def without_test(self) -> "DatasetReference":
        """The same dataset as a training may see it: its test part is given out to nobody."""
        return replace(self, test=False)

    def of_share(self, share: float) -> "DatasetReference":
        """The same images with this share of each class in the train part; what is in it stays in larger shares."""
        return replace(self, share=share)

    def of_fold(self, fold: int) -> "DatasetReference":
        """The same images with the fold of this number, from 0, for validation and the others for training.

        Raises:
            ValueError: there is no such fold.
        """
        return replace(self, shares=replace(self.shares, fold=fold))


@dataclass(frozen=True, eq=False)
class Dataset:
    """All readable images of a source at one size, with their split. Nothing in it changes.

    Attributes:
        classes: names; a label is a place here.
        images: (n, height, width, channels) uint8, read-only and memory mapped.
        labels: (n,) int32.
        names: (n,) paths relative to the source, sorted.
        skipped: the files that could not be read.
        contents: (n,) hashes of the files' bytes, in hex.
        fingerprint: the same for the same contents, labels and split, whatever the files' names and the image size.
    """

    classes: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int32]
    names: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    contents: tuple[str, ...]
    fingerprint: str
    _parts: Mapping[str, Rows]
    _reference: DatasetReference

    @property
    def shape(self) -> Shape:
        """(height, width, channels) of every image."""
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    @property
    def source(self) -> str:
        """The source as the person gave it."""
        return self._reference.source

    @property
    def resize(self) -> Resize:
        """How the images were brought to one size."""
        return self._reference.resize

    @property
    def folds(self) -> int | None:
        """In how many folds what is not tested is cut; None for one split."""
        return self._reference.shares.folds

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the source was left aside and why, in one line each."""
        return self._reference.notes

    def rows(self, part: str) -> Rows:
        """The row numbers of `train`, `validation` or `test`, ascending; those of test may be none.

        Raises:
            ValueError: there is no such part, or it is that of test in a dataset opened without it.
        """
        if part == TEST and not self._reference.test:
            raise ValueError("the test part is for the last evaluation alone, got asked for it during training")
        if part not in self._parts:
            raise ValueError(f"the parts of a dataset are {', '.join(PARTS)}, got {part!r}")
        return self._shared if part == TRAIN else self._parts[part]

    def whole(self, part: str) -> Rows:
        """The row numbers of a part, ascending, whatever share of it `rows` gives out."""
        self.rows(part)
        return self._parts[part]

    @cached_property
    def _shared(self) -> Rows:
        rows, share = self._parts[TRAIN], self._reference.share
        if share < 1:
            rows = share_of(rows, self.labels, self.contents, share, self._reference.shares.seed)
            rows.flags.writeable = False
        return rows

    def counts(self) -> dict[str, dict[str, int]]:
        """The number of images of each class in each part, such as `{"cat": {"train": 70, ...}}`."""
        by_part = {part: np.bincount(self.labels[self.rows(part)], minlength=len(self.classes)) for part in PARTS}
        return {name: {part: int(by_part[part][label]) for part in PARTS} for label, name in enumerate(self.classes)}

    @property
    def stamp(self) -> str:
        """What a trial and a model say they were trained on: the fingerprint, the images' shape, how they got it.

        Such as `0f3a...-64x64x3-stretch`.
        """
        return f"{self.fingerprint}-{'x'.join(map(str, self.shape))}-{self.resize}"

    def summary(self) -> dict[str, Any]:
        """All there is to know but the pixels, as JSON values: the contents of a run's dataset.json.

        `files` has the hash of every image by part, class and path; with folds the parts are those of the first one.
        """
        shares = self._reference.shares
        return {
            "source": self.source,
            "images": len(self.names),
            "image_shape": list(self.shape),
            "resize": self.resize,
            "classes": list(self.classes),
            "counts": self.counts(),
            "split": {"validation": shares.validation, "test": shares.test, "seed": shares.seed},
            "folds": shares.folds,
            "fingerprint": self.fingerprint,
            "skipped": [{"name": file.name, "reason": file.reason} for file in self.skipped],
            "excluded": list(self._reference.excluded),
            "notes": list(self.notes),
            "files": {part: self._files(part) for part in PARTS},
        }

    def _files(self, part: str) -> dict[str, dict[str, str]]:
        files: dict[str, dict[str, str]] = {name: {} for name in self.classes}
        for row in self.rows(part).tolist():
            files[self.classes[int(self.labels[row])]][self.names[row]] = self.contents[row]
        return files

    def reference(self) -> DatasetReference:
        """What another process needs to open this dataset: see `open_dataset`."""
        return self._reference


def open_dataset(reference: DatasetReference) -> Dataset:
    """Open a prepared dataset again, in milliseconds and without its source.

    Raises:
        DataError: its cache is gone or damaged.
    """
    cache = open_cache(Path(reference.cache))
    if cache is None:
        raise DataError(
            reference.cache,
            "a prepared image cache must stay while it is used, got none or a damaged one.",
            "Start again.",
        )
    return dataset_of(cache, reference)


def dataset_of(cache: Cache, reference: DatasetReference) -> Dataset:
    """The dataset that an open cache and its reference describe.

    Raises:
        DataError: the images cannot be split so.
    """
    index = cache.index
    groups = np.array(index.groups, dtype=np.int64)
    parts = split_rows(index.classes, index.labels, index.contents, index.parts, reference.shares, groups)
    labels = np.array(index.labels, dtype=np.int32)
    labels.flags.writeable = False
    for rows in parts.values():
        rows.flags.writeable = False
    return Dataset(
        classes=index.classes,
        images=cache.images,
        labels=labels,
        names=index.names,
        skipped=index.skipped,
        contents=index.contents,
        fingerprint=_fingerprint(index, parts, reference.shares.folds),
        _parts=parts,
        _reference=reference,
    )


def _fingerprint(index: CacheIndex, parts: Mapping[str, Rows], folds: int | None) -> str:
    lines = sorted(
        f"{index.contents[row]} {part} {index.classes[index.labels[row]]}"
        for part, rows in parts.items()
        for row in rows
    )
    if folds is not None:  # another number of folds, and a trial's score means something else
        lines.append(f"folds {folds}")
    return blake2b("\0".join(lines).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
