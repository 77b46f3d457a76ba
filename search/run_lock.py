"""One parent works in a run's folder at a time."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import write_text
from cnnsearch.spaces.errors import CnnSearchError

_PATIENCE = 2.0
"""Seconds that a process which has just taken a run has to write its name there."""


class Held(CnnSearchError):
    """Another process works on a run."""


@contextmanager
def held(run: RunFolder) -> Iterator[None]:
    """Hold a run's folder, so that no second parent works in it.

    Raises:
        Held: another process holds it; the message says which.
        CnnSearchError: it cannot be written.
    """
    holder = run.path / "run.holder"
    lock = FileLock(run.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = _named(holder)
        raise Held(
            f"{run.path}: one process works on a run at a time, {who} does now. Wait for it, or use --new."
        ) from None
    except OSError as error:
        raise CnnSearchError(f"{run.lock}: the run's folder must be writable, got {error.strerror}.") from error
    try:
        write_text(holder, f"process {os.getpid()} on {socket.gethostname()}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _named(holder: Path) -> str:
    """Who holds a run, in words; a dead holder's name stands there until the next one has written its own."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with suppress(OSError):
            who = holder.read_text(encoding="utf-8").strip()
            if _may_live(who):
                return who
        time.sleep(0.02)
    return "another process"


def _may_live(who: str) -> bool:
    """Whether a holder's name is that of a living process; of another machine's processes nothing is known."""
    match who.split():
        case ["process", pid, "on", host] if pid.isdecimal():
            return host != socket.gethostname() or psutil.pid_exists(int(pid))
    return False
