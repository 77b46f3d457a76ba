"""One builder for each cache: a file lock whose message says who holds it."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from cnnsearch.search.dataset.errors import DataError

LOCK_SECONDS = 1800.0
"""How long another process may build one cache before we give up waiting for it."""


@contextmanager
def held_lock(folder: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock of a folder that is to be built; the system frees it when its holder dies, however it dies.

    Raises:
        DataError: another process held it for all of these seconds.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    holder = folder.with_suffix(".holder")
    lock = FileLock(folder.with_suffix(".lock"), timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        rule = f"one process at a time builds an image cache; after {seconds:g} s it is still held by {_text(holder)}."
        raise DataError(str(folder), rule, "Wait for it or end it, then start again.") from None
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()} since {since}", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _text(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8") or "an unknown process"
    except (OSError, ValueError):
        return "an unknown process"
