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

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import write_json
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
        "Give the --name and --set of that run again; where its space has changed since, name it with --resume."
    )


def is_of(run: RunFolder, identity: str) -> bool:
    """Whether a run searches this space on this data."""
    return bool(read_status(run).get("identity") == identity)


def earlier_form(runs: Path, name: str, identity: str) -> list[str]:
    """A warning where an unfinished run of this name and data searches another form of the space."""
    for run in reversed(runs_named(runs, name)):
        status = read_status(run)
        known = str(status.get("identity", ""))
        if status.get("state") != "finished" and known != identity and _data_of(known) == _data_of(identity):
            return [f"{run.path} is not finished; its space has changed since. To go on with it: --resume {run.path}"]
    return []


def resumable(path: Path, identity: str) -> RunFolder:
    """The run at this path, where its images are the same.

    Raises:
        CnnSearchError: it is no run, or its images are others.
    """
    run = RunFolder(path)
    if not run.study.is_file() or not run.resolved.is_file():
        raise CnnSearchError(
            f"{path}: --resume goes on with a run's folder, got none. Name one such as runs/basic-001."
        )
    known = str(read_status(run).get("identity", ""))
    if known and _data_of(known) != _data_of(identity):
        raise CnnSearchError(
            f"{path}: --resume goes on with the same images, decoded in the same way, got others. Give the --data of "
            "that run, or begin a new run with --new."
        )
    return run


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


def _data_of(identity: str) -> str:
    return identity.partition("-")[2]


def run_identity(space: str, data: str) -> str:
    """What tells one search from another: its space (budget apart) and its data."""
    return f"{space}-{data}"[:128]
