"""The places that images lie in: a folder, a zip archive. Each lists relative paths and reads the bytes of one.

Nothing here ever writes to, or reads from outside of, the place that the person named.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PureWindowsPath
from typing import Any, Protocol

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.layout import is_clutter

MAX_FILE_BYTES = 256 * 1024**2
"""No photo is larger; what is would only fill the memory."""


@dataclass(frozen=True)
class Listing:
    """The relative paths of all files of a place, with `/` between their steps, and what was left aside and why."""

    paths: tuple[str, ...]
    notes: tuple[str, ...] = ()


class Files(Protocol):
    """A place that images lie in. Threads share one; processes may pickle it."""

    def listing(self) -> Listing:
        """All files of this place.

        Raises:
            DataError: the place as a whole cannot be read or must not be.
        """
        ...

    def read(self, path: str) -> bytes:
        """The bytes of one file.

        Raises:
            UnreadableImage: this file cannot be read.
        """
        ...


def _check_size(size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise UnreadableImage(f"has {size} bytes, more than the {MAX_FILE_BYTES} that an image may have")


def _leads_to_file_in(root: Path, link: "os.DirEntry[str]") -> bool:
    try:
        return link.is_file() and Path(link.path).resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link to itself, or through folders that may not be entered
        return False


@dataclass(frozen=True)
class FolderFiles:
    """A folder. Links to files inside of it are read; links out of it and links to folders are not followed."""

    root: Path

    def listing(self) -> Listing:
        """All regular files below the root, clutter left out.

        Raises:
            DataError: a folder cannot be listed.
        """
        paths, links = [], 0
        for path, is_link in self._walk():
            if is_link:
                links += 1
            else:
                paths.append(path)
        return Listing(tuple(paths), (f"links not followed: {links}",) if links else ())

    def _walk(self) -> Iterator[tuple[str, bool]]:
        """Relative paths, each with whether it is a link that is not followed."""
        root = self.root.resolve()
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            for entry in self._entries(prefix):
                path = prefix + entry.name
                if is_clutter(entry.name):
                    continue
                if entry.is_symlink():
                    yield path, not _leads_to_file_in(root, entry)
                elif entry.is_dir():
                    waiting.append(path + "/")
                elif entry.is_file():
                    yield path, False

    def _entries(self, prefix: str) -> list["os.DirEntry[str]"]:
        folder = self.root / prefix
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError as error:
            raise DataError(
                str(folder),
                f"every folder of a source must be readable, got: {error.strerror}.",
                "Check its permissions.",
            ) from error

    def read(self, path: str) -> bytes:
        """The bytes of one file.

        Raises:
            UnreadableImage: the file is gone, too large or may not be read.
        """
        try:
            with (self.root / path).open("rb") as file:
                _check_size(os.fstat(file.fileno()).st_size)
                return file.read()
        except OSError as error:
            raise UnreadableImage(f"cannot be read: {error.strerror}") from error


@dataclass(frozen=True)
class ZipFiles:
    """A zip archive, read in place: nothing is ever unpacked to the disk."""

    path: Path

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the open file out of a pickle; the copy opens the archive anew."""
        return {"path": self.path}

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
            raise DataError(
                str(self.path),
                f"a zip archive must be readable, got: {getattr(error, 'strerror', None) or error}.",
                "Copy or download it again.",
            ) from error

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """The files by path; some archives made on Windows separate the steps with backslashes."""
        infos = [info for info in self._archive.infolist() if not info.is_dir()]
        return {info.filename.replace("\\", "/"): info for info in infos}

    def listing(self) -> Listing:
        """All files of the archive.

        Raises:
            DataError: the archive cannot be read, is encrypted, or a member's path leads out of it.
        """
        links = {path for path, info in self._members.items() if stat.S_ISLNK(info.external_attr >> 16)}
        for path, info in self._members.items():
            self._check_member(path, info)
        paths = tuple(path for path in self._members if path not in links)
        return Listing(paths, (f"links not followed: {len(links)}",) if links else ())

    def _check_member(self, path: str, info: zipfile.ZipInfo) -> None:
        if path.startswith("/") or PureWindowsPath(path).drive or ".." in path.split("/"):
            raise DataError(
                str(self.path),
                f"paths inside an archive must stay inside of it, got {info.filename!r}.",
                "Make the archive anew from a folder you trust.",
            )
        if info.flag_bits & 0x1:
            raise DataError(
                str(self.path), f"an archive must not be encrypted, got {info.filename!r}.", "Unpack it to a folder."
            )

    def read(self, path: str) -> bytes:
        """The bytes of one member.

        Raises:
            UnreadableImage: the member is damaged, too large, or compressed in a way that is not known here.
        """
        info = self._members[path]
        _check_size(info.file_size)
        try:
            return self._archive.read(info)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise UnreadableImage(f"is damaged in the archive: {error}") from error
