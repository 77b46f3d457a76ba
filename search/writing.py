"""The one way in which files that matter are written: beside their place, then renamed, so none is ever half there."""

import errno
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnsearch.spaces.errors import CnnSearchError


class UnwritableFile(CnnSearchError):
    """A file of ours that cannot be written: no room, no permission, a read-only place."""


_FULL = ("No space left on device", "Disk quota exceeded", "database or disk is full")
"""What libraries say that pass the system's error on as a text: HDF5, and SQLite; and what other processes say."""


def is_full_disk(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, says that a disk or a person's share of it is full."""
    cause = error.__cause__
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    if any(mark in str(error) for mark in _FULL):
        return True
    return cause is not None and is_full_disk(cause)


def file_of(error: BaseException) -> Path | None:
    """The file that an error, or what it was raised from, is about; None where the system names none."""
    if isinstance(error, OSError):
        named = error.filename2 or error.filename  # a copy names what it writes second
        if isinstance(named, str | os.PathLike):
            return Path(named)
    return file_of(error.__cause__) if error.__cause__ is not None else None


def write_beside(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file under another name in the same folder, then put it in `path`'s place at once.

    A reader sees the old file or the new one, never a part. The other name keeps the suffix, which Keras goes by.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    try:
        _write_beside(path, write)
    except OSError as error:
        error.filename = error.filename or str(path)  # a write that finds no room names no file
        raise UnwritableFile(
            f"{path}: this file must be writable, got {error.strerror or error}. Make room or mend the permissions."
        ) from error


def _write_beside(path: Path, write: Callable[[Path], object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        write(beside)
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def clear_temporary(folder: Path) -> None:
    """Remove the files under other names that killed writers left in a folder, or in one below it.

    Only who is alone there may call this: a file that is just being written has such a name, too.
    """
    for left in folder.rglob(".*-*"):
        if left.is_file():
            left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Replace a UTF-8 text file."""
    write_beside(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Replace a JSON file; NaN and infinities are refused, as JSON has none."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")
