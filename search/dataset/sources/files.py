"""A place that images lie in, and the plainest one: a folder. Each lists relative paths and reads the bytes of one.

Nothing here ever writes to, or reads from outside of, the place that the person named.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.layout import is_clutter, listed

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


def _notes(links: Sequence[str], special: Sequence[str], empty: Sequence[str]) -> tuple[str, ...]:
    """What of a folder was left aside; an empty folder may be a class that a person is missing."""
    kinds = ("links not followed", links), ("pipes and devices, not read", special), ("empty folders", empty)
    return tuple(f"{kind}: {len(paths)} ({listed(paths)})" for kind, paths in kinds if paths)


@dataclass(frozen=True)
class FolderFiles:
    """A folder. Links to files inside of it are read; links out of it and links to folders are not followed."""

    root: Path

    def listing(self) -> Listing:
        """All regular files below the root, clutter left out.

        Raises:
            DataError: a folder cannot be listed.
        """
        root = self.root.resolve()
        paths: list[str] = []
        links: list[str] = []
        special: list[str] = []
        empty: list[str] = []
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            entries = [entry for entry in self._entries(prefix) if not is_clutter(entry.name)]
            for entry in entries:
                path = prefix + entry.name
                if entry.is_symlink():
                    (paths if _leads_to_file_in(root, entry) else links).append(path)
                elif entry.is_dir():
                    waiting.append(path + "/")
                else:
                    (paths if entry.is_file() else special).append(path)
            if prefix and not entries:
                empty.append(prefix)
        return Listing(tuple(paths), _notes(links, special, empty))

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

    @contextmanager
    def stream(self, path: str) -> Iterator[IO[bytes]]:
        """One file to read from its beginning on, however large it is."""
        with (self.root / path).open("rb") as file:
            yield file
