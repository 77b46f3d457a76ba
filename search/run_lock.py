"""One parent works in a run's folder at a time."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError


@contextmanager
def held(run: RunFolder) -> Iterator[None]:
    """Hold a run's folder, so that no second parent works in it.

    Raises:
        CnnSearchError: another process holds it; the message says which.
    """
    holder = run.path / "run.holder"
    lock = FileLock(run.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "another process"
        raise CnnSearchError(
            f"{run.path}: one process works on a run at a time, {who} does now. Wait for it, or use --new."
        ) from None
    except OSError as error:
        raise CnnSearchError(f"{run.lock}: the run's folder must be writable, got {error.strerror}.") from error
    try:
        holder.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
