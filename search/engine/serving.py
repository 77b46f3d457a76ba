"""Serves slots side by side, a thread for each, so that Ctrl-C is heard meanwhile and what ends one ends all."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from optuna.exceptions import StorageInternalError

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.datasets import Unwanted
from cnnsearch.search.engine.halting import PATIENCE, Terminated
from cnnsearch.search.engine.processes import ChildProcess
from cnnsearch.search.engine.runner import Patience, Work, run_in_child
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import Audience, Told
from cnnsearch.search.trial.failures import classify
from cnnsearch.search.trial.messages import Broken, Message
from cnnsearch.spaces.errors import CnnSearchError

_POLL = 0.2
"""Seconds between two looks of the main thread, which Ctrl-C reaches."""
_MOST_SLOTS = 1024
"""Threads are made for those that serve only."""


class Training(Protocol):
    """A training as its slot knows it: what its process is told, and what is made of its words."""

    def prepare(self) -> Work:
        """Make all ready and say what is to be done."""

    def answer(self, message: Message) -> object | None:
        """What is said to a message of the process; None where it wants no answer."""


class Children:
    """The processes that run on the slots, so that another thread may end them all.

    Args:
        kind: what they do, in the plural and in words: trials, retrainings.
        halting: set where they are to end with the epoch that they are in.
        audience: hears of the order to end.
    """

    def __init__(self, kind: str, halting: threading.Event, audience: Audience) -> None:
        self._kind, self._halting, self._audience = kind, halting, audience
        self._stopping = threading.Event()
        self._running: dict[str, ChildProcess] = {}

    @property
    def are_ending(self) -> bool:
        """Whether no other process is to be started."""
        return self._stopping.is_set() or self._halting.is_set()

    def run(
        self,
        slot: Slot,
        training: Training,
        started: Callable[[ChildProcess], None] = lambda _: None,
        patience: Patience = lambda: None,
    ) -> Broken | None:
        """Have a process do a training on a slot; gives how it failed, or None when it was done.

        `started` hears of the process once it runs; `patience` is that of `run_in_child`.
        """

        def runs(child: ChildProcess) -> None:
            started(child)
            self._running[slot.name] = child
            if self._stopping.is_set():  # the order to stop came between two processes
                child.kill()

        try:
            return run_in_child(training.prepare(), training.answer, runs, patience)
        except (DataError, Unwanted) as error:  # images that cannot be decoded at this size, or need not be
            return Broken(*classify(error))
        finally:
            self._running.pop(slot.name, None)

    def halt(self) -> None:
        """Let them finish their epoch and keep a backup."""
        self._halting.set()
        self._audience.at_once(Told(f"told to end: the running {self._kind} finish their epoch and are kept"))

    def stop(self) -> None:
        """End them now."""
        self._stopping.set()
        for process in list(self._running.values()):
            process.kill()


def serve(
    wanted: Callable[[], Sequence[Slot]],
    work: Callable[[Slot], None],
    interrupted: Callable[[], None],
    stop: Callable[[], None],
    halt: Callable[[], None] = lambda: None,
) -> None:
    """Let `work` go on for each slot in a thread of its own until all have ended.

    Args:
        wanted: the slots that should serve, asked again and again; one that ended well serves anew where it still is.
        interrupted: called first where it ends from outside, for whoever waits must not wait any more.
        stop: makes all of them end at once; called from this thread at the end, however it comes.
        halt: lets all of them end as soon as they have kept what they did; called where the order came to end soon.
            Then there is some time until `interrupted`.

    Raises:
        BaseException: what one of them raised, or Ctrl-C.
    """
    serving: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(_MOST_SLOTS, thread_name_prefix="slot") as pool:
        try:
            _call_up(serving, wanted(), pool, work)
            # Never thread.join with a timeout: interrupted by Ctrl-C, Python 3.11 takes a running thread for ended.
            while wait(serving.values(), timeout=_POLL).not_done:
                _call_up(serving, wanted(), pool, work)
        except Terminated:
            halt()
            until = time.monotonic() + PATIENCE
            try:
                while time.monotonic() < until and wait(serving.values(), timeout=_POLL).not_done:
                    pass
            finally:
                interrupted()
            raise
        except BaseException:
            interrupted()
            raise
        finally:
            stop()
            wait(serving.values())
    for served in serving.values():
        served.result()


def _call_up(
    serving: dict[str, Future[None]], wanted: Sequence[Slot], pool: ThreadPoolExecutor, work: Callable[[Slot], None]
) -> None:
    """Have every wanted slot serve that does not; none any more where one has failed, for all are about to end."""
    if any(before.done() and before.exception() for before in serving.values()):
        return
    for slot in wanted:
        if slot.name not in serving or serving[slot.name].done():
            serving[slot.name] = pool.submit(work, slot)


@contextmanager
def writing_in(run: Path) -> Iterator[None]:
    """Within it, a run's file that cannot be written is an error that says what to do.

    Raises:
        CnnSearchError: one cannot.
        BrokenPipeError: nobody reads our lines any more.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, StorageInternalError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise CnnSearchError(
            f"{run}: the run's files must be writable, got {cause}. "
            "Make room, then run the same command again: the finished trials are kept."
        ) from error
