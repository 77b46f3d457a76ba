"""Whose time goes on while somebody waits for room on a disk."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.errors import NoRoom
from cnnsearch.search.engine.budget import TIME_IS_UP, Budget, Limits
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.events import Event, Paused, TrialEnded
from cnnsearch.search.records import Status
from cnnsearch.search.trial.messages import DiskFull
from cnnsearch.spaces.document import Data
from tests.search.engine import works
from tests.search.engine.searching import searching, space_text

A_WHILE = 0.3
"""Seconds in which a clock that goes on is told from one that stands."""


@contextmanager
def elsewhere(pause: Pause, *, trains: bool, waits: bool) -> Iterator[None]:
    """Within it, another thread has a training, or waits for room, or both."""
    is_ready, may_end = threading.Event(), threading.Event()

    def serve() -> None:
        if trains:
            pause.training_begins()
        if waits:
            pause.begin()
        is_ready.set()
        may_end.wait(60)
        if waits:
            pause.end()
        if trains:
            pause.training_ends()

    thread = threading.Thread(target=serve)
    thread.start()
    assert is_ready.wait(60)
    try:
        yield
    finally:
        may_end.set()
        thread.join(60)


def passed(seconds: Callable[[], float]) -> float:
    before = seconds()
    time.sleep(A_WHILE)
    return seconds() - before


def test_a_search_stands_still_while_somebody_waits_and_nobody_trains(tmp_path: Path) -> None:
    pause = Pause(tmp_path)

    def still() -> float:
        return pause.seconds

    with elsewhere(pause, trains=True, waits=True):
        assert passed(still) >= A_WHILE
        with elsewhere(pause, trains=True, waits=False):
            assert passed(still) == 0.0
        with elsewhere(pause, trains=True, waits=True):
            assert passed(still) >= A_WHILE
    assert passed(still) == 0.0
    with elsewhere(pause, trains=False, waits=True):
        assert passed(still) >= A_WHILE


def test_the_time_of_a_trial_goes_on_while_another_one_waits_but_not_while_it_waits_itself(tmp_path: Path) -> None:
    search = searching(tmp_path, space_text("trials: 1, trial_time: 60s"))
    search.bench = replace(search.bench, pause=Pause(tmp_path, every=0.0))
    attempts = search.dialogue()

    def patience() -> float:
        return attempts.patience() or 0.0

    with elsewhere(search.bench.pause, trains=True, waits=True):
        assert passed(patience) <= -A_WHILE
    attempts.answer(DiskFull())
    assert passed(patience) == pytest.approx(0.0, abs=0.05)
    attempts.close()


class NoRoomYet(NoRoom):
    """A disk of caches that is too full until there is room."""

    def __init__(self, folder: Path, room: threading.Event) -> None:
        super().__init__(folder, 10, "the image cache needs 10 bytes, got 9 bytes free.", "Free some space.")
        self.room = room

    @property
    def is_over(self) -> bool:
        return self.room.is_set()


@pytest.mark.timeout(120)
@pytest.mark.usefixtures("forkserver")
def test_the_time_of_a_search_ends_a_trial_beside_one_that_waits_for_the_room_of_its_images(tmp_path: Path) -> None:
    room, first = threading.Event(), threading.Lock()

    def ended(event: Event) -> None:
        if isinstance(event, TrialEnded):
            room.set()

    text = space_text("trials: 2, time: 3s", training="epochs: 80")
    search = searching(tmp_path, text, works.train_slowly, per_device=2, listeners=[ended])
    pause, told, images_of = Pause(tmp_path, every=0.05), list[Event](), search.bench.dataset_of
    pause.tell = told.append
    budget = Budget(Limits(seconds=3.0), paused=lambda: pause.seconds)

    def images(data: Data, given_up: Callable[[], bool]) -> Dataset:
        if first.acquire(blocking=False) or room.is_set():
            return images_of(data, given_up)
        raise NoRoomYet(tmp_path / "caches", room) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    search.bench = replace(search.bench, pause=pause, budget=budget, dataset_of=images)
    search.run()
    assert [type(event) for event in told[:1]] == [Paused]
    trained, *_ = [event.trial for event in search.heard if isinstance(event, TrialEnded)]
    assert (trained.status, trained.reason) == (Status.STOPPED_EARLY, TIME_IS_UP)
    assert len(trained.epochs) < 80
