"""Which run folder a command works in: a new one, or one that goes on. One parent works in a folder at a time."""

import json
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cnnsearch.search.run_folder import RunFolder, write_json
from cnnsearch.spaces.errors import CnnSearchError

_ATTEMPTS = 1000


def runs_named(runs: Path, name: str) -> list[RunFolder]:
    """The runs `<name>-001`, `<name>-002`, ... of a folder, in the order of their numbers."""
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    found = [(int(match[1]), path) for path in _folders(runs) if (match := pattern.fullmatch(path.name))]
    return [RunFolder(path) for _, path in sorted(found)]


def _folders(runs: Path) -> list[Path]:
    return [path for path in runs.iterdir() if path.is_dir()] if runs.is_dir() else []


def read_status(run: RunFolder) -> dict[str, Any]:
    """How a run stands; empty where it says nothing readable."""
    try:
        status = json.loads(run.status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return status if isinstance(status, dict) else {}


def spent_seconds(run: RunFolder) -> float:
    """Seconds that the sessions of an unfinished run took; a finished one that gets more trials begins anew."""
    status = read_status(run)
    seconds = status.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) and status.get("state") != "finished" else 0.0


def unfinished(runs: Path, name: str, identity: str) -> RunFolder | None:
    """The newest run of this name that has the same space and data and is not finished."""
    for run in reversed(runs_named(runs, name)):
        status = read_status(run)
        if status.get("identity") == identity and status.get("state") != "finished":
            return run
    return None


def newest(runs: Path, name: str, identity: str) -> RunFolder:
    """The newest run of this name with the same space and data.

    Raises:
        CnnSearchError: there is none.
    """
    for run in reversed(runs_named(runs, name)):
        if read_status(run).get("identity") == identity:
            return run
    raise CnnSearchError(
        f"{runs / name}-*: --more adds trials to an earlier run of the same space and data, got none there. "
        "Run without --more first, or give the --name and --set of that run again."
    )


def make_run(runs: Path, name: str, identity: str) -> RunFolder:
    """A new run folder under the next number.

    Raises:
        CnnSearchError: the folder of runs cannot be written.
    """
    existing = runs_named(runs, name)
    number = int(existing[-1].path.name.rsplit("-", 1)[1]) + 1 if existing else 1
    for attempt in range(number, number + _ATTEMPTS):
        run = RunFolder(runs / f"{name}-{attempt:03d}")
        try:
            run.path.mkdir(parents=True)
        except FileExistsError:  # another command was faster
            continue
        except OSError as error:
            raise CnnSearchError(f"{run.path}: the run's folder must be writable, got {error.strerror}.") from error
        write_json(run.status, {"state": "starting", "identity": identity})
        return run
    raise CnnSearchError(f"{runs}: a free run number must exist, got none of {_ATTEMPTS} from {number:03d}.")


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


def run_identity(space: str, data: str) -> str:
    """What tells one search from another: its space (budget apart) and its data."""
    return f"{space}-{data}"[:128]
