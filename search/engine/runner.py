"""Runs one job in a fresh process and listens to it until it ends, one way or another."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnsearch.search.engine.deaths import broken_by_death, oom_kills
from cnnsearch.search.engine.processes import ChildProcess, NotStarted
from cnnsearch.search.records import Failure
from cnnsearch.search.trial import child
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Broken, Done, Message, Written

Answer = Callable[[Message], object | None]
"""What the parent says to a message; None for those that want no answer."""


Patience = Callable[[], float | None]
"""How many seconds are left to wait for a process's next word; None for as long as it takes."""
_LOOK = 5.0
"""Seconds after which the patience is asked again, for what goes on elsewhere changes it."""
_COURTESY = 120.0
"""Seconds that a process is waited for without a word once its model is written."""


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


def run_in_child(
    work: Work,
    answer: Answer,
    started: Callable[[ChildProcess], None] | None = None,
    patience: Patience = lambda: None,
) -> Broken | None:
    """Do the work in a fresh process; gives how it failed, or None when it was done.

    It was done where the process has said `Written`. However that process breaks later, `answer` alone hears of it.

    Args:
        answer: called with each message of the process.
        started: called with the process once it runs, so that another thread may end it.
        patience: how many seconds the process may go on without a word; asked again after each of its messages, and
            every few seconds. A process that says nothing for longer is ended.
    """
    process = ChildProcess(child.run, work.function, work.job, work.log, work.environment)
    hearing = _Hearing(answer, patience)
    try:
        broken = _heard(process, work.log, hearing, started)
    except NotStarted as error:
        return Broken(Failure.CRASH, str(error))
    if broken is None or not hearing.is_written:
        return broken
    answer(broken)
    return None


class _Hearing:
    """What a process is answered, and how long it is waited for."""

    def __init__(self, answer: Answer, patience: Patience) -> None:
        self._answer, self._patience = answer, patience
        self._answered = 0.0
        self.is_written = False

    def answer(self, message: Message) -> object | None:
        """What the parent says to a message."""
        self.is_written = self.is_written or isinstance(message, Written)
        reply = self._answer(message)
        self._answered = time.monotonic()
        return reply

    def patience(self) -> float | None:
        """Seconds that are left to wait for the next one."""
        return self._answered + _COURTESY - time.monotonic() if self.is_written else self._patience()


def _heard(
    process: ChildProcess,
    log: Path,
    hearing: _Hearing,
    started: Callable[[ChildProcess], None] | None,
) -> Broken | None:
    """Run a process and answer what it says, to its end; gives how it failed.

    Raises:
        NotStarted: there is no process.
    """
    killed = oom_kills()
    with process:
        if started:
            started(process)
        while True:
            try:
                if not _speaks(process, hearing.patience):
                    process.kill()
                    return Broken(Failure.TIMEOUT, "the process said nothing for too long")
                message = process.connection.recv()
            except (EOFError, OSError):
                ending = process.ending()
                return broken_by_death(process.exit_code, ending, log, killed_for_memory=oom_kills() > killed)
            if isinstance(message, Done):
                return None
            if isinstance(message, Broken):
                return message
            reply = hearing.answer(message)
            if reply is not None:
                _send(process, reply)


def _speaks(process: ChildProcess, patience: Patience) -> bool:
    """Wait for a word of a process, as long as there is patience, which may grow or shrink meanwhile."""
    while True:
        left = patience()
        if left is not None and left <= 0:
            return process.connection.poll(0)
        if process.connection.poll(_LOOK if left is None else min(left, _LOOK)):
            return True


def _send(process: ChildProcess, reply: object) -> None:
    """Answer a process; where it is gone, the next reading from it says so."""
    with suppress(BrokenPipeError, ConnectionResetError):
        process.connection.send(reply)
