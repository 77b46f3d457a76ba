"""The decoded images of a search."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnnsearch.search.datasets import Datasets, Unwanted
from cnnsearch.spaces.document import Data

DATA = Data.model_validate({"source": "sample:digits", "image_size": [8, 8], "color": "gray"})
LARGER, LARGEST = (DATA.model_copy(update={"image_size": [side, side]}) for side in (10, 12))


@pytest.fixture
def slots() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Decoding:
    """The progress of a decoding that stops in its middle until it may go on."""

    def __init__(self) -> None:
        self.is_begun, self._may_go_on = threading.Event(), threading.Event()

    def __call__(self, done: int, total: int) -> None:
        if not self.is_begun.is_set():
            self.is_begun.set()
            assert self._may_go_on.wait(60)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within it, it does not go on."""
        assert self.is_begun.wait(60)
        try:
            yield
        finally:
            self._may_go_on.set()


def counted(asked: list[int], last: int) -> Callable[[], bool]:
    """Gives up when it is asked for the time with this number."""

    def given_up() -> bool:
        asked.append(len(asked) + 1)
        return asked[-1] == last

    return given_up


def test_decoding_that_is_given_up_ends_and_leaves_nothing_half(tmp_path: Path) -> None:
    told: list[int] = []
    datasets = Datasets(tmp_path, lambda done, total: told.append(done))
    with pytest.raises(Unwanted, match=r"^$"):
        datasets.of(DATA, lambda: len(told) == 3)
    assert len(told) == 3
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert len(datasets.of(DATA).rows("train")) > 1000


@pytest.mark.timeout(60)
def test_whoever_waits_for_what_another_run_decodes_may_give_up(tmp_path: Path, slots: ThreadPoolExecutor) -> None:
    decoding, asked = Decoding(), list[int]()
    slots.submit(Datasets(tmp_path, decoding).of, DATA)
    with decoding.held(), pytest.raises(Unwanted, match=r"^$"):
        slots.submit(Datasets(tmp_path).of, DATA, counted(asked, 4)).result(20)
    assert asked == [1, 2, 3, 4]


@pytest.mark.timeout(60)
def test_whoever_waits_for_what_another_slot_decodes_may_give_up(tmp_path: Path, slots: ThreadPoolExecutor) -> None:
    decoding, asked = Decoding(), list[int]()
    datasets = Datasets(tmp_path, decoding)
    slots.submit(datasets.of, DATA)
    with decoding.held(), pytest.raises(Unwanted, match=r"^$"):
        slots.submit(datasets.of, DATA, counted(asked, 2)).result(20)
    assert asked == [1, 2]


def test_a_source_is_not_even_listed_for_whoever_has_given_up(tmp_path: Path) -> None:
    with pytest.raises(Unwanted, match=r"^$"):
        Datasets(tmp_path).of(DATA.model_copy(update={"source": str(tmp_path / "absent")}), lambda: True)


def test_the_reading_of_files_whose_images_are_decoded_is_given_up_as_well(tmp_path: Path) -> None:
    Datasets(tmp_path).of(DATA)
    asked: list[int] = []
    with pytest.raises(Unwanted, match=r"^$"):
        Datasets(tmp_path).of(DATA, counted(asked, 100))
    assert len(asked) == 100


@pytest.mark.timeout(60)
def test_images_of_another_size_are_there_while_some_are_decoded(tmp_path: Path, slots: ThreadPoolExecutor) -> None:
    decoding = Decoding()
    decoding.is_begun.set()
    datasets = Datasets(tmp_path, decoding)
    known = datasets.of(DATA)
    decoding.is_begun.clear()
    slots.submit(datasets.of, LARGER)
    with decoding.held():
        assert slots.submit(datasets.of, DATA).result(20) is known
        assert slots.submit(datasets.of, LARGEST).result(20).shape == (12, 12, 1)
