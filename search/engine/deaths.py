"""Why a process ended that said nothing: by a signal, by the system for lack of memory, or by itself."""

import signal
from pathlib import Path

from cnnsearch.search.records import Failure
from cnnsearch.search.trial.failures import OUT_OF_MEMORY
from cnnsearch.search.trial.messages import Broken

_TAIL = 8192
"""Bytes of a log in which a native library's last words are looked for."""


def oom_kills(root: Path = Path("/")) -> int:
    """How many processes the kernel has ended for lack of memory, of our control group where that is known.

    Else of the whole machine; 0 where nothing tells.
    """
    group = _control_group(root)
    for path, key in (
        (root / "sys/fs/cgroup" / group / "memory.events", "oom_kill"),
        (root / "sys/fs/cgroup/memory" / group / "memory.oom_control", "oom_kill"),
        (root / "proc/vmstat", "oom_kill"),
    ):
        count = _counter(path, key)
        if count is not None:
            return count
    return 0


def _control_group(root: Path) -> str:
    """The path of our control group for memory, relative to where groups are mounted."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    groups = {kind: path.lstrip("/") for _, kind, path in (line.split(":", 2) for line in lines)}
    return next((path for kind, path in groups.items() if "memory" in kind.split(",")), groups.get("", ""))


def _counter(path: Path, key: str) -> int | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{key} ")), None)


def broken_by_death(code: int | None, ending: str, log: Path, *, killed_for_memory: bool) -> Broken:
    """What a process's end without a word says of its work.

    Args:
        code: its exit code; a signal's number is negative.
        ending: the same in words.
        log: where its output went.
        killed_for_memory: whether the kernel ended some process for lack of memory in the meantime.
    """
    if code == -signal.SIGKILL and killed_for_memory:
        return Broken(Failure.OOM, "the system ended the process, as the machine's memory ran out")
    last = _last_words(log) if code == -signal.SIGABRT else ""  # how C++ ends for what nobody catches
    if last:
        return Broken(Failure.OOM, f"the process ended for lack of memory: {last}")
    return Broken(Failure.CRASH, f"the process ended without a word: {ending}")


def _last_words(log: Path) -> str:
    """The last line of a log that tells of a lack of memory; empty where none does."""
    try:
        tail = log.read_bytes()[-_TAIL:].decode("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(tail) if any(mark in line for mark in OUT_OF_MEMORY)), "")
