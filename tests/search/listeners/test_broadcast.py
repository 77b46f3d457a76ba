"""Many listeners as one: who waits for a full disk holds up nobody else."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnnsearch.search.engine import serving
from cnnsearch.search.engine.halting import Terminated
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.engine.serving import Children, serve
from cnnsearch.search.engine.slots import CPU, Slot
from cnnsearch.search.events import Event, Paused, Resumed, Told
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.writing import is_full_disk

pytestmark = pytest.mark.timeout(60)
FIRST, SECOND, THIRD = Told("first"), Told("second"), Told("third")


class Full:
    """A listener that writes on a disk which is full until there is room."""

    def __init__(self) -> None:
        self.has_room, self.refused, self.heard = threading.Event(), threading.Event(), list[Event]()

    def __call__(self, event: Event) -> None:
        if not self.has_room.is_set():
            self.refused.set()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.heard.append(event)


@pytest.fixture
def pause(tmp_path: Path) -> Iterator[Pause]:
    made = Pause(tmp_path, every=0.01)
    yield made
    made.stop()


@contextmanager
def waiting(full: Full, tell: Callable[[Event], None], *events: Event) -> Iterator[None]:
    """Within it, a thread that tells of these events waits for room; at its end it has told them."""

    def tell_all() -> None:
        for event in events:
            tell(event)

    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(tell_all)
        assert full.refused.wait(20)
        try:
            yield
        finally:
            full.has_room.set()
        told.result(20)


def test_what_is_told_at_once_does_not_wait_behind_a_full_disk(pause: Pause) -> None:
    full, heard = Full(), list[Event]()
    broadcast = Broadcast((full, heard.append), pause.patiently)
    with waiting(full, broadcast, FIRST), ThreadPoolExecutor(1) as pool:
        pool.submit(broadcast.at_once, SECOND).result(10)
        assert heard == [SECOND]
    assert (full.heard, heard) == ([FIRST], [SECOND, FIRST])


def test_what_one_thread_tells_is_heard_in_its_order_and_once_however_long_it_waited(pause: Pause) -> None:
    full, before, behind = Full(), list[Event](), list[Event]()
    broadcast = Broadcast((before.append, full, behind.append), pause.patiently)
    with waiting(full, broadcast, FIRST, SECOND):
        assert (before, behind) == ([FIRST], [])
    assert before == full.heard == behind == [FIRST, SECOND]


def test_each_of_several_tellers_waits_by_itself(pause: Pause) -> None:
    pauses, full = list[Event](), Full()
    pause.tell = pauses.append
    broadcast = Broadcast((full,), pause.patiently)
    with waiting(full, broadcast, FIRST):
        full.refused.clear()
        with waiting(full, broadcast, SECOND):
            pass
    assert sorted(str(event) for event in full.heard) == [str(FIRST), str(SECOND)]
    assert [type(event) for event in pauses] == [Paused, Resumed]


def test_what_a_listener_has_to_tell_is_made_when_all_have_heard_what_it_hears(pause: Pause) -> None:
    heard, room = list[Event](), threading.Event()
    tried = threading.Event()

    def made() -> Event:
        tried.set()
        if not room.is_set():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return SECOND

    def packer(event: Event) -> None:
        if event == FIRST:
            broadcast.later(lambda: pause.patiently(made))

    broadcast = Broadcast((packer, heard.append), pause.patiently)
    with ThreadPoolExecutor(2) as pool:
        told = pool.submit(broadcast, FIRST)
        assert tried.wait(20)
        try:
            pool.submit(broadcast.at_once, THIRD).result(10)
            assert heard == [FIRST, THIRD]
        finally:
            room.set()
        told.result(20)
    assert heard == [FIRST, THIRD, SECOND]


def test_an_order_to_end_soon_ends_a_slot_that_waits_for_room(pause: Pause, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PATIENCE", 0.1)
    full, heard = Full(), list[Event]()
    broadcast = Broadcast((full, heard.append), pause.patiently)
    children, failed = Children("trials", threading.Event(), broadcast), list[BaseException]()

    def work(slot: Slot) -> None:
        try:
            broadcast(FIRST)
        except OSError as error:
            failed.append(error)

    def wanted() -> list[Slot]:
        if full.refused.is_set():
            raise Terminated
        return [CPU]

    rescue = threading.Timer(15.0, full.has_room.set)  # or a test that fails would never end
    rescue.start()
    try:
        with pytest.raises(Terminated, match=r"^$"):
            serve(wanted, work, pause.stop, children.stop, children.halt)
    finally:
        rescue.cancel()
        rescue.join()
    assert heard == [Told("told to end: the running trials finish their epoch and are kept")]
    assert is_full_disk(failed[0])
