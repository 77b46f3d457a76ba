"""Slots that are served side by side."""

import errno
import threading
from pathlib import Path

import pytest

from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.serving import serve, writing_in
from cnnsearch.search.engine.slots import CPU, Slot
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
