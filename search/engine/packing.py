"""How many trials a device takes side by side, from what was measured on it: plain values in, a decision out.

Trials differ by much more than what a neighbour costs them, so two numbers of slots are never compared by different
trials: what counts is how much longer the epochs of the same trial took with a neighbour more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

LEAST_GAIN = 1.1
"""How much more must get done with a slot more."""
MOST_MEMORY = 0.85
"""The share of a memory that trials may take together."""
_LAPS = 3
"""Epochs of a trial, its first one aside, that show how long one takes."""


@dataclass(frozen=True)
class Memory:
    """A memory that trials share.

    Attributes:
        name: such as `memory of gpu:0`.
        free: bytes that trials may take, those that they have included.
        trial: the most that one has taken.
    """

    name: str
    free: int
    trial: int

    def holds(self, trials: int) -> bool:
        """Whether so many trials fit into it."""
        return trials * self.trial <= MOST_MEMORY * self.free


@dataclass(frozen=True)
class Room:
    """What a device has left beside the trials that run on it.

    Attributes:
        memories: its own, and the machine's.
        busy: the share of the time in which it is at work already; None where nobody knows.
        most: slots that it may have at all.
    """

    memories: tuple[Memory, ...]
    busy: float | None
    most: int


def obstacle(room: Room, slots: int) -> str:
    """Why a device with so many slots gets none more, in words; empty where it may.

    A device that is busy for nine tenths of its time cannot get a tenth more done.
    """
    if slots >= room.most:
        return f"no more than {room.most}"
    full = next((memory for memory in room.memories if not memory.holds(slots + 1)), None)
    if full:
        return f"{full.name} is too small for {slots + 1}"
    if room.busy is not None and room.busy * LEAST_GAIN > 1:
        return f"already busy for {min(1.0, room.busy):.0%} of the time"
    return ""


@dataclass(frozen=True)
class Lap:
    """An epoch of a trial, through all of which as many trials ran on its device.

    Attributes:
        trial: its number.
        slots: how many trials ran, itself included.
        seconds: what it took.
    """

    trial: int
    slots: int
    seconds: float


def is_steady(laps: Sequence[Lap], slots: int) -> bool:
    """Whether some trial has shown how long its epochs take among so many."""
    return any(len(seconds) >= _LAPS for seconds in _by_trial(laps, slots).values())


def gain(laps: Sequence[Lap], starts: Mapping[int, Sequence[float]], epochs: float, slots: int) -> float | None:
    """How much more is done by so many slots than by one less, 1 for the same; None as long as nobody knows.

    A trial is its start, which ends with its first epoch, and its other epochs.

    Args:
        laps: all of the device.
        starts: seconds of starts, by the number of trials that ran.
        epochs: of a trial.
        slots: the larger number.
    """
    fewer, more = _by_trial(laps, slots - 1), _by_trial(laps, slots)
    both = [trial for trial in fewer.keys() & more.keys() if min(len(fewer[trial]), len(more[trial])) >= _LAPS]
    if not both or not starts.get(slots - 1) or not starts.get(slots):
        return None
    slower = median(median(more[trial]) / median(fewer[trial]) for trial in both)
    epoch = median(median(fewer[trial]) for trial in both)
    before = median(starts[slots - 1]) + (epochs - 1) * epoch
    after = median(starts[slots]) + (epochs - 1) * epoch * slower
    return slots / (slots - 1) * before / after


def _by_trial(laps: Sequence[Lap], slots: int) -> dict[int, list[float]]:
    """The seconds of each trial's epochs among so many."""
    found: dict[int, list[float]] = {}
    for lap in laps:
        if lap.slots == slots:
            found.setdefault(lap.trial, []).append(lap.seconds)
    return found
