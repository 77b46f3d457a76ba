"""Builds a cache: reads and decodes all images of a source on all cores, once, whoever asks for it first."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cnnsearch.search.dataset.cache.cache import Cache, open_cache
from cnnsearch.search.dataset.cache.checking import CHECKED_AT_START, is_whole
from cnnsearch.search.dataset.cache.disk import check_room, told_as_data_error
from cnnsearch.search.dataset.cache.folders import folder_beside, put_in_place, remove_leftovers
from cnnsearch.search.dataset.cache.index import CacheIndex, Skipped
from cnnsearch.search.dataset.cache.label import Label
from cnnsearch.search.dataset.cache.lock import LOCK_SECONDS, held_lock
from cnnsearch.search.dataset.cache.naming import (
    INDEX_FILE,
    LABEL_FILE,
    PIXELS_FILE,
    THUMBNAILS_FILE,
    Form,
    Reading,
    content_hash,
    contents_name,
    files_name,
)
from cnnsearch.search.dataset.cache.pixel_files import PixelFile, sync
from cnnsearch.search.dataset.cache.rows import Row, all_cores, decoded_rows, readings
from cnnsearch.search.dataset.decoding.decode import THUMBNAIL_SIDE, Resize, Shape
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import Source
from cnnsearch.search.dataset.split.likeness import alike
from cnnsearch.search.dataset.split.spectra import Thumbnails

PROGRESS_STEPS = 200
"""How often progress is told, at most."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Job:
    """What is to be cached: the files of a source, in a form, under the first half of their name."""

    source: Source
    form: Form
    files: Path
    progress: Progress | None
    wanted: Callable[[], None]

    def built(self) -> list[Path]:
        """The caches that there are of these files, whatever was in them."""
        return [path for path in self.files.parent.glob(f"{self.files.name}-*") if path.is_dir()]

    def readings(self) -> Iterator[Reading]:
        """The hash of every file, as long as they are wanted."""
        for reading in readings(self.source):
            self.wanted()
            yield reading


def build_cache(
    source: Source,
    shape: Shape,
    root: Path,
    progress: Progress | None = None,
    lock_seconds: float = LOCK_SECONDS,
    *,
    resize: Resize = "stretch",
    wanted: Callable[[], None] = lambda: None,
) -> Cache:
    """The cache of a source's images at (height, width, channels) under `root`, built where it is absent or damaged.

    `progress` is told (images done, images in all), from this thread. Every file is read and hashed each time, so
    that a changed photo is never taken for the one in the cache. Where no cache of these files can be there, they are
    read once, hashed and decoded together.

    `wanted` is asked again and again while files are hashed, and while another process builds; it ends that by what it
    raises. Decoding it ends through `progress`.

    Raises:
        DataError: no image can be read, the disk is full or not writable, or another process builds for too long.
    """
    form = Form(shape, resize)
    job = _Job(source, form, root / files_name(source.images, form), progress, wanted)
    with told_as_data_error(root):
        cache = _found_or_built(job, lock_seconds)
    with suppress(OSError):  # in a read-only folder nobody is told when it was used
        os.utime(cache.folder / LABEL_FILE)
    if progress:
        progress(len(source.images), len(source.images))
    return cache


def _found_or_built(job: _Job, lock_seconds: float) -> Cache:
    """Whoever finds caches of these files hashes them all to know which one is meant, without holding the lock."""
    while True:
        folder = _named(job, contents_name(job.readings())) if job.built() else None
        cache = _whole(folder)
        if cache:
            return cache
        with held_lock(job.files, lock_seconds, wanted=job.wanted):
            if folder or not job.built():
                return _whole(folder) or _build(job)


def _named(job: _Job, contents: str) -> Path:
    return job.files.with_name(f"{job.files.name}-{contents}")


def _whole(folder: Path | None) -> Cache | None:
    """The cache in a folder; None where there is none, or a damaged one."""
    cache = open_cache(folder) if folder else None
    try:
        return cache if cache and is_whole(cache, CHECKED_AT_START) else None
    except OSError:  # a disk that does not give what is on it: as good as damaged
        return None


def _build(job: _Job) -> Cache:
    """Decode everything into a folder beside and rename it. The caller holds the lock, so what lies there is dead."""
    remove_leftovers(job.files)
    check_room(job.files.parent, len(job.source.images) * job.form.row_bytes)
    with folder_beside(job.files) as beside:
        with decoded_rows(job.source, job.form) as rows:
            done = list(_written(job, beside, rows))
        with all_cores() as pool:
            syncing = [pool.submit(sync, beside / name) for name in (PIXELS_FILE, THUMBNAILS_FILE)]
            _describe(job, beside, done)
            for written in syncing:
                written.result()
        folder = _named(job, contents_name(row.reading for row in done))
        put_in_place(beside, folder)
    cache = open_cache(folder, is_new=True)
    if cache is None:
        raise DataError(str(folder), "a cache just built must open, got a damaged one.", "Check this disk.")
    return cache


def _written(job: _Job, beside: Path, done: Iterable[Row]) -> Iterator[Row]:
    """Writes rows as they come; gives each without its pixels, so that no more than a few are in memory."""
    thumbnail = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    total, step = len(job.source.images), max(1, len(job.source.images) // PROGRESS_STEPS)
    with (
        PixelFile(beside / PIXELS_FILE, job.form.shape) as pixels,
        PixelFile(beside / THUMBNAILS_FILE, thumbnail) as thumbnails,
    ):
        for count, row in enumerate(done, 1):
            if row.decoded:
                pixels.append(row.decoded.pixels)
                thumbnails.append(row.decoded.thumbnail)
            if job.progress and count % step == 0 and count < total:
                job.progress(count, total)
            yield replace(row, decoded=None)


def _describe(job: _Job, beside: Path, done: Sequence[Row]) -> None:
    """Write index and label of the rows that were written.

    Raises:
        DataError: there are none.
    """
    kept = [row for row in done if not row.reason]
    skipped = tuple(Skipped(row.reading.image.path, row.reason) for row in done if row.reason)
    if not kept:
        raise _nothing_readable(job.source, skipped)
    index = _index(job, kept, skipped, np.load(beside / THUMBNAILS_FILE, mmap_mode="r"))
    index.write(beside / INDEX_FILE)
    written = content_hash((beside / INDEX_FILE).read_bytes())
    Label.of(job.source.name, len(kept), job.form, written).write(beside / LABEL_FILE)


def _index(job: _Job, kept: Sequence[Row], skipped: tuple[Skipped, ...], thumbnails: Thumbnails) -> CacheIndex:
    labels = {name: label for label, name in enumerate(job.source.classes)}
    images, contents = [row.reading.image for row in kept], tuple(row.reading.content for row in kept)
    return CacheIndex(
        classes=job.source.classes,
        shape=job.form.shape,
        names=tuple(image.path for image in images),
        labels=tuple(labels[image.class_name] for image in images),
        parts=tuple(image.part for image in images),
        contents=contents,
        groups=tuple(map(int, alike(thumbnails, contents))),
        checksums=tuple(row.checksum for row in kept),
        skipped=skipped,
    )


def _nothing_readable(source: Source, skipped: Sequence[Skipped]) -> DataError:
    first = skipped[0]
    return DataError(
        source.name,
        f"some images must be readable, got {len(skipped)} that are not; {first.name!r} {first.reason}.",
        "Check that the files are whole JPEG, PNG, GIF, BMP or WebP images.",
    )
