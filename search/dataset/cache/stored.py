"""Which caches lie in a folder, in which state each is, and how to be rid of them. What is no cache is left alone."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
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
    FEATURES_FILE,
    IMAGE_FILES,
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
        label: what is in it, by its kind; None where nobody knows.
    """

    folder: Path
    state: State
    bytes: int
    used: float
    open: bool = False
    label: object = None

    @property
    def is_held(self) -> bool:
        """Whether a running process needs it."""
        return self.open or self.state == State.BUILDING


@dataclass(frozen=True)
class Kind:
    """A kind of caches.

    Attributes:
        files: all that is ever in the folder of one.
        read: what its label says; raises as `read_label` does.
        opens: whether the cache in a folder can be used; with True, its checksums are compared as well. May raise
            OSError where the disk fails.
    """

    files: frozenset[str]
    read: Callable[[Path], object]
    opens: Callable[[Path, bool], bool]


def _opens(folder: Path, check: bool) -> bool:
    cache = open_cache(folder)
    return cache is not None and (not check or is_whole(cache))


IMAGES = Kind(IMAGE_FILES, Label.read, _opens)


def stored_caches(root: Path, *, check: bool = False, kinds: Sequence[Kind] = (IMAGES,)) -> list[Stored]:
    """The caches under a folder, the one used last first; none where there is no such folder.

    Args:
        check: read them whole and compare their checksums.
        kinds: the kinds of caches that there are.

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
    return sorted(_stored(folders, kinds, check=check), key=lambda cache: (-cache.used, cache.folder.name))


def _stored(folders: list[Path], kinds: Sequence[Kind], *, check: bool) -> Iterator[Stored]:
    for folder in folders:
        with suppress(FileNotFoundError):  # deleted while we look
            if leftover := LEFTOVER_NAME.fullmatch(folder.name):
                if _is_ours(folder):
                    building = is_building(folder.with_name(leftover[1]))
                    state = State.BUILDING if building else State.UNFINISHED
                    yield Stored(folder, state, folder_bytes(folder), folder.stat().st_mtime)
            elif CACHE_NAME.fullmatch(folder.name) and _is_ours(folder):
                yield _finished(folder, _kind(folder, kinds), check=check)


def _is_ours(folder: Path) -> bool:
    """Whether there is nothing but a cache's files in it; one that we may not look into is ours by its name."""
    try:
        return {path.name for path in folder.iterdir()} <= CACHE_FILES
    except PermissionError:
        return True


def _kind(folder: Path, kinds: Sequence[Kind]) -> Kind:
    """The kind of which most files are there."""
    with suppress(PermissionError):
        names = {path.name for path in folder.iterdir()}
        return max(kinds, key=lambda kind: len(kind.files & names))
    return kinds[0]


def _finished(folder: Path, kind: Kind, *, check: bool) -> Stored:
    """A cache that has its name."""
    label, state = _label(folder, kind)
    held = is_open(folder / LABEL_FILE)
    if label and not _is_usable(folder, kind, check=check):
        state = State.DAMAGED
    return Stored(folder, state, folder_bytes(folder), _used(folder), held, label)


def _label(folder: Path, kind: Kind) -> tuple[object, State]:
    try:
        return kind.read(folder / LABEL_FILE), State.COMPLETE
    except OtherVersion:
        return None, State.OLDER
    except (OSError, ValueError):
        first_version = (folder / INDEX_FILE).is_file() and not re.search("-", folder.name)
        return None, State.OLDER if first_version else State.DAMAGED


def _is_usable(folder: Path, kind: Kind, *, check: bool) -> bool:
    try:
        return kind.opens(folder, check)
    except OSError:
        return False


def _used(folder: Path) -> float:
    for path in (folder / name for name in (LABEL_FILE, PIXELS_FILE, FEATURES_FILE)):
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
