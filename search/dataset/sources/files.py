"""A place that images lie in, and the plainest one: a folder. Each lists relative paths and reads the bytes of one.

Nothing here ever writes to, or reads from outside of, the place that the person named.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.layout import is_clutter

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


def check_size(size: int) -> None:
    """Refuse a file of so many bytes where no photo is so large.

    Raises:
        UnreadableImage: it is.
    """
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
                check_size(os.fstat(file.fileno()).st_size)
                return file.read()
        except OSError as error:
            raise UnreadableImage(f"cannot be read: {error.strerror}") from error
