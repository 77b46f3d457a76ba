"""Slots that are served side by side."""

import errno
import threading
from pathlib import Path

import pytest

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.runner import Work
from cnnsearch.search.engine.serving import Children, serve, writing_in
from cnnsearch.search.engine.slots import CPU, Slot
from cnnsearch.search.events import Event, Told
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.records import Failure
from cnnsearch.search.trial.messages import Broken, Message
from cnnsearch.spaces.errors import CnnSearchError


@pytest.mark.timeout(60)
def test_every_slot_is_served_at_the_same_time() -> None:
    all_here, served = threading.Barrier(4), []

    def work(slot: Slot) -> None:
        all_here.wait()
        served.append(slot.name)

    slots = Crew([CPU], 4).wanted
    wanted = lambda: () if served else slots  # noqa: E731
    serve(wanted, work, lambda: served.append("interrupted"), lambda: served.append("stop"))
    assert sorted(served[:4]) == ["cpu", "cpu/2", "cpu/3", "cpu/4"]
    assert served[4:] == ["stop"]


@pytest.mark.timeout(60)
def test_a_slot_that_comes_to_be_wanted_is_called_up_while_another_serves() -> None:
    first, second = Crew([CPU], 2).wanted
    begun, called = threading.Event(), threading.Event()

    def work(slot: Slot) -> None:
        begun.set()
        (called.wait if slot == first else called.set)()

    wanted = lambda: (first, second) if begun.is_set() and not called.is_set() else (first,)[called.is_set() :]  # noqa: E731
    serve(wanted, work, lambda: None, lambda: None)
    assert called.is_set()


def test_what_one_of_them_raises_is_raised_here() -> None:
    def work(slot: Slot) -> None:
        raise CnnSearchError(f"{slot.name}: no")

    with pytest.raises(CnnSearchError, match=r"^cpu: no$"):
        serve(lambda: [CPU], work, lambda: None, lambda: None)


def test_a_file_that_cannot_be_written_is_named_and_a_closed_pipe_is_not() -> None:
    with (
        pytest.raises(CnnSearchError, match=r"runs/x-001: the run's files must be writable, got .*Read-only.*the same"),
        writing_in(Path("runs/x-001")),
    ):
        raise OSError(errno.EROFS, "Read-only file system")
    with pytest.raises(BrokenPipeError, match="gone"), writing_in(Path("runs/x-001")):
        raise BrokenPipeError("gone")


class WithoutImages:
    """A training that does not come to its process."""

    def prepare(self) -> Work:
        raise DataError("photos", "an image must decode, got none.")

    def answer(self, message: Message) -> object | None:
        raise AssertionError(message)


def test_a_training_whose_images_cannot_be_decoded_has_failed_and_ends_no_other() -> None:
    children = Children("trials", threading.Event(), Broadcast(()))
    assert children.run(CPU, WithoutImages()) == Broken(Failure.DATA, "photos: an image must decode, got none.")
    assert not children.are_ending


def test_an_order_to_end_soon_is_told_with_what_it_ends() -> None:
    heard: list[Event] = []
    halting = threading.Event()
    children = Children("retrainings", halting, Broadcast((heard.append,)))
    children.halt()
    assert halting.is_set()
    assert children.are_ending
    assert heard == [Told("told to end: the running retrainings finish their epoch and are kept")]
