"""Is a cache still what was written? Reads its files in blocks, never through a memory map, and compares checksums."""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from numpy.typing import NDArray

from cnnsearch.search.dataset.cache.rows import row_checksum

BLOCK_BYTES = 4 * 1024**2
CHECKED_AT_START = 2 * 1024**3
"""Bytes that a run checks before it begins, about a second's worth; of a larger cache it checks a sample of blocks."""


class Checksummed(Protocol):
    """A cache whose rows have checksums."""

    @property
    def files(self) -> Mapping[Path, NDArray[Any]]:
        """The memory map of each file whose rows are checked, all of as many rows, in the order of the checksum."""

    @property
    def checksums(self) -> Sequence[int]:
        """The checksum of each row."""


def is_whole(cache: Checksummed, most: int | None = None) -> bool:
    """Whether every row has its checksum; of more than `most` bytes a sample of that size is looked at.

    Raises:
        OSError: the disk fails to give what is on it.
    """
    return next(damaged_rows(cache, most), None) is None


def damaged_rows(cache: Checksummed, most: int | None = None) -> Iterator[int]:
    """The numbers of the rows that have another checksum than when they were written.

    Raises:
        OSError: the disk fails to give what is on it.
    """
    checksums = cache.checksums
    with ExitStack() as stack:
        files = [(stack.enter_context(path.open("rb")), mapped) for path, mapped in cache.files.items()]
        for rows in _blocks(cache, most):
            pieces = zip(*(_rows_of(file, mapped, rows) for file, mapped in files), strict=True)
            yield from (row for row, piece in zip(rows, pieces, strict=True) if row_checksum(*piece) != checksums[row])


def _blocks(cache: Checksummed, most: int | None) -> list[range]:
    """Ranges of rows of about 4 MiB; where they are too many, as many as may be, drawn anew each time."""
    count, size = len(cache.checksums), sum(mapped.nbytes for mapped in cache.files.values())
    step = max(1, BLOCK_BYTES // max(1, size // max(1, count)))
    blocks = [range(start, min(start + step, count)) for start in range(0, count, step)]
    if most is None or size <= most:
        return blocks
    return sorted(random.sample(blocks, max(1, min(len(blocks), most // BLOCK_BYTES))), key=lambda block: block.start)


def _rows_of(file: BinaryIO, mapped: NDArray[Any], rows: range) -> Iterator[memoryview]:
    size = mapped.nbytes // len(mapped)
    file.seek(rows.start * size - mapped.nbytes, os.SEEK_END)
    block = memoryview(file.read(len(rows) * size))
    return (block[start : start + size] for start in range(0, len(rows) * size, size))
