"""Zip archives of images, read in place: nothing of them is ever unpacked to a place that has a name."""

import io
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.files import Listing, check_size
from cnnsearch.search.dataset.sources.members import Contents, check_unpacked, empty_folders, plain_path
from cnnsearch.search.dataset.sources.packed import Packed
from cnnsearch.search.dataset.sources.placed import PlacedFile

_HEADER, _SIGNATURE = struct.Struct("<4s22xHH"), b"PK\3\4"
"""What stands before each member: a mark, and how long its name and further fields are. APPNOTE.TXT, 4.3.7."""
_UTF8_NAME = 0x800
_ENCRYPTED = 0x1
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""What `zipfile` and its decompressors raise on damaged or forged bytes."""


@dataclass(frozen=True)
class ZipFiles:
    """A zip archive, read in place: nothing is ever unpacked to the disk."""

    path: Path | Packed

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the open file out of a pickle; the copy opens the archive anew."""
        return {"path": self.path}

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(io.BufferedReader(self._file()))
        except _DAMAGE as error:
            raise DataError(
                str(self.path),
                f"a zip archive must be readable, got: {getattr(error, 'strerror', None) or error}.",
                "Copy or download it again.",
            ) from error

    def _file(self) -> PlacedFile:
        if isinstance(self.path, Path):
            return PlacedFile(self.path.open("rb", buffering=0), owned=True)
        return PlacedFile(self.path.spool.file, owned=False)

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """The files by path; of several with one path the last, which is the one that unpacking would leave."""
        infos = [info for info in self._archive.infolist() if not _is_folder(info)]
        return {plain_path(str(self.path), _name(info)): info for info in infos}

    def listing(self) -> Listing:
        """All files of the archive.

        Raises:
            DataError: the archive cannot be read, is encrypted or a bomb, or a member's path leads out of it.
        """
        where, members = str(self.path), self._members
        infos = self._archive.infolist()
        for path, info in members.items():
            if info.flag_bits & _ENCRYPTED:
                rule = f"an archive must not be encrypted, got {path!r}."
                raise DataError(where, rule, "Unpack it to a folder.")
        check_unpacked(where, self._packed_bytes(), sum(info.file_size for info in infos))
        links = {path for path, info in members.items() if stat.S_ISLNK(info.external_attr >> 16)}
        folders = [plain_path(where, _name(info)) for info in infos if _is_folder(info)]
        twins = len(infos) - len(folders) - len(members)
        contents = Contents(len(links), twins, empty_folders(folders, members))
        return Listing(tuple(path for path in members if path not in links), contents.notes())

    def _packed_bytes(self) -> int:
        """What the members take; no more than the file has, though a bomb's members may lie over each other."""
        told = sum(info.compress_size for info in self._archive.infolist())
        return told if self._archive.fp is None else min(told, os.fstat(self._archive.fp.fileno()).st_size)

    def read(self, path: str) -> bytes:
        """The bytes of one member.

        Raises:
            UnreadableImage: the member is damaged, too large, or compressed in a way that is not known here.
        """
        info = self._members[path]
        check_size(info.file_size)
        try:
            return self._stored(info) if info.compress_type == zipfile.ZIP_STORED else self._archive.read(info)
        except _DAMAGE as error:
            raise UnreadableImage(f"is damaged in the archive: {error}") from error

    def _stored(self, info: zipfile.ZipInfo) -> bytes:
        """A member without compression, as photos mostly are.

        Straight from the file: threads that read through `zipfile` wait for its lock and for each other's Python code,
        which costs a tenth of the time that decoding 4,000 photos takes.
        """
        file = self._archive.fp
        if file is None:
            raise ValueError("the archive is closed")
        header = os.pread(file.fileno(), _HEADER.size, info.header_offset)
        if len(header) < _HEADER.size:
            raise zipfile.BadZipFile("the archive ends before it")
        signature, name_length, extra_length = _HEADER.unpack(header)
        content = os.pread(
            file.fileno(), info.file_size, info.header_offset + _HEADER.size + name_length + extra_length
        )
        if signature != _SIGNATURE:
            raise zipfile.BadZipFile("Bad magic number for file header")
        if zlib.crc32(content) != info.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
        return content

    @contextmanager
    def stream(self, path: str) -> Iterator[IO[bytes]]:
        """One member to read from its beginning on, however large it is.

        Raises:
            DataError: it is damaged.
        """
        try:
            with self._archive.open(self._members[path]) as file:
                yield file
        except _DAMAGE as error:
            where = f"{self.path}/{path}"
            raise DataError(where, f"it must be whole, got: {error}.", "Copy or download the archive again.") from error


def _is_folder(info: zipfile.ZipInfo) -> bool:
    """As `ZipInfo.is_dir`, which fails on an empty name."""
    return info.filename.endswith("/")


def _name(info: zipfile.ZipInfo) -> str:
    """The member's name; many tools write UTF-8 without the mark that says so, which zipfile takes for cp437."""
    if info.flag_bits & _UTF8_NAME:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename
