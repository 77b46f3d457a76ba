"""Fresh processes from a forkserver: it imports keras once and touches no device, and a fork takes milliseconds.

Python has every child import the main script of its parent. Ours do not, where nothing of it is needed: a script that
takes seconds would cost every trial these seconds, and one that searches without asking for its `__name__` would begin
itself again and again.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any

from cnnsearch.search.engine.births import ForkedProcess
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.spaces.errors import CnnSearchError

_CONTEXT = multiprocessing.get_context("forkserver")
_PRELOADED = ["cnnsearch.search.trial.child", "cnnsearch.search.explaining.first_look"]
_PATIENCE = 5.0
"""Seconds that a process has to end by itself before it is killed."""
_REFUSED, _AGAIN = 10.0, 0.2
"""Seconds in which the system is asked again for a process that it refuses, and between two such tries."""
_FILES = 8
"""Files that a start has open at once, at most."""


def start_forkserver() -> None:
    """Start the forkserver, which goes on importing keras by itself; to be called before any thread is started.

    It ignores SIGTERM, for a cluster tells every process of a job to end, and the parent decides what becomes of its
    own; not where another thread than the main one starts it, which may not say so.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _CONTEXT.set_forkserver_preload(_PRELOADED)
    with _sigterm_ignored(), without_native_messages():  # it keeps the stderr that it is born with
        forkserver.ensure_running()


@contextmanager
def _sigterm_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class NotStarted(CnnSearchError):
    """A process that the system did not let us have: no memory for one more, or too many open files."""


def _check_files() -> None:
    """Find out whether as many files may be opened as a start needs: one that fails halfway leaves some open.

    Raises:
        OSError: they may not.
    """
    with ExitStack() as opened:
        for _ in range(_FILES):
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))


class ChildProcess:
    """A process that runs `target(connection, *arguments)`; ended when the `with` block is left, whatever happens.

    The target must end itself when its side of the connection breaks, for then its parent is gone.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - passed on
        self.connection: Connection
        self._target, self._arguments = target, arguments
        self._process: BaseProcess
        self._lock = threading.Lock()
        self._is_closed = False

    def __enter__(self) -> "ChildProcess":
        """Start it; a forkserver that cannot fork ends, which takes it some time, and then there is another one.

        Raises:
            NotStarted: the system refuses.
        """
        until = time.monotonic() + _REFUSED
        while True:
            try:
                self._start()
            except (EOFError, OSError) as error:
                if time.monotonic() < until:
                    time.sleep(_AGAIN)
                    continue
                raise NotStarted(
                    f"this machine: it must have room for one more process, got {str(error) or type(error).__name__}. "
                    "Free memory, or raise the limits of processes and open files."
                ) from error
            return self

    def _start(self) -> None:
        """Try to start it, with a connection of its own.

        Raises:
            EOFError, OSError: the system refuses; nothing stays open then.
        """
        _check_files()
        self.connection, theirs = _CONTEXT.Pipe()
        self._process = ForkedProcess(target=self._target, args=(theirs, *self._arguments), daemon=False)
        try:
            self._process.start()
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()  # or the end of the child would not end our reading

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.connection.close()
        if error is None:
            self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        with self._lock:
            self._is_closed = True
            self._process.close()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid or 0

    @property
    def exit_code(self) -> int | None:
        """How the process ended; a signal's number is negative. None while it runs."""
        return self._process.exitcode

    def ending(self) -> str:
        """How the process ended, in words; waits for the end, which must be near."""
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        if code is None:
            return "it closed its connection and goes on"
        if code < 0:
            name = _signal_name(-code)
            hint = " (by a person, or by the system when memory ran out)" if name == "SIGKILL" else ""
            return f"killed by {name}{hint}"
        return f"exit code {code}"

    def kill(self) -> None:
        """End the process now; its connection then reads as closed. Any thread may call it, at any time."""
        with self._lock:
            if not self._is_closed and self._process.is_alive():
                self._process.kill()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal has no name of its own
        return f"signal {number}"
