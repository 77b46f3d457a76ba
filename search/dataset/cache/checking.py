"""Is a cache still what was written? Reads its files in blocks, never through a memory map, and compares checksums."""

import random
from collections.abc import Iterator
from typing import BinaryIO

from cnnsearch.search.dataset.cache.cache import Cache, Pixels
from cnnsearch.search.dataset.cache.naming import PIXELS_FILE, THUMBNAILS_FILE
from cnnsearch.search.dataset.cache.rows import row_checksum

BLOCK_BYTES = 4 * 1024**2
CHECKED_AT_START = 2 * 1024**3
"""Bytes that a run checks before it begins, about a second's worth; of a larger cache it checks a sample of blocks."""


def is_whole(cache: Cache, most: int | None = None) -> bool:
    """Whether every row has its checksum; of more than `most` bytes a sample of that size is looked at.

    Raises:
        OSError: the disk fails to give what is on it.
    """
    return next(damaged_rows(cache, most), None) is None


def damaged_rows(cache: Cache, most: int | None = None) -> Iterator[int]:
    """The numbers of the rows that have another checksum than when they were written.

    Raises:
        OSError: the disk fails to give what is on it.
    """
    with (cache.folder / PIXELS_FILE).open("rb") as pixels, (cache.folder / THUMBNAILS_FILE).open("rb") as thumbnails:
        for rows in _blocks(cache, most):
            of_pixels = _rows_of(pixels, cache.images, rows)
            of_thumbnails = _rows_of(thumbnails, cache.thumbnails, rows)
            for row, image, thumbnail in zip(rows, of_pixels, of_thumbnails, strict=True):
                if row_checksum(image, thumbnail) != cache.index.checksums[row]:
                    yield row


def _blocks(cache: Cache, most: int | None) -> list[range]:
    """Ranges of rows of about 4 MiB; where they are too many, as many as may be, drawn anew each time."""
    count = len(cache.images)
    step = max(1, BLOCK_BYTES // (cache.bytes // count))
    blocks = [range(start, min(start + step, count)) for start in range(0, count, step)]
    if most is None or cache.bytes <= most:
        return blocks
    return sorted(random.sample(blocks, max(1, min(len(blocks), most // BLOCK_BYTES))), key=lambda block: block.start)


def _rows_of(file: BinaryIO, mapped: Pixels, rows: range) -> Iterator[memoryview]:
    size = mapped.nbytes // len(mapped)
    file.seek(mapped.offset + rows.start * size)
    block = memoryview(file.read(len(rows) * size))
    return (block[start : start + size] for start in range(0, len(rows) * size, size))
