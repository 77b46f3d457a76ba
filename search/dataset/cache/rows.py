"""From files to rows: each file is read once, and what was read is hashed, decoded and checksummed on all cores."""

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

import numpy as np

from cnnsearch.search.dataset.cache.forks import WorkerDied, forked, may_fork
from cnnsearch.search.dataset.cache.naming import Form, Reading, content_hash
from cnnsearch.search.dataset.decoding.decode import THUMBNAIL_SIDE, Decoded, decode, quiet_pillow
from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.dataset.sources.source import Source

BATCH_BYTES = 2 * 1024**2
"""Pixels to a task: few enough to keep memory small, enough to make the passing of tasks cheap."""
MOST_IN_BATCH = 32
LEAST_TO_FORK = 128
"""Images to each process that pay for its start."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class Row:
    """What became of one image's file.

    Attributes:
        reading: its hash, or why it cannot be read.
        decoded: its pixels and thumbnail; None where there are none.
        checksum: CRC-32 of pixels and thumbnail.
        reason: why there are none.
    """

    reading: Reading
    decoded: Decoded | None
    checksum: int = 0
    reason: str = ""


@contextmanager
def all_cores() -> Iterator[ThreadPoolExecutor]:
    """A thread for each core: decoding and hashing release Python's lock."""
    with quiet_pillow():
        pool = ThreadPoolExecutor(_cores(), thread_name_prefix="decode")
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def readings(source: Source) -> Iterator[Reading]:
    """The hash of every file, in the order of the source."""
    with all_cores() as pool:
        yield from _in_order(pool, lambda image: _read(source, image)[0], source.images, MOST_IN_BATCH)


@contextmanager
def decoded_rows(source: Source, form: Form) -> Iterator[Iterator[Row]]:
    """Every file decoded, in the order of the source; the pixels of a row may change when the next is asked for.

    In processes where they pay and this one can be forked, else in threads.

    Raises:
        DataError: by asking for a row, where a process was killed.
    """
    batch = max(1, min(MOST_IN_BATCH, BATCH_BYTES // form.row_bytes))
    processes = min(_cores(), len(source.images) // LEAST_TO_FORK)
    if processes > 1 and may_fork():
        with _rows_of_processes(source, form, batch, processes) as rows:
            yield rows
    else:
        with all_cores() as pool:
            yield _in_order(pool, lambda image: _row(source, image, form), source.images, batch)


def _in_order(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Sequence[T], batch: int) -> Iterator[R]:
    """The results of `work` in the items' order, with only a few batches on the way at a time."""
    waiting: deque[Future[list[R]]] = deque()
    for few in _batches(items, batch):
        waiting.append(pool.submit(lambda few: [work(item) for item in few], few))
        if len(waiting) > 2 * _cores():
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _batches(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


@contextmanager
def _rows_of_processes(source: Source, form: Form, batch: int, processes: int) -> Iterator[Iterator[Row]]:
    batches = _batches(source.images, batch)

    def work(images: Sequence[LabelledImage], slot: memoryview) -> list[_Outcome]:
        places = _places(slot, form)
        return [_put(_row(source, image, form), place) for image, place in zip(images, places, strict=False)]

    with quiet_pillow(), forked(work, batches, batch * form.row_bytes, processes) as results:
        yield _joined(source, form, batches, results)


_Outcome = tuple[str, str, int]
"""Hash of a file that was read, reason why it has no pixels, checksum: what a process tells of an image."""


def _places(slot: memoryview, form: Form) -> Iterator[Decoded]:
    """Where the images of a batch lie in a slot: first the pixels of all, then their thumbnails."""
    count, whole = len(slot) // form.row_bytes, np.frombuffer(slot, np.uint8)
    pixels = whole[: count * form.pixel_bytes].reshape(count, *form.shape)
    thumbnails = whole[count * form.pixel_bytes :].reshape(count, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return map(Decoded, pixels, thumbnails)


def _put(row: Row, place: Decoded) -> _Outcome:
    if row.decoded:
        place.pixels[:] = row.decoded.pixels
        place.thumbnail[:] = row.decoded.thumbnail
    return row.reading.content, row.reason, row.checksum


def _joined(
    source: Source,
    form: Form,
    batches: Sequence[Sequence[LabelledImage]],
    results: Iterator[tuple[list[_Outcome], memoryview]],
) -> Iterator[Row]:
    """The rows that processes told of and laid into slots."""
    try:
        for images, (outcomes, slot) in zip(batches, results, strict=True):
            for image, outcome, place in zip(images, outcomes, _places(slot, form), strict=False):
                content, reason, checksum = outcome
                reading = Reading(image, content, "" if content else reason)
                yield Row(reading, None if reason else place, checksum, reason)
    except WorkerDied as died:
        raise _killed(source, died.ending, () if died.batch is None else batches[died.batch]) from None


def _killed(source: Source, ending: str, images: Sequence[LabelledImage]) -> DataError:
    at = f" while it was between {images[0].path!r} and {images[-1].path!r}" if images else ""
    return DataError(
        source.name,
        f"the processes that decode its images must live to the end, got {ending} for one{at}.",
        "Systems kill for want of memory: free some and start again. Where it happens again, leave these images out "
        "(data.exclude).",
    )


def _read(source: Source, image: LabelledImage) -> tuple[Reading, bytes]:
    try:
        content = source.read(image)
    except UnreadableImage as error:
        return Reading(image, reason=str(error)), b""
    return Reading(image, content_hash(content)), content


def _row(source: Source, image: LabelledImage, form: Form) -> Row:
    """What is hashed is what is decoded: a file that changes meanwhile is one or the other, never a mixture."""
    reading, content = _read(source, image)
    if reading.reason:
        return Row(reading, None, reason=reading.reason)
    try:
        decoded = decode(content, form.shape, form.resize)
    except UnreadableImage as error:
        return Row(reading, None, reason=str(error))
    return Row(reading, decoded, row_checksum(decoded.pixels.data, decoded.thumbnail.data))


def row_checksum(*pieces: bytes | memoryview) -> int:
    """CRC-32 over a row's pixels and thumbnail: some gigabytes a second, and no single flipped bit escapes it."""
    return reduce(lambda checksum, piece: zlib.crc32(piece, checksum), pieces, 0)
