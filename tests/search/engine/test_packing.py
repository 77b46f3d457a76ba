"""How many trials a device takes: the rule by facts, and the listener by a search that is played to it."""

from collections.abc import Callable

import pytest

from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.packer import Packer
from cnnsearch.search.engine.packing import Lap, Memory, Room, gain, is_steady, obstacle
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.events import EpochEnded, TrialEnded, TrialRetried, TrialStarted
from cnnsearch.search.records import Epoch, Status, TrialRecord

GB = 1024**3
ROOMY = Room((Memory("the memory of cpu", 16 * GB, GB),), 0.5, 8)


@pytest.mark.parametrize(
    ("free", "trial", "busy", "most", "slots", "why"),
    [
        (16, 1, 0.5, 8, 1, ""),
        (16, 1, None, 8, 1, ""),
        (16, 1, 0.90, 8, 1, ""),
        (16, 1, 0.92, 8, 1, "already busy for 92% of the time"),
        (16, 1, 1.3, 8, 1, "already busy for 100% of the time"),
        (16, 6.8, 0.5, 8, 1, ""),
        (16, 6.9, 0.5, 8, 1, "the memory of gpu:0 is too small for 2"),
        (16, 4.6, 0.5, 8, 2, "the memory of gpu:0 is too small for 3"),
        (16, 1, 0.5, 2, 2, "no more than 2"),
    ],
)
def test_a_further_trial_needs_memory_and_idle_time(
    free: float, trial: float, busy: float | None, most: int, slots: int, why: str
) -> None:
    memory = Memory("the memory of gpu:0", int(free * GB), int(trial * GB))
    assert obstacle(Room((memory,), busy, most), slots) == why


def laps(trial: int, slots: int, *seconds: float) -> list[Lap]:
    return [Lap(trial, slots, each) for each in seconds]


@pytest.mark.parametrize(
    ("seconds", "starts", "epochs", "expected"),
    [
        (1.0, 1.0, 10, 2.0),
        (2.0, 2.0, 10, 1.0),
        (1.5, 1.5, 10, 2 / 1.5),
        (2.0, 1.0, 1, 2.0),
        (3.0, 1.0, 2, 1.0),
    ],
)
def test_the_gain_is_work_by_time_over_starts_and_epochs(
    seconds: float, starts: float, epochs: int, expected: float
) -> None:
    measured = [*laps(0, 1, 1.0, 1.0, 1.0), *laps(0, 2, seconds, seconds, seconds)]
    assert gain(measured, {1: [1.0], 2: [starts]}, epochs, 2) == pytest.approx(expected)


def test_other_trials_say_nothing_of_a_neighbour() -> None:
    measured = [*laps(0, 1, 1.0, 1.0, 1.0), *laps(1, 2, 9.0, 9.0, 9.0)]
    assert gain(measured, {1: [1.0], 2: [1.0]}, 10, 2) is None
    assert is_steady(measured, 2)


class Played:
    """A search of one CPU as the packer hears it; its clock is moved by its epochs."""

    def __init__(self, room: Callable[[], Room] = lambda: ROOMY) -> None:
        self.crew, self.told = Crew([CPU]), list[tuple[int, str]]()
        self._now = 0.0
        self._hear = Packer(self.crew, {"cpu": lambda _: room()}, self._decided, lambda: self._now)
        self._epochs = dict[int, int]()

    def _decided(self, device: str, slots: int, why: str) -> None:
        self.told.append((slots, why))

    def start(self, trial: int, slot: str = "cpu") -> None:
        self._epochs[trial] = 0
        self._hear(TrialStarted(trial, {}, slot, 50))

    def epochs(self, trial: int, count: int, seconds: float = 1.0) -> None:
        for _ in range(count):
            self._epochs[trial] += 1
            self._now += seconds
            self._hear(EpochEnded(trial, Epoch(self._epochs[trial], {}, seconds)))

    def end(self, trial: int, status: Status = Status.COMPLETED, reason: str = "") -> None:
        epochs = tuple(Epoch(number, {}, 1.0) for number in range(1, self._epochs[trial] + 1))
        self._hear(TrialEnded(TrialRecord(trial, {}, status, reason, epochs=epochs)))

    def run_out_of_memory(self, trial: int) -> None:
        self._hear(TrialRetried(trial, "oom", "no memory", 16, 2))

    def two_side_by_side(self, slower: float) -> None:
        """A trial becomes steady, gets a neighbour, and its epochs take so much longer."""
        self.start(0)
        self.epochs(0, 4)
        assert self.crew.count("cpu") == 2
        self.start(1, "cpu/2")
        self.epochs(1, 1, slower)
        self.epochs(0, 3, slower)


def test_a_search_begins_with_one_trial_and_adds_one_when_that_is_steady() -> None:
    played = Played()
    played.start(0)
    played.epochs(0, 3)
    assert played.crew.count("cpu") == 1
    played.epochs(0, 1)
    assert played.crew.count("cpu") == 2
    assert [slot.name for slot in played.crew.wanted] == ["cpu", "cpu/2"]


def test_a_busy_device_keeps_one_trial_and_says_why_once() -> None:
    played = Played(lambda: Room(ROOMY.memories, 0.97, 8))
    played.start(0)
    played.epochs(0, 9)
    assert played.crew.count("cpu") == 1
    assert played.told == [(1, "already busy for 97% of the time")]


def test_what_pays_stays_and_the_next_slot_waits_for_steady_trials() -> None:
    played = Played()
    played.two_side_by_side(slower=1.2)
    assert played.crew.count("cpu") == 2
    played.epochs(1, 3, 1.2)
    assert played.crew.count("cpu") == 3


def test_what_was_found_is_told_with_the_obstacle_to_more() -> None:
    played = Played(lambda: Room(ROOMY.memories, 0.5, 2))
    played.two_side_by_side(slower=1.25)
    played.epochs(1, 3, 1.25)
    assert played.told == [(2, "2 get 1.60 times as much done as 1; no more than 2")]


def test_a_slot_that_does_not_pay_is_taken_back() -> None:
    played = Played()
    played.two_side_by_side(slower=2.0)
    assert played.crew.count("cpu") == 1
    assert played.told == [(1, "2 would get 1.00 times as much done")]


def test_a_lack_of_memory_takes_a_slot_back_for_good() -> None:
    played = Played()
    played.two_side_by_side(slower=1.0)
    played.run_out_of_memory(1)
    assert played.crew.count("cpu") == 1
    assert played.told[-1] == (1, "a trial ran out of memory beside 1 more")
    played.epochs(0, 9)
    assert played.crew.count("cpu") == 1


def test_a_trial_that_grows_too_large_takes_a_slot_back() -> None:
    rooms = [ROOMY]
    played = Played(lambda: rooms[-1])
    played.two_side_by_side(slower=1.0)
    rooms.append(Room((Memory("the memory of cpu", 16 * GB, 9 * GB),), 0.5, 8))
    played.epochs(0, 1)
    assert played.told[-1][0] == 1
    assert "the memory of cpu is too small for 2" in played.told[-1][1]


def test_trials_too_short_to_compare_stay_alone() -> None:
    played = Played()
    for trial in range(0, 12, 2):
        played.start(trial)
        played.epochs(trial, 4)
        if played.crew.count("cpu") == 2:
            played.start(trial + 1, "cpu/2")
            played.end(trial)
            played.end(trial + 1)
    assert played.crew.count("cpu") == 1
    assert played.told == [(1, "trials are too short to compare")]


def test_a_device_is_looked_at_once_a_second_however_short_epochs_are() -> None:
    looks: list[int] = []
    played = Played(lambda: looks.append(1) or ROOMY)
    played.start(0)
    played.epochs(0, 41, seconds=0.125)
    assert len(looks) == 6
