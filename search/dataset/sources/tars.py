"""Tar archives of images. A plain one is read in place; what a compressed one holds is unpacked once, in one pass, to
an unnamed temporary file: a place in the middle of a compressed stream is reached by unpacking all before it only.
"""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.files import MAX_FILE_BYTES, Listing, check_size
from cnnsearch.search.dataset.sources.layout import is_image
from cnnsearch.search.dataset.sources.members import Contents, check_unpacked, empty_folders, plain_path
from cnnsearch.search.dataset.sources.packed import Packed
from cnnsearch.search.dataset.sources.spool import Spool
from cnnsearch.search.dataset.sources.stamps import Stamp, check_unchanged

Opener = Callable[[IO[bytes]], IO[bytes]]
_COMPRESSIONS: dict[bytes, Opener] = {
    b"\x1f\x8b": lambda file: cast(IO[bytes], gzip.GzipFile(fileobj=file)),
    b"BZh": lambda file: cast(IO[bytes], bz2.BZ2File(file)),
    b"\xfd7zXZ\0": lambda file: cast(IO[bytes], lzma.LZMAFile(file)),  # noqa: SIM115 - the caller closes it
}
"""By the first bytes: the names of tars often say something else."""
_CHUNK_BYTES = 1024**2
_DAMAGE = (tarfile.TarError, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


@dataclass(frozen=True)
class _Place:
    """Where a member's bytes lie: in the tar itself, or in the spool of a compressed one; there, images only."""

    offset: int | None
    size: int


@dataclass(frozen=True)
class _Table:
    """A tar's table of contents; `spool` holds the images of a compressed one, `stamp` says whose table it is."""

    places: dict[str, _Place]
    contents: Contents
    spool: Spool | None
    stamp: Stamp | None = None


@dataclass(frozen=True)
class TarFiles:
    """A tar archive, compressed by gzip, bzip2, xz or not at all."""

    path: Path | Packed

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the table of contents out of a pickle; the copy reads the archive anew."""
        return {"path": self.path}

    @cached_property
    def _table(self) -> _Table:
        try:
            with self._opened() as file:
                return replace(_table(str(self.path), file), stamp=Stamp.of(os.fstat(file.fileno())))
        except _DAMAGE as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(
                str(self.path), f"a tar archive must be whole, got: {reason}.", "Copy or download it again."
            ) from error

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        """The archive's own bytes, from their beginning."""
        if isinstance(self.path, Path):
            with self.path.open("rb") as file:
                yield file
        else:
            self.path.spool.file.seek(0)
            yield self.path.spool.file

    def listing(self) -> Listing:
        """All files of the archive; of a compressed one, the images are unpacked on the way.

        Raises:
            DataError: the archive is damaged or a bomb, a member's path leads out of it, or the disk is full.
        """
        return Listing(tuple(self._table.places), self._table.contents.notes())

    def read(self, path: str) -> bytes:
        """The bytes of one member.

        Raises:
            UnreadableImage: the archive is gone, or the member is too large.
            DataError: the archive was replaced since its table was read.
        """
        place = self._table.places[path]
        check_size(place.size)
        if place.offset is None:
            raise UnreadableImage("is no image")
        if self._table.spool:
            return self._table.spool.read(place.offset, place.size)
        if isinstance(self.path, Packed):
            return self.path.spool.read(place.offset, place.size)
        try:
            with self.path.open("rb") as file:
                if self._table.stamp:
                    check_unchanged(str(self.path), self._table.stamp, os.fstat(file.fileno()))
                file.seek(place.offset)
                return file.read(place.size)
        except OSError as error:
            raise UnreadableImage(f"cannot be read: {error.strerror}") from error


def _table(where: str, file: IO[bytes]) -> _Table:
    first = file.read(6)
    file.seek(0, 2)
    packed = file.tell()
    file.seek(0)
    opener = next((opener for magic, opener in _COMPRESSIONS.items() if first.startswith(magic)), None)
    if opener is None:
        return _Reader(where, packed, None).table(file)
    with opener(file) as stream:
        return _Reader(where, packed, Spool(where)).table(stream)


class _Reader:
    """Reads a tar from its beginning to its end, once."""

    def __init__(self, where: str, packed: int, spool: Spool | None) -> None:
        self._where, self._packed, self._spool = where, packed, spool
        self._places: dict[str, _Place] = {}
        self._folders: list[str] = []
        self._links = self._special = self._twins = 0

    def table(self, stream: IO[bytes]) -> _Table:
        """Its table of contents, the images spooled where there is a spool."""
        with tarfile.open(fileobj=cast(IO[bytes], _Headers(stream)), mode="r:") as tar:
            while (member := tar.next()) is not None:
                check_unpacked(self._where, self._packed, tar.offset)
                self._take(tar, member)
                cast(Any, tar).members.clear()  # tarfile would keep every one that it has met
            self._check_end(stream, tar.offset)
        empty = empty_folders(self._folders, self._places)
        return _Table(self._places, Contents(self._links, self._twins, empty, self._special), self._spool)

    def _take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = plain_path(self._where, member.name)
        if member.isdir():
            self._folders.append(path)
        elif member.issym() or (member.islnk() and not self._take_hard_link(path, member)):
            self._links += 1
        elif member.isreg() and member.sparse is None:
            self._twins += path in self._places
            self._places[path] = self._place(tar, member, path)
        elif not member.islnk():
            self._special += 1

    def _take_hard_link(self, path: str, member: tarfile.TarInfo) -> bool:
        """A second name of a file that came before; tar writes its bytes once."""
        place = self._places.get(plain_path(self._where, member.linkname))
        if place is not None:
            self._places[path] = place
        return place is not None

    def _place(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> _Place:
        if self._spool is None:
            return _Place(member.offset_data, member.size)
        if not is_image(path) or member.size > MAX_FILE_BYTES:
            return _Place(None, member.size)
        offset = self._spool.end
        file = cast(IO[bytes], tar.fileobj)
        file.seek(member.offset_data)
        if self._spool.copy(file, member.size) != member.size:
            raise tarfile.ReadError("unexpected end of data")
        return _Place(offset, member.size)

    def _check_end(self, stream: IO[bytes], end: int) -> None:
        """tarfile takes a damaged header for the archive's end; the end is zeros, or the end of the file.

        Raises:
            ReadError: it is neither.
        """
        stream.seek(end)
        if any(stream.read(tarfile.BLOCKSIZE)):
            raise tarfile.ReadError(f"a damaged header at byte {end}")
        while self._spool and stream.read(_CHUNK_BYTES):  # a compressed stream is checked at its end
            end += _CHUNK_BYTES
            check_unpacked(self._where, self._packed, end)


class _Headers(io.RawIOBase):
    """A stream in which no header is large: tarfile would read one of any size into the memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """The next bytes.

        Raises:
            ReadError: more than any true header has.
        """
        if not 0 <= size <= _CHUNK_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to that byte."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """The byte that is read next."""
        return self._stream.tell()
