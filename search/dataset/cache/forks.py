"""Work on all cores in forked processes, each with a Python of its own; the bytes they make lie in shared memory.

Threads wait for each other's Python code, the more the more cores there are. A fork costs milliseconds and knows all
that its parent does, so that only numbers and small results go through pipes.
"""

import ctypes
import mmap
import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

_PR_SET_PDEATHSIG = 1
_AHEAD = 2
"""Batches that a worker is given at a time: with one to come it never waits for its parent."""
_SLOTS = 3
"""Places for results to each worker: what was quick may wait there for what comes before it."""
_DECIDED_BY_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""They reach every process of a terminal or a service; the parent hears them, too, and ends its workers."""

T = TypeVar("T")
R = TypeVar("R")


class WorkerDied(Exception):
    """A worker ended in the middle of its work.

    Attributes:
        ending: what ended it, such as `SIGKILL` or `exit code 1`.
        batch: the number of the batch that it was at; None where it had nothing to do.
    """

    def __init__(self, ending: str, batch: int | None) -> None:
        super().__init__(ending, batch)
        self.ending, self.batch = ending, batch


def may_fork() -> bool:
    """Whether this process can be forked without harm.

    Another thread might hold a lock at that moment, which nobody in the fork would ever release. A daemonic process
    may have no children.
    """
    return sys.platform == "linux" and threading.active_count() == 1 and not multiprocessing.current_process().daemon


@contextmanager
def forked(
    work: Callable[[T, memoryview], R], batches: Sequence[T], slot_bytes: int, processes: int
) -> Iterator[Iterator[tuple[R, memoryview]]]:
    """What `work(batch, slot)` gives for each batch, in their order, each with the shared memory that it filled.

    A slot holds until the next result is asked for. `work` runs in workers that are forked here and killed at the end
    of this context; they end with this process, too, however it ends. What `work` raises is raised here, in its turn.

    Raises:
        WorkerDied: by asking for a result, where a worker was killed.
    """
    slots = _slots(_SLOTS * processes, slot_bytes)
    workers: list[_Worker] = []
    with ExitStack() as started:
        for _ in range(processes):
            links = [worker.link for worker in workers]
            workers.append(started.enter_context(_worker(lambda batch, slot: work(batches[batch], slots[slot]), links)))
        yield _Results[R](workers, len(batches), slots).in_order()


def _slots(count: int, size: int) -> list[memoryview]:
    """Anonymous shared memory: it takes no room before it is written, and is gone with those who use it."""
    whole = memoryview(mmap.mmap(-1, max(1, count * size)))
    return [whole[number * size : (number + 1) * size] for number in range(count)]


@dataclass(eq=False)
class _Worker:
    """The parent's side of a worker.

    Attributes:
        given: the batches that it has not answered yet, with the slots that they go to.
    """

    process: BaseProcess
    link: "Connection[Any, Any]"
    given: deque[tuple[int, int]] = field(default_factory=deque)

    def give(self, batch: int, slot: int) -> None:
        self.given.append((batch, slot))
        with suppress(OSError):  # it is dead, which its answer will tell
            self.link.send((batch, slot))

    def answer(self) -> tuple[Any, Exception | None]:
        try:
            answer: tuple[Any, Exception | None] = self.link.recv()
        except (EOFError, OSError):
            self.process.join()
            batch = self.given[0][0] if self.given else None
            raise WorkerDied(_ending(self.process.exitcode or 0), batch) from None
        return answer


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


@contextmanager
def _worker(work: Callable[[int, int], object], siblings: Sequence["Connection[Any, Any]"]) -> Iterator[_Worker]:
    """A worker as long as this lasts; `siblings` are the links of this process to those that were started before."""
    ours, theirs = multiprocessing.Pipe()
    arguments = (work, theirs, (ours, *siblings), os.getpid())
    process = multiprocessing.get_context("fork").Process(target=_serve, args=arguments, daemon=True)
    try:
        with theirs, _undisturbed():
            process.start()
        yield _Worker(process, ours)
    finally:
        with _undisturbed():
            if process.pid:
                process.kill()
                process.join()
            ours.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals wait: before a worker's first steps they would run the parent's handlers in it, at its end leave it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _DECIDED_BY_PARENT)
    try:
        with warnings.catch_warnings():
            # From 3.12 on Python also warns of threads of native libraries; no worker calls those.
            warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    work: Callable[[int, int], object],
    link: "Connection[Any, Any]",
    foreign: Sequence["Connection[Any, Any]"],
    parent: int,
) -> None:
    """The life of a worker. `foreign` are links that it was born with: open in it, they would hide its parent's end."""
    for number in _DECIDED_BY_PARENT:
        signal.signal(number, signal.SIG_IGN)
    _die_with(parent)
    for other in foreign:
        other.close()
    with suppress(EOFError, OSError):  # the parent is gone
        while True:
            link.send(_tried(work, *link.recv()))


def _die_with(parent: int) -> None:
    """The kernel ends this process when its parent ends; one that has ended already is told by its absence."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _tried(work: Callable[[int, int], R], batch: int, slot: int) -> tuple[R | None, Exception | None]:
    try:
        return work(batch, slot), None
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent raises it
        error.add_note(traceback.format_exc())  # a pickle leaves its own out
        return None, error


class _Results(Generic[R]):
    """Hands out batches and slots, takes answers as they come, and gives them in order."""

    def __init__(self, workers: Sequence[_Worker], count: int, slots: Sequence[memoryview]) -> None:
        self._workers, self._count, self._slots = workers, count, slots
        self._next, self._free = 0, deque(range(len(slots)))
        self._ready: dict[int, tuple[int, Any, Exception | None]] = {}

    def in_order(self) -> Iterator[tuple[R, memoryview]]:
        for batch in range(self._count):
            self._take(seconds=0)
            self._give()
            while batch not in self._ready:
                self._take(seconds=None)
                self._give()
            slot, result, error = self._ready.pop(batch)
            if error:
                raise error
            yield result, self._slots[slot]
            self._free.append(slot)

    def _give(self) -> None:
        """The next batches to those who have the least to do."""
        while self._next < self._count and self._free:
            worker = min(self._workers, key=lambda worker: len(worker.given))
            if len(worker.given) == _AHEAD:
                return
            worker.give(self._next, self._free.popleft())
            self._next += 1

    def _take(self, seconds: float | None) -> None:
        """The answers that are there, or come in so many seconds; None waits for one."""
        links = {worker.link: worker for worker in self._workers}
        for link in wait(list(links), seconds):
            worker = links[link]  # type: ignore[index]
            result, error = worker.answer()
            batch, slot = worker.given.popleft()
            self._ready[batch] = slot, result, error
