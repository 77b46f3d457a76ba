"""An unnamed temporary file for what cannot be read in place, such as compressed tars: it is gone with its process."""

import os
import shutil
import tempfile
import weakref
from typing import IO

from cnnsearch.search.dataset.errors import DataError

SPARE_BYTES = 256 * 1024**2
"""What is left free on the disk."""
CHUNK_BYTES = 1024**2
_CHECK_BYTES = 64 * 1024**2


class Spool:
    """Bytes laid end to end in a file without a name. Threads and forks share one to read; one thread fills it."""

    def __init__(self, where: str) -> None:
        """`where` is the source that messages name."""
        self._where = where
        self._end = 0
        self._checked = -_CHECK_BYTES
        try:
            self.file: IO[bytes] = tempfile.TemporaryFile(prefix="cnnsearch-")  # noqa: SIM115 - lives as long as this
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error
        weakref.finalize(self, self.file.close)

    @property
    def end(self) -> int:
        """How many bytes it holds."""
        return self._end

    def append(self, content: bytes) -> None:
        """Lay these bytes behind those that are there.

        Raises:
            DataError: the disk for temporary files is full or cannot be written.
        """
        self._check_disk(len(content))
        try:
            self.file.seek(self._end)
            self.file.write(content)
            self.file.flush()
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error
        self._end += len(content)

    def copy(self, stream: IO[bytes], size: int | None = None) -> int:
        """Lay the next `size` bytes of a stream (None: all of them) behind those that are there; how many came."""
        start = self._end
        while size is None or self._end - start < size:
            most = CHUNK_BYTES if size is None else min(CHUNK_BYTES, size - (self._end - start))
            chunk = stream.read(most)
            if not chunk:
                break
            self.append(chunk)
        return self._end - start

    def read(self, offset: int, size: int) -> bytes:
        """The bytes that lie there."""
        return os.pread(self.file.fileno(), size, offset)

    def _check_disk(self, size: int) -> None:
        if self._end + size < self._checked + _CHECK_BYTES:
            return
        self._checked = self._end
        free = shutil.disk_usage(tempfile.gettempdir()).free
        if free < SPARE_BYTES + _CHECK_BYTES + size:
            raise self._unwritable(f"{free} bytes left")

    def _unwritable(self, reason: str) -> DataError:
        return DataError(
            self._where,
            f"{tempfile.gettempdir()} must have room for what is unpacked from it, got: {reason}.",
            "Free some space, let TMPDIR name a folder on a larger disk, or unpack the archive yourself.",
        )
