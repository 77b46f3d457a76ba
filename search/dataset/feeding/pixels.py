"""Gathers the rows of a batch from a cache's file: out of memory where they fit, else from the file itself.

The rows are images, or what a network makes of them. Either way there is one copy of them on a machine, in the
system's page cache, which all trials share and which the system takes back when memory is short. A copy in each process
would be neither.
"""

import math
import os
import weakref
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.split.split import Rows

Images = NDArray[Any]

HELD_BYTES = 1024**3
"""Images that are trained on are mapped into memory up to this size, and read from the file beyond it.

A map is the fastest, but every page of it that was touched counts as memory of the process. The bound is the same on
all machines: reading costs little where the file is in the page cache, so nothing is lost where memory is plenty.
"""


class Pixels(Protocol):
    """Where images come from."""

    def gather(self, rows: Rows, into: Images) -> None:
        """Copy the images of these rows, in this order, (rows, height, width, channels)."""

    def expect(self, rows: Rows) -> None:
        """Say which rows are gathered next; they are fetched from the disk meanwhile."""


def pixels_of(images: Images, count: int, held_bytes: int = HELD_BYTES, what: str = "image") -> Pixels:
    """How to gather `count` images out of all that a cache has, (n, height, width, channels).

    What they are is said where they are gone. Rows of any other shape and kind of numbers are gathered as well.
    """
    needed = count * _row_bytes(images)
    if needed > held_bytes and isinstance(images, np.memmap) and hasattr(os, "preadv"):
        return Streamed(images, what)
    return Held(images)


def _row_bytes(images: Images) -> int:
    return math.prod(images.shape[1:]) * images.itemsize


class Held:
    """Images in memory, or mapped into it."""

    def __init__(self, images: Images) -> None:
        self._images = np.asarray(images)

    def gather(self, rows: Rows, into: Images) -> None:
        """Copy these rows."""
        np.take(self._images, rows, axis=0, out=into, mode="clip")  # the mode spares numpy a buffer of its own

    def expect(self, rows: Rows) -> None:
        """Nothing needs to be done."""


class Streamed:
    """Images in a file that is too large to be held: each is read when it is asked for, and none stays mapped."""

    def __init__(self, images: "np.memmap[tuple[int, ...], np.dtype[Any]]", what: str = "image") -> None:
        self._path, self._offset, self._what = str(images.filename), images.offset, what
        self._size = _row_bytes(images)
        self._file = os.open(self._path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def gather(self, rows: Rows, into: Images) -> None:
        """Read these rows.

        Raises:
            DataError: the file ends too early.
        """
        for row, image in zip(rows.tolist(), into.reshape(len(rows), self._size // into.itemsize), strict=True):
            if os.preadv(self._file, [image.data], self._offset + row * self._size) != self._size:
                raise DataError(
                    self._path,
                    f"a prepared {self._what} cache must not change while it is used, got no {self._what} {row}.",
                    "Start again.",
                )

    def expect(self, rows: Rows) -> None:
        """Ask the system for these rows; it reads many at once, and needs no thread of ours for that."""
        if hasattr(os, "posix_fadvise"):
            for row in rows.tolist():
                os.posix_fadvise(self._file, self._offset + row * self._size, self._size, os.POSIX_FADV_WILLNEED)
