"""What is taken for a full disk, whichever library says so."""

import errno
import sqlite3

import pytest

from cnnsearch.search.writing import is_full_disk


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError("file write failed: errno = 28, error message = 'No space left on device'"),
    ],
)
def test_a_full_disk_is_known_also_as_a_cause(error: Exception) -> None:
    outer = ValueError("something else")
    outer.__cause__ = error
    assert is_full_disk(error)
    assert is_full_disk(outer)


@pytest.mark.parametrize("error", [OSError(errno.EROFS, "Read-only file system"), ValueError("full of hope")])
def test_nothing_else_is(error: Exception) -> None:
    assert not is_full_disk(error)
