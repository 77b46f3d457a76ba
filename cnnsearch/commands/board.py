"""`cnnsearch board`: TensorBoard on this machine only, over one run or a folder of runs."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

from cnnsearch.reports.terminal import safe
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem

HOST = "127.0.0.1"


def board(run: Path, port: int | None, console: Console) -> int:
    """Serve the logs until Ctrl-C, and give the exit code.

    Args:
        run: a run, or a folder of runs, which are shown side by side.
        port: this port and no other; 0 takes any; None takes 6006, or the next free one.
        console: says the address.

    Raises:
        CnnSearchError: there are no logs, the port is taken, or TensorBoard does not start.
    """
    folder = log_folder(run)
    with _ended_by_signals():
        try:
            address = start(folder, port)
            console.print(safe(f"TensorBoard shows {folder} at {address} (Ctrl-C ends it)"), soft_wrap=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


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


def start(folder: Path, port: int | None) -> str:
    """Start TensorBoard in threads that end with this process, and give its address.

    Its program is built here rather than by its own `main`, which imports tensorflow: a second instead of five.

    Raises:
        CnnSearchError: the port is taken, or TensorBoard does not start.
    """
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
