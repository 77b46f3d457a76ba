"""Halts a search while a disk is full, and lets it go on by itself when there is room."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from shutil import disk_usage
from typing import TypeVar

from cnnsearch.search.dataset.errors import NoRoom
from cnnsearch.search.events import Event, Paused, Resumed
from cnnsearch.search.writing import file_of, is_full_disk

T = TypeVar("T")
_EVERY = 2.0
"""Seconds between two tries."""
SPARE = 16 * 1024**2
"""Bytes of room with which a disk is not full."""
_FULL = "the disk is full."


class Stopwatch:
    """Adds up the seconds in which it runs."""

    def __init__(self) -> None:
        self._before, self._since, self._runs = 0.0, 0.0, False

    @property
    def seconds(self) -> float:
        """All of them so far."""
        return self._before + (time.monotonic() - self._since if self._runs else 0.0)

    def run(self, *, runs: bool) -> None:
        """From now on it runs, or does not."""
        if runs != self._runs:
            self._before, self._since, self._runs = self.seconds, time.monotonic(), runs


class Pause:
    """Waits of the threads of one search; they overlap, and the search is paused while any of them waits.

    Its time stands still only as long as nobody trains meanwhile: the disk of the caches may be full for one slot while
    another one has all that it needs. What a trial's own time is, its own waits decide.

    Args:
        folder: what is on the disk that the search writes on, where an error names no other one.
        every: seconds between two tries.
    """

    def __init__(self, folder: Path, every: float = _EVERY) -> None:
        self.tell: Callable[[Event], None] = lambda _: None
        """Told of the pause's beginning and end, by the thread that waits; it must not wait for room itself."""
        self._folder, self._every = folder, every
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._waits = Counter[int]()
        """How many waits each thread is in; one may come while another lasts."""
        self._training = set[int]()
        self._since, self._still, self._own = 0.0, Stopwatch(), defaultdict[int, Stopwatch](Stopwatch)
        self._places = set[Path]()

    @property
    def seconds(self) -> float:
        """How long the search has stood still: somebody waited, and nobody trained."""
        with self._lock:
            return self._still.seconds

    @property
    def own_seconds(self) -> float:
        """How long the thread that asks has waited, all its waits together."""
        with self._lock:
            return self._own[threading.get_ident()].seconds

    def training_begins(self) -> None:
        """This thread has a training from now on: while it does not wait, the time of the search goes on."""
        with self._lock:
            self._training.add(threading.get_ident())
            self._note()

    def training_ends(self) -> None:
        """This thread has none any more."""
        with self._lock:
            self._training.discard(threading.get_ident())
            self._note()

    def _note(self) -> None:
        """Have the watches run as long as they should; the caller, whose state has changed, holds the lock."""
        me, waiting = threading.get_ident(), self._waits.keys()
        self._own[me].run(runs=me in waiting)
        self._still.run(runs=bool(waiting) and self._training <= waiting)

    def stop(self) -> None:
        """Nobody waits any more: a full disk is an error again."""
        self._stopping.set()

    def patiently(self, work: Callable[[], T]) -> T:
        """Do what writes, again and again while a disk is full; so it must be something that can be done twice."""
        is_waiting = False
        try:
            while True:
                try:
                    return work()
                except Exception as error:
                    if self._stopping.is_set() or not is_full_disk(error):
                        raise
                    full = error
                if not is_waiting:
                    is_waiting = True
                    self.begin(*self._told(full))
                self.wait()
                while isinstance(full, NoRoom) and not (full.is_over or self._stopping.is_set()):
                    self.wait()  # to look again for what is to be kept may take minutes
        finally:
            if is_waiting:
                self.end()

    def _told(self, full: Exception) -> tuple[Path, str]:
        """Where the disk is full, and what is to be said of it."""
        if isinstance(full, NoRoom):
            return full.folder, full.problem.rule
        named = file_of(full)
        is_elsewhere = named is not None and _disk_of(named) != _disk_of(self._folder)
        return (named if named and is_elsewhere else self._folder), _FULL

    def begin(self, place: Path | None = None, rule: str = _FULL) -> None:
        """A thread begins to wait, for the disk of this place, or for that of the run."""
        full = place or self._folder
        with self._lock:
            if not self._waits:
                self._since = time.monotonic()
                self._places.clear()
            self._waits[threading.get_ident()] += 1
            self._note()
            is_news = full not in self._places
            self._places.add(full)
        if is_news:
            self.tell(Paused(f"{full}: {rule} The search goes on by itself when there is room."))

    def wait(self) -> None:
        """Let some time pass until the next try."""
        self._stopping.wait(self._every)

    def end(self) -> None:
        """The thread goes on; it is the one that began."""
        me = threading.get_ident()
        with self._lock:
            self._waits[me] -= 1
            if not self._waits[me]:
                del self._waits[me]
            self._note()
            is_last = not self._waits
            seconds = time.monotonic() - self._since
        if is_last:
            self.tell(Resumed(seconds))

    def until_room(self) -> bool:
        """Wait until the disk has more room than now; false, at once, where it is not full at all."""
        if not is_full(self._folder):
            return False
        before = disk_usage(self._folder).free
        self.begin()
        try:
            while not self._stopping.is_set() and disk_usage(self._folder).free < before + SPARE // 16:
                self.wait()
        finally:
            self.end()
        return not self._stopping.is_set()


def is_full(folder: Path) -> bool:
    """Whether the disk of a folder has too little room for anything that matters.

    Raises:
        OSError: the disk does not say.
    """
    return disk_usage(folder).free < SPARE


def _disk_of(path: Path) -> int | None:
    """Which disk a file is on, or would be; None where nobody may look."""
    for there in (path.absolute(), *path.absolute().parents):
        with suppress(OSError):
            return there.stat().st_dev
    return None


class RoomWait:
    """One thread's wait for room, over several tries of its process.

    Args:
        pause: of its search.
    """

    def __init__(self, pause: Pause) -> None:
        self._pause, self._is_waiting = pause, False

    def wait(self) -> bool:
        """Let some time pass until the next try; gives true, which tells the process to try."""
        if not self._is_waiting:
            self._pause.begin()
        self._is_waiting = True
        self._pause.wait()
        return True

    def end(self) -> None:
        """The thread waits for nothing any more."""
        if self._is_waiting:
            self._pause.end()
        self._is_waiting = False
