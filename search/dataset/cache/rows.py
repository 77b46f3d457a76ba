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

from cnnsearch.search.dataset.cache.naming import Form, Reading, content_hash
from cnnsearch.search.dataset.decoding.decode import Decoded, decode, quiet_pillow
from cnnsearch.search.dataset.errors import UnreadableImage
from cnnsearch.search.dataset.sources.layout import LabelledImage
from cnnsearch.search.dataset.sources.source import Source

BATCH_BYTES = 2 * 1024**2
"""Pixels to a task: few enough to keep memory small, enough to make the passing of tasks cheap."""
MOST_IN_BATCH = 32

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


def readings(pool: ThreadPoolExecutor, source: Source) -> Iterator[Reading]:
    """The hash of every file, in the order of the source."""
    yield from _in_order(pool, lambda image: _read(source, image)[0], source.images, MOST_IN_BATCH)


def rows(pool: ThreadPoolExecutor, source: Source, form: Form) -> Iterator[Row]:
    """Every file decoded, in the order of the source."""
    batch = max(1, min(MOST_IN_BATCH, BATCH_BYTES // form.row_bytes))
    yield from _in_order(pool, lambda image: _row(source, image, form), source.images, batch)


def _in_order(pool: ThreadPoolExecutor, work: Callable[[T], R], items: Sequence[T], batch: int) -> Iterator[R]:
    """The results of `work` in the items' order, with only a few batches on the way at a time."""
    waiting: deque[Future[list[R]]] = deque()
    for start in range(0, len(items), batch):
        waiting.append(pool.submit(lambda few: [work(item) for item in few], items[start : start + batch]))
        if len(waiting) > 2 * _cores():
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


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
