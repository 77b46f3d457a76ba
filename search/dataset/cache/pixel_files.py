"""The pixel files of a cache as they are written: row after row, so that a full disk is an error and not a crash."""

import os
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


class PixelFile:
    """A .npy file of uint8 that grows: a memory map over a full disk would end the process, a write only fails."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self._file, self._shape, self._count = path.open("wb"), shape, 0
        self._write_header()

    def __enter__(self) -> "PixelFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._finish()

    def append(self, pixels: NDArray[np.uint8]) -> None:
        """Write one row of the file's shape."""
        self._file.write(pixels.data)
        self._count += 1

    def _finish(self) -> None:
        self._file.seek(0)
        self._write_header()
        self._file.flush()
        os.fsync(self._file.fileno())

    def _write_header(self) -> None:
        """Numpy pads it, so that it has the same length for every count."""
        shape = (self._count, *self._shape)
        npy.write_array_header_1_0(self._file, {"descr": "|u1", "fortran_order": False, "shape": shape})
