"""What runs in a child process: its first moments, common to trials and evaluations.

The forkserver imports this module, and with it everything that a trial needs, once.
"""

import ctypes
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cnnsearch.search.trial import discovery, evaluation, training  # noqa: F401 - preloaded, so that a child starts in milliseconds
from cnnsearch.search.trial.failures import classify
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Broken

_PR_SET_PDEATHSIG = 1


def run(
    connection: Connection, work: Callable[[Line, Any], None], job: object, log: Path, environment: Mapping[str, str]
) -> None:
    """Do a job in this process: what it prints goes to `log`, how it fails goes to the parent."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group; the parent decides
        signal.signal(number, signal.SIG_IGN)
    _die_with_parent()
    gc.freeze()  # the libraries stay: each time that the collector looked through them would take 0.2 s
    _print_to(log)
    os.environ.update(environment)
    line = Line(connection)
    try:
        work(line, job)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent must hear of it
        with suppress(OSError):  # a full disk has no room for the log, either
            traceback.print_exc()
        _flush()
        line.tell(Broken(*classify(error)))  # whatever is not written by now, the parent's hanging up may cut off
        os._exit(1)
    _flush()
    os._exit(0)  # everything is written; TensorFlow's own teardown takes a second and has nothing to do


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()


def _die_with_parent() -> None:
    """On Linux the kernel ends this process when the forkserver ends, which it does with the parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _print_to(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    os.close(file)
