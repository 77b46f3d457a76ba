"""Builds a cache: reads and decodes all images of a source on all cores, once, whoever asks for it first."""

import math
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cnnsearch.search.dataset.cache.cache import (
    CACHE_VARIABLE,
    INDEX_FILE,
    PIXELS_FILE,
    Cache,
    Reading,
    cache_key,
    content_hash,
    open_cache,
)
from cnnsearch.search.dataset.cache.index import CacheIndex, Skipped
from cnnsearch.search.dataset.cache.lock import LOCK_SECONDS, held_lock
from cnnsearch.search.dataset.decoding.decode import Shape, decode_image, quiet_pillow
from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.dataset.sources.source import Source

BATCH = 16
"""Images to a task: few enough to keep memory small, enough to make the passing of tasks cheap."""

SPARE_BYTES = 64 * 1024**2
"""What a cache leaves free on its disk."""

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int, int], None]
Pixels = NDArray[np.uint8]


def build_cache(
    source: Source, shape: Shape, root: Path, progress: Progress | None = None, lock_seconds: float = LOCK_SECONDS
) -> Cache:
    """The cache of a source's images at (height, width, channels) under `root`, built where it is absent or damaged.

    `progress` is told (images done, images in all), from this thread. Every file is read and hashed each time, so
    that a changed photo is never taken for the one in the cache.

    Raises:
        DataError: no image can be read, the disk is full or not writable, or another process builds for too long.
    """
    with _cores() as pool:
        readings = list(_in_order(pool, lambda batch: [_read(source, image) for image in batch], source.images))
        folder = root / cache_key(readings, shape)
        cache = open_cache(folder)
        if cache is None:
            results = _in_order(pool, lambda batch: [_decode(source, reading, shape) for reading in batch], readings)
            with _told_as_data_error(root), held_lock(folder, lock_seconds):
                cache = open_cache(folder) or _build(_Job(source, shape, readings, progress), folder, results)
    if progress:
        progress(len(readings), len(readings))
    return cache


@contextmanager
def _cores() -> Iterator[ThreadPoolExecutor]:
    """A thread for each core: decoding and hashing release Python's lock."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with quiet_pillow():
        pool = ThreadPoolExecutor(cores, thread_name_prefix="decode")
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _in_order(pool: ThreadPoolExecutor, work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> Iterator[R]:
    """The results of `work` on batches of items, in the items' order, with only a few batches on the way at a time."""
    waiting: deque[Future[list[R]]] = deque()
    for start in range(0, len(items), BATCH):
        waiting.append(pool.submit(work, items[start : start + BATCH]))
        if len(waiting) > 4 * (os.cpu_count() or 1):
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _read(source: Source, image: LabelledImage) -> Reading:
    try:
        return Reading(image, content=content_hash(source.read(image)))
    except UnreadableImage as error:
        return Reading(image, reason=str(error))


def _decode(source: Source, reading: Reading, shape: Shape) -> Pixels | Skipped:
    """One image's pixels (height, width, channels), or why there are none.

    Raises:
        DataError: the file's bytes are not the ones that were hashed before.
    """
    name = reading.image.path
    if reading.reason:
        return Skipped(name, reading.reason)
    try:
        content = source.read(reading.image)
        if content_hash(content) != reading.content:
            raise DataError(name, "images must not change while they are read, got other bytes.", "Start again.")
        return decode_image(content, shape)
    except UnreadableImage as error:
        return Skipped(name, str(error))


@dataclass(frozen=True)
class _Job:
    """What is to be cached: these files of a source, at (height, width, channels)."""

    source: Source
    shape: Shape
    readings: Sequence[Reading]
    progress: Progress | None


def _build(job: _Job, folder: Path, results: Iterable[Pixels | Skipped]) -> Cache:
    """Decode everything into a folder beside and rename it. The caller holds the lock, so what lies there is dead."""
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(leftover)
    _check_disk(folder.parent, len(job.readings) * math.prod(job.shape))
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        kept, skipped = _write_pixels(job, beside / PIXELS_FILE, results)
        if not kept:
            raise _nothing_readable(job.source, skipped)
        _index(job, kept, skipped).write(beside / INDEX_FILE)
        _put_in_place(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    cache = open_cache(folder)
    if cache is None:
        raise DataError(str(folder), "a cache just built must open, got a damaged one.", "Check this disk.")
    return cache


def _write_pixels(job: _Job, path: Path, results: Iterable[Pixels | Skipped]) -> tuple[list[Reading], list[Skipped]]:
    """Append the pixels to a .npy file as they come: on a full disk a write fails cleanly, where a memory map dies."""
    kept: list[Reading] = []
    skipped: list[Skipped] = []
    with path.open("wb") as file:
        _write_header(file, 0, job.shape)
        for done, (reading, result) in enumerate(zip(job.readings, results, strict=True), 1):
            if isinstance(result, Skipped):
                skipped.append(result)
            else:
                file.write(result.data)
                kept.append(reading)
            if job.progress and done % BATCH == 0:
                job.progress(done, len(job.readings))
        file.seek(0)
        _write_header(file, len(kept), job.shape)
        file.flush()
        os.fsync(file.fileno())
    return kept, skipped


def _write_header(file: BinaryIO, count: int, shape: Shape) -> None:
    """The header of a .npy file; numpy pads it, so that it has the same length for every count."""
    npy.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)})


def _index(job: _Job, kept: Sequence[Reading], skipped: Sequence[Skipped]) -> CacheIndex:
    labels = {name: label for label, name in enumerate(job.source.classes)}
    return CacheIndex(
        classes=job.source.classes,
        shape=job.shape,
        names=tuple(reading.image.path for reading in kept),
        labels=tuple(labels[reading.image.class_name] for reading in kept),
        parts=tuple(reading.image.part for reading in kept),
        contents=tuple(reading.content for reading in kept),
        skipped=tuple(skipped),
    )


def _put_in_place(beside: Path, folder: Path) -> None:
    """Give the finished folder its name; a damaged one that has it goes first."""
    beside.chmod(0o755)
    if folder.exists():
        shutil.rmtree(folder)
    beside.rename(folder)


def _nothing_readable(source: Source, skipped: Sequence[Skipped]) -> DataError:
    first = skipped[0]
    return DataError(
        source.name,
        f"some images must be readable, got {len(skipped)} that are not; {first.name!r} {first.reason}.",
        "Check that the files are whole JPEG, PNG, GIF, BMP or WebP images.",
    )


def _check_disk(root: Path, needed: int) -> None:
    free = shutil.disk_usage(root).free
    if free < needed + SPARE_BYTES:
        raise DataError(
            str(root),
            f"the image cache needs {(needed + SPARE_BYTES) // 1024**2} MiB, got {free // 1024**2} MiB free.",
            f"Free some space, set {CACHE_VARIABLE} to a folder on another disk, or choose a smaller data.image_size.",
        )


@contextmanager
def _told_as_data_error(root: Path) -> Iterator[None]:
    """Says where and what to do when the cache's folder cannot be written."""
    try:
        yield
    except OSError as error:
        rule = f"the image cache must be writable, got: {error.strerror or error}."
        advice = f"Set {CACHE_VARIABLE} to a folder with room that you may write to."
        raise DataError(str(error.filename or root), rule, advice) from error
