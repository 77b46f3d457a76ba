"""Who may change a cache: one builder at a time, whose lock says who holds it; and nobody deletes one that is open."""

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from cnnsearch.search.dataset.errors import DataError

LOCK_SECONDS = 1800.0
"""How long another process may build one cache before we give up waiting for it."""
_LOOK = 5.0
"""Seconds between two looks whether it gets on."""
_ASK = 0.5
"""Seconds after which whoever waits is asked whether it still has to."""


@contextmanager
def held_lock(
    name: Path,
    seconds: float = LOCK_SECONDS,
    what: str = "an image cache",
    headway: Callable[[], object] = lambda: None,
    wanted: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold the lock of the caches whose names begin so; the system frees it when its holder dies, however it dies.

    Args:
        what: is built under it.
        headway: something that changes while its holder gets on, asked for before the lock is, and every few seconds
            while we wait; as long as it changes, we wait longer.
        wanted: asked twice a second while we wait, and once when we hold it; ends all of it by what it raises.

    Raises:
        DataError: another process held it for all of these seconds.
    """
    name.parent.mkdir(parents=True, exist_ok=True)
    holder = name.with_suffix(".holder")
    lock = FileLock(name.with_suffix(".lock"))
    if not _waited_for(lock, seconds, headway, wanted):
        rule = f"one process at a time builds {what}; after {seconds:g} s it is still held by {_text(holder)}."
        raise DataError(str(name), rule, "Wait for it or end it, then start again.")
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {since}", encoding="utf-8")
        wanted()
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _waited_for(lock: FileLock, seconds: float, headway: Callable[[], object], wanted: Callable[[], None]) -> bool:
    """Whether we hold a lock now; false where its holder kept it for all of these seconds and did not get on."""
    seen, since = headway(), time.monotonic()
    while not _acquired(lock, min(seconds, _LOOK), wanted):
        now = headway()
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since >= seconds:
            return False
    return True


def _acquired(lock: FileLock, seconds: float, wanted: Callable[[], None]) -> bool:
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        try:
            lock.acquire(timeout=max(0.0, min(_ASK, left)))
        except Timeout:
            wanted()
        else:
            return True
        if left <= _ASK:
            return False


def _text(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8") or "an unknown process"
    except (OSError, ValueError):
        return "an unknown process"


def is_building(name: Path) -> bool:
    """Whether a process holds the lock of the caches whose names begin so, at this moment."""
    try:
        with claimed(name.with_suffix(".lock")) as free:
            return not free
    except OSError:
        return False


def is_open(label: Path) -> bool:
    """Whether a process has the cache open whose label this is."""
    try:
        with claimed(label) as free:
            return not free
    except OSError:
        return False


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Whether nobody holds this lock or label; as long as this lasts, nobody else comes to hold it.

    Raises:
        OSError: there is no such file, or it may not be read.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield _free(descriptor)
    finally:
        os.close(descriptor)


def _free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a network drive without locks: there we cannot know
        return True
    return True


def hold_open(label: Path) -> int:
    """A file descriptor that keeps others from deleting the cache with this label while it is not closed.

    Raises:
        OSError: there is no such cache, or it was deleted at this moment.
    """
    descriptor = os.open(label, os.O_RDONLY)
    try:
        _share(descriptor, label)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _share(descriptor: int, label: Path) -> None:
    with suppress(OSError):  # a network drive without locks: nobody is kept from deleting there
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # a deleter holds it for the time of one renaming
    if os.fstat(descriptor).st_ino != label.stat().st_ino:
        raise FileNotFoundError(f"{label} was replaced while it was opened")
