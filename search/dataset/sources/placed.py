"""An open file whose reading place is the reader's own: forked processes share a descriptor, and its place with it."""

import io
import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class PlacedFile(io.RawIOBase):
    """Reads an open file without moving its place."""

    def __init__(self, file: IO[bytes], *, owned: bool) -> None:
        """`file` is closed with this one where it is `owned`, and stays open as long as this one in any case."""
        self._file, self._owned, self._place = file, owned, 0

    def fileno(self) -> int:
        """The file's own descriptor."""
        return self._file.fileno()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer with what comes next; how many bytes came."""
        count = os.preadv(self.fileno(), [buffer], self._place)
        self._place += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the beginning, from here or from the end; where that is."""
        starts = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: os.fstat(self.fileno()).st_size}
        place = starts[whence] + offset
        if place < 0:
            raise ValueError(f"a place in a file is no less than 0, got {place}")
        self._place = place
        return place

    def tell(self) -> int:
        """Bytes from the beginning."""
        return self._place

    def close(self) -> None:
        """Close the file where it is owned."""
        if self._owned:
            self._file.close()
        super().close()
