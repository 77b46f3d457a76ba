"""The large files of a cache as they are written: row after row, so that a full disk is an error and not a crash."""

import os
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray


class PixelFile:
    """A .npy file that grows: a memory map over a full disk would end the process, a write only fails."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: DTypeLike = np.uint8) -> None:
        self._file, self._shape, self._count = path.open("wb"), shape, 0
        self._dtype = np.dtype(dtype)
        self._write_header()

    def __enter__(self) -> "PixelFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._finish()

    def append(self, pixels: NDArray[Any]) -> None:
        """Write one row of the file's shape."""
        self.extend(pixels[None])

    def extend(self, pixels: NDArray[Any]) -> None:
        """Write rows, (rows, *shape), of the file's own kind of numbers.

        Raises:
            ValueError: they have another form.
        """
        if pixels.dtype != self._dtype or pixels.shape[1:] != self._shape:
            raise ValueError(f"rows are {self._shape} {self._dtype}, got {pixels.shape[1:]} {pixels.dtype}")
        self._file.write(pixels.data)
        self._count += len(pixels)

    def _finish(self) -> None:
        self._file.seek(0)
        self._write_header()

    def _write_header(self) -> None:
        """Numpy pads it, so that it has the same length for every count."""
        shape = (self._count, *self._shape)
        npy.write_array_header_1_0(self._file, {"descr": self._dtype.str, "fortran_order": False, "shape": shape})


def sync(path: Path) -> None:
    """Wait until a file is on the disk, which a power cut then leaves whole.

    Raises:
        OSError: the disk does not take it.
    """
    with path.open("rb+") as file:
        os.fsync(file.fileno())
