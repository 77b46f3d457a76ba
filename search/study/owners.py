"""Who works at a trial or a run: a token that names the process, so that others on its machine see that it is gone."""

import hashlib
import os
import socket
from functools import cache
from pathlib import Path
from uuid import uuid4

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_ENDED = "ZX"
"""States of a process that has ended, though its number is still taken."""
_UNKNOWN = "?"


def new_token() -> str:
    """What marks one claim: the machine, the process, and what no other claim has."""
    process = os.getpid()
    return ":".join((socket.gethostname(), str(process), _started(process), _processes(), uuid4().hex))


def this_process() -> dict[str, str | int]:
    """What `status.json` says of the process that writes it, so that others see whether it still lives."""
    return {"process": os.getpid(), "host": socket.gethostname(), "boot": boot(), "token": new_token()}


def is_gone(token: str | None) -> bool:
    """Whether the process of a claim has surely ended; false where nobody can tell from here."""
    parts = (token or "").split(":")
    if len(parts) != 5 or not parts[1].isdigit():  # of an earlier version
        return False
    _, process, started, processes, _ = parts
    return bool(processes) and processes == _processes() and _started(int(process)) not in (started, _UNKNOWN)


def worker_of(token: str | None) -> str:
    """Whose a claim is, as a person knows it: `host:process`; empty where it does not say."""
    parts = (token or "").split(":")
    return ":".join(parts[:2]) if len(parts) == 5 else ""


@cache
def boot() -> str:
    """What marks one boot of one machine; empty where the system does not say."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""


@cache
def _processes() -> str:
    """What marks those whose numbers mean the same processes as here: one boot of one machine, one container of it.

    Empty where the system does not say. A machine's name says too little: containers may share it.
    """
    try:
        seen = _BOOT.read_text(encoding="ascii") + str(_NAMESPACE.readlink())
    except OSError:
        return ""
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


def _started(process: int) -> str:
    """When the process of a number began, which no later one of this number has in common; empty where none runs.

    In ticks since the machine was started: its clock may be set meanwhile.
    """
    try:
        state, *fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return _UNKNOWN if _is_there(process) else ""
    return "" if state in _ENDED else fields[18]


def _is_there(process: int) -> bool:
    """Whether a process runs, which we may not be allowed to look at."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
