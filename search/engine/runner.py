"""Runs one job in a fresh process and listens to it until it ends, one way or another."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnsearch.search.engine.processes import ChildProcess
from cnnsearch.search.records import Failure
from cnnsearch.search.trial import child
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Broken, Done, Message

Answer = Callable[[Message], object | None]
"""What the parent says to a message; None for those that want no answer."""


@dataclass(frozen=True)
class Work:
    """A job for a process.

    Attributes:
        function: what runs there, on its line and the job.
        job: the plain value it is told.
        log: where its output goes.
        environment: variables set before a device is touched.
    """

    function: Callable[[Line, Any], None]
    job: object
    log: Path
    environment: Mapping[str, str]


def run_in_child(work: Work, answer: Answer, started: Callable[[ChildProcess], None] | None = None) -> Broken | None:
    """Do the work in a fresh process; gives how it failed, or None when it was done.

    Args:
        answer: called with each message of the process.
        started: called with the process once it runs, so that another thread may end it.
    """
    process = ChildProcess(child.run, work.function, work.job, work.log, work.environment)
    with process:
        if started:
            started(process)
        while True:
            try:
                message = process.connection.recv()
            except (EOFError, OSError):
                return Broken(Failure.CRASH, f"the process ended without a word: {process.ending()}")
            if isinstance(message, Done):
                return None
            if isinstance(message, Broken):
                return message
            reply = answer(message)
            if reply is not None:
                _send(process, reply)


def _send(process: ChildProcess, reply: object) -> None:
    """Answer a process; where it is gone, the next reading from it says so."""
    with suppress(BrokenPipeError, ConnectionResetError):
        process.connection.send(reply)
