"""`cnnsearch board`: TensorBoard on this machine only, over one run or a folder of runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rich.console import Console

from cnnsearch.reports.terminal import safe
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem

HOST = "127.0.0.1"
PORT = 6006
_TRIES = 20
_PATIENCE = 60.0
"""Seconds until a TensorBoard that answers nothing counts as one that did not start."""


def board(run: Path, port: int | None, console: Console) -> int:
    """Serve the logs until Ctrl-C, and give the exit code.

    Args:
        run: a run, or a folder of runs, which are shown side by side.
        port: this port and no other; None takes 6006, or the next free one.
        console: says the address, once it answers.

    Raises:
        CnnSearchError: there are no logs, the port is taken, or TensorBoard does not start.
    """
    folder = log_folder(run)
    chosen = free_port(port)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", HOST]
    command += ["--port", str(chosen), "--reload_interval", "5"]
    with _ended_by_signals():
        server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, env=_quiet()
        )
        try:
            return _serve(server, folder, chosen, console)
        except KeyboardInterrupt:
            return 0
        finally:
            _end(server)


def log_folder(path: Path) -> Path:
    """The folder of a run's logs, or the folder of runs itself.

    Raises:
        CnnSearchError: no logs lie there.
    """
    own = RunFolder(path).tensorboard
    if own.is_dir():
        return own
    if next(path.glob("*/tensorboard"), None) is not None:
        return path
    got = "a folder without" if path.is_dir() else "nothing there"
    rule = f"a run, or a folder of runs, with TensorBoard logs must lie here, got {got}."
    raise CnnSearchError(
        str(Problem(str(path), rule, "cnnsearch run writes them, such as runs/basic-001/tensorboard."))
    )


def free_port(port: int | None) -> int:
    """The port asked for, or the first free one from 6006 on.

    Raises:
        CnnSearchError: the port asked for, or each of those, is taken.
    """
    candidates = range(PORT, PORT + _TRIES) if port is None else [port]
    for candidate in candidates:
        if _is_free(candidate):
            return candidate
    rule = f"a free port is needed, got {candidates[0]}{f' to {candidates[-1]}' if len(candidates) > 1 else ''}, taken."
    raise CnnSearchError(str(Problem("--port", rule, "Name another one, or end the program that has it.")))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
        return True


def _quiet() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}


def _serve(server: "subprocess.Popen[bytes]", folder: Path, port: int, console: Console) -> int:
    started = time.monotonic()
    while not _answers(port):
        if server.poll() is not None or time.monotonic() - started > _PATIENCE:
            raise CnnSearchError(str(Problem(str(folder), "TensorBoard must start here, got: " + _last_words(server))))
        time.sleep(0.1)
    console.print(safe(f"TensorBoard shows {folder} at http://{HOST}:{port}/ (Ctrl-C ends it)"), soft_wrap=True)
    server.communicate()
    return 0 if server.returncode == 0 else 1


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False


def _last_words(server: "subprocess.Popen[bytes]") -> str:
    if server.poll() is None:
        return f"no answer within {_PATIENCE:.0f} seconds"
    _, said = server.communicate()
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {server.returncode} without a word"


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server with all it started; it has a process group of its own, so Ctrl-C reaches it only from here."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if server.poll() is None:
            os.killpg(server.pid, number)
            with suppress(subprocess.TimeoutExpired):
                server.communicate(timeout=5)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a terminal that closes, or a `kill`, end the server like Ctrl-C does."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
