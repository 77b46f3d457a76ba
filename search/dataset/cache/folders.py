"""The folders of caches while they come and go: made beside, renamed when whole, and deleted file by file.

Nothing here ever deletes a tree: only the files that a cache has, and then the folder, which the system refuses where
anything else is in it. So a person who names a wrong folder loses nothing.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cnnsearch.search.dataset.cache.naming import CACHE_FILES


@contextmanager
def folder_beside(files: Path) -> Iterator[Path]:
    """A new folder for a cache that is being built under the first half of its name; gone at the end, if still there.

    Raises:
        OSError: it cannot be made.
    """
    beside = _hidden(files)
    beside.mkdir()
    try:
        yield beside
    finally:
        with suppress(OSError):
            remove_folder(beside)


def _hidden(files: Path) -> Path:
    return files.with_name(f".{files.name}-{secrets.token_hex(4)}")


def put_in_place(beside: Path, folder: Path) -> None:
    """Give a finished folder its name; a damaged one that has it goes away, though who has it open may read on.

    Raises:
        OSError: the system does not let us.
    """
    old = move_aside(folder) if folder.is_dir() else None
    beside.rename(folder)
    if old:
        remove_folder(old)


def move_aside(folder: Path) -> Path:
    """Give a cache a name under which nobody opens it; what then is left of it is a leftover. Its new path.

    Raises:
        OSError: the system does not let us.
    """
    aside = _hidden(folder.with_name(folder.name.partition("-")[0]))
    folder.rename(aside)
    return aside


def remove_leftovers(files: Path) -> None:
    """Delete what killed builders left under the first half of a cache's name. The caller holds its lock.

    Raises:
        OSError: the system does not let us, or there is something in it that is not ours.
    """
    for leftover in files.parent.glob(f".{files.name}-*"):
        remove_folder(leftover)


def remove_folder(folder: Path) -> None:
    """Delete the files of a cache, and the folder where nothing else is in it; one that is gone is no fault.

    Raises:
        OSError: the system does not let us, or there is something in it that is not ours.
    """
    for name in CACHE_FILES:
        (folder / name).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        folder.rmdir()


def folder_bytes(folder: Path) -> int:
    """The bytes that the files of a cache take on the disk; for a sparse file that is less than its length."""
    total = 0
    for name in CACHE_FILES:
        with suppress(OSError):
            total += os.lstat(folder / name).st_blocks * 512
    return total
