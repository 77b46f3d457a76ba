"""`cnnsearch board`: TensorBoard on this machine only, over one run or several."""

import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

from rich.console import Console

from cnnsearch.reports.terminal import safe
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem

HOST = "127.0.0.1"
_EVERY = 5.0
"""Seconds after which trials that have begun since are shown, too, where several runs are."""


def board(paths: Sequence[Path], port: int | None, console: Console) -> int:
    """Serve the logs until Ctrl-C, and give the exit code.

    Args:
        paths: runs, and folders of runs; several are shown side by side, with one table of all trials.
        port: this port and no other; 0 takes any; None takes 6006, or the next free one.
        console: says the address.

    Raises:
        CnnSearchError: there are no logs, the port is taken, or TensorBoard does not start.
    """
    runs = logged_runs(paths)
    with _ended_by_signals():
        try:
            if [run.path for run in runs] == list(paths[:1]):
                _serve_one(runs[0], port, console)
            else:
                _serve_all(paths, port, console)
        except KeyboardInterrupt:
            return 0
    return 0


def _serve_one(run: RunFolder, port: int | None, console: Console) -> None:
    _say(str(run.tensorboard), start(run.tensorboard, port), console)
    threading.Event().wait()


def _serve_all(paths: Sequence[Path], port: int | None, console: Console) -> None:
    """Show all runs, and whatever is added to them or beside them while they are shown."""
    from cnnsearch.search.listeners.tensorboard_runs import ComposedLogs

    with tempfile.TemporaryDirectory(prefix="cnnsearch-board-") as folder:
        composed, runs = ComposedLogs(Path(folder)), logged_runs(paths)
        composed.show(runs)
        _say(", ".join(str(run.path) for run in runs), start(Path(folder), port), console)
        while not threading.Event().wait(_EVERY):
            composed.show(logged_runs(paths))


def _say(what: str, address: str, console: Console) -> None:
    console.print(safe(f"TensorBoard shows {what} at {address} (Ctrl-C ends it)"), soft_wrap=True)


def logged_runs(paths: Sequence[Path]) -> list[RunFolder]:
    """The runs with logs that these paths name, each once.

    Raises:
        CnnSearchError: one of the paths has none.
    """
    return [RunFolder(path) for path in dict.fromkeys(run for path in paths for run in _logged(path))]


def _logged(path: Path) -> list[Path]:
    if RunFolder(path).tensorboard.is_dir():
        return [path]
    found = sorted(logs.parent for logs in path.glob("*/tensorboard"))
    if found:
        return found
    got = "a folder without" if path.is_dir() else "nothing there"
    rule = f"a run, or a folder of runs, with TensorBoard logs must lie here, got {got}."
    raise CnnSearchError(
        str(Problem(str(path), rule, "cnnsearch run writes them, such as runs/basic-001/tensorboard."))
    )


def start(folder: Path, port: int | None) -> str:
    """Start TensorBoard in threads that end with this process, and give its address.

    Its program is built here rather than by its own `main`, which imports tensorflow: a second instead of five.

    Raises:
        CnnSearchError: the port is taken, or TensorBoard does not start.
    """
    _leave_out_tensorflow()
    from tensorboard import default, program

    server = program.TensorBoard(default.get_plugins())
    server.configure(("cnnsearch board",), logdir=str(folder), host=HOST, port=port, load_fast=_load_fast())
    try:
        return str(server.launch())
    except (program.TensorBoardServerException, OverflowError) as error:
        rule = f"TensorBoard needs a free port from 0 to 65535, got {'none' if port is None else port}: {error}."
        raise CnnSearchError(
            str(Problem("--port", rule, "Name another one, or end the program that has it."))
        ) from error


def _leave_out_tensorflow() -> None:
    """Have TensorBoard read files by its own small stand-in: its projector would load tensorflow for nothing else."""
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))


def _load_fast() -> str:
    """Whether logs are read by TensorBoard's own server, asked for plainly: left to itself it prints a notice."""
    from tensorboard.data import server_ingester

    try:
        server_ingester.get_server_binary()
    except server_ingester.NoDataServerError:
        return "false"
    return "true"


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
