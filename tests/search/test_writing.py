"""What is taken for a full disk, whichever library says so, and what killed writers leave."""

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.search.writing import clear_temporary, is_full_disk


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


def test_what_a_killed_writer_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    kept = {tmp_path / "trials" / "0001" / "log.txt", tmp_path / "a-b.json", tmp_path / ".hidden"}
    (tmp_path / "trials" / "0001").mkdir(parents=True)
    for path in kept:
        path.touch()
    script = (
        "import os, sys; from pathlib import Path; from cnnsearch.search.writing import write_beside\n"
        "write_beside(Path(sys.argv[1]), lambda beside: os.kill(os.getpid(), 9))"
    )
    for place in (tmp_path / "status.json", tmp_path / "trials" / "0001" / "model.keras"):
        subprocess.run([sys.executable, "-c", script, str(place)], check=False)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == len(kept) + 2
    clear_temporary(tmp_path)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == kept
