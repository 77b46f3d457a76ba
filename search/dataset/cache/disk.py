"""The disk that caches lie on: is there room, and what to say when it refuses."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnsearch.search.dataset.cache.naming import CACHE_VARIABLE
from cnnsearch.search.dataset.errors import DataError, NoRoom

SPARE_BYTES = 64 * 1024**2
"""What a cache leaves free on its disk."""


def bytes_text(count: float) -> str:
    """A number of bytes in three digits, such as `270 MB`; a MB is a million bytes, as disks are sold."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def check_room(
    root: Path, needed: int, what: str = "the image cache needs", smaller: str = "choose a smaller data.image_size"
) -> None:
    """Refuse to write so many bytes where they would fill the disk.

    Args:
        what: needs them; the subject of the message and its verb.
        smaller: what a person can do to need less, where there is no other disk.

    Raises:
        NoRoom: there is less room now.
        DataError: there is less room even where nothing else is on the disk: nobody need wait for it.
        OSError: the disk does not say.
    """
    disk, needed = shutil.disk_usage(root), needed + SPARE_BYTES
    if disk.free >= needed:
        return
    rule = f"{what} {bytes_text(needed)}, got {bytes_text(disk.free)} free."
    advice = (
        f"Free some space (`cnnsearch data cache` shows old caches), set {CACHE_VARIABLE} to a folder on another "
        f"disk, or {smaller}."
    )
    if disk.total < needed:
        raise DataError(str(root), rule, advice)
    raise NoRoom(root, needed, rule, advice) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))


@contextmanager
def told_as_data_error(root: Path, what: str = "the image cache") -> Iterator[None]:
    """Says where and what to do when the cache's folder cannot be written, or memory is too small for it."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOMEM:
            rule = f"memory must suffice for {what}, got: {error.strerror}."
            raise DataError(str(error.filename or root), rule, "Free some, or raise its limit.") from error
        error.filename = error.filename or str(root)  # a write that finds no room names no file
        rule = f"{what} must be writable, got: {error.strerror or error}."
        advice = f"Set {CACHE_VARIABLE} to a folder with room that you may write to."
        raise DataError(str(error.filename), rule, advice) from error
