"""Which caches lie in a folder, in which state each is, and how to be rid of them. What is no cache is left alone."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cnnsearch.search.dataset.cache.cache import open_cache
from cnnsearch.search.dataset.cache.checking import is_whole
from cnnsearch.search.dataset.cache.folders import folder_bytes, move_aside, remove_folder
from cnnsearch.search.dataset.cache.label import Label, OtherVersion
from cnnsearch.search.dataset.cache.lock import claimed, is_building, is_open
from cnnsearch.search.dataset.cache.naming import (
    CACHE_FILES,
    CACHE_NAME,
    INDEX_FILE,
    LABEL_FILE,
    LEFTOVER_NAME,
    LOCK_NAME,
    PIXELS_FILE,
)
from cnnsearch.search.dataset.errors import DataError


class State(StrEnum):
    """How a cache stands."""

    COMPLETE = "complete"
    BUILDING = "being built"
    UNFINISHED = "unfinished"
    """Its builder was killed."""
    DAMAGED = "damaged"
    OLDER = "other version"
    """Another version of this program made it."""


@dataclass(frozen=True)
class Stored:
    """A cache on the disk.

    Attributes:
        folder: where it lies.
        state: how it stands.
        bytes: what its files take on the disk.
        used: when a run last asked for it, in seconds since 1970.
        open: whether a process has it open now.
        label: what is in it; None where nobody knows.
    """

    folder: Path
    state: State
    bytes: int
    used: float
    open: bool = False
    label: Label | None = None

    @property
    def is_held(self) -> bool:
        """Whether a running process needs it."""
        return self.open or self.state == State.BUILDING


def stored_caches(root: Path, *, check: bool = False) -> list[Stored]:
    """The caches under a folder, the one used last first; none where there is no such folder.

    Args:
        check: read them whole and compare their checksums.

    Raises:
        DataError: the folder cannot be read.
    """
    try:
        with os.scandir(root) as entries:
            folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        rule = f"the folder of image caches must be readable, got: {error.strerror or error}."
        raise DataError(str(root), rule, "Check its permissions, or set CNNSEARCH_CACHE to a folder.") from error
    return sorted(_stored(folders, check=check), key=lambda cache: (-cache.used, cache.folder.name))


def _stored(folders: list[Path], *, check: bool) -> Iterator[Stored]:
    for folder in folders:
        with suppress(FileNotFoundError):  # deleted while we look
            if leftover := LEFTOVER_NAME.fullmatch(folder.name):
                if _is_ours(folder):
                    building = is_building(folder.with_name(leftover[1]))
                    state = State.BUILDING if building else State.UNFINISHED
                    yield Stored(folder, state, folder_bytes(folder), folder.stat().st_mtime)
            elif CACHE_NAME.fullmatch(folder.name) and _is_ours(folder):
                yield _finished(folder, check=check)


def _is_ours(folder: Path) -> bool:
    """Whether there is nothing but a cache's files in it; one that we may not look into is ours by its name."""
    try:
        return {path.name for path in folder.iterdir()} <= CACHE_FILES
    except PermissionError:
        return True


def _finished(folder: Path, *, check: bool) -> Stored:
    """A cache that has its name."""
    label, state = _label(folder)
    held = is_open(folder / LABEL_FILE)
    if label and not _opens(folder, check=check):
        state = State.DAMAGED
    return Stored(folder, state, folder_bytes(folder), _used(folder), held, label)


def _label(folder: Path) -> tuple[Label | None, State]:
    try:
        return Label.read(folder / LABEL_FILE), State.COMPLETE
    except OtherVersion:
        return None, State.OLDER
    except (OSError, ValueError):
        first_version = (folder / INDEX_FILE).is_file() and not re.search("-", folder.name)
        return None, State.OLDER if first_version else State.DAMAGED


def _opens(folder: Path, *, check: bool) -> bool:
    cache = open_cache(folder)
    try:
        return cache is not None and (not check or is_whole(cache))
    except OSError:
        return False


def _used(folder: Path) -> float:
    for path in (folder / LABEL_FILE, folder / PIXELS_FILE):
        with suppress(OSError):
            return path.stat().st_mtime
    return folder.stat().st_mtime


def delete(cache: Stored) -> bool:
    """Delete a cache, unless a running process has it open or builds it; says whether it is gone.

    Raises:
        OSError: the system does not let us.
    """
    leftover = LEFTOVER_NAME.fullmatch(cache.folder.name)
    if leftover:
        if is_building(cache.folder.with_name(leftover[1])):
            return False
        remove_folder(cache.folder)
        return True
    return _delete_finished(cache.folder)


def _delete_finished(folder: Path) -> bool:
    """While we claim its label nobody can open it, and with its name gone nobody finds it any more."""
    try:
        with claimed(folder / LABEL_FILE) as free:
            aside = move_aside(folder) if free else None
    except FileNotFoundError:  # damaged, or of a version without labels: no process of this version has it open
        aside = move_aside(folder)
    if aside:
        remove_folder(aside)
    return aside is not None


def delete_spare_locks(root: Path) -> None:
    """Delete the lock files of caches that are gone. One that is held stays; whoever waits for it makes a new one."""
    with suppress(OSError):
        names = {path.name for path in root.iterdir()}
        for lock in filter(None, map(LOCK_NAME.fullmatch, names)):
            if not any(name.removeprefix(".").startswith(f"{lock[1]}-") or name == lock[1] for name in names):
                _delete_lock(root / lock[1])


def _delete_lock(name: Path) -> None:
    with suppress(OSError), claimed(name.with_suffix(".lock")) as free:
        if free:
            name.with_suffix(".holder").unlink(missing_ok=True)
            name.with_suffix(".lock").unlink()
