"""`search.per_device: auto`: listens to a search and changes how many trials run side by side on each device."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from cnnsearch.search.engine.crew import Crew
from cnnsearch.search.engine.occupancy import Occupancy
from cnnsearch.search.engine.packing import LEAST_GAIN, Lap, Room, gain, is_steady, obstacle
from cnnsearch.search.events import EpochEnded, Event, FeaturesMade, TrialEnded, TrialRetried, TrialStarted
from cnnsearch.search.records import Failure
from cnnsearch.spaces.sections.search import Search

Read = Callable[[Sequence[int]], Room]
"""What a device has left beside these processes."""
Decided = Callable[[str, int, str], None]
"""Told of a device, the number of trials that it is settled on, and why."""
_TRIES = 3
"""How often a further slot is tried that nothing could be learnt of."""
_EVERY = 1.0
"""Seconds between two looks at a device: the driver and the processes of all slots take a while to answer, and whoever
has an event to tell waits."""


class Packer:
    """Begins with one trial on each device and adds as many as make the search faster; a listener.

    Args:
        crew: whose slots it adds and takes away.
        read: how full and busy each device is, by its name.
        decided: told once for each device, and again where memory takes a slot away.
        clock: seconds, of which only differences count.
    """

    def __init__(
        self,
        crew: Crew,
        read: Mapping[str, Read],
        decided: Decided,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._devices = {
            slot.device: _Device(slot.device, crew, read[slot.device], decided, clock) for slot in crew.devices
        }
        self._on: dict[int, str] = {}

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, TrialStarted):
            self._on[event.number] = event.slot.partition("/")[0]
            self._devices[self._on[event.number]].started(event.number, event.slot)
        elif isinstance(event, TrialEnded):
            device = self._on.pop(event.trial.number, None)
            if device:
                self._devices[device].ended(event.trial.number, len(event.trial.epochs))
                if event.trial.reason == Failure.OOM:
                    self._devices[device].ran_out_of_memory()
        elif isinstance(event, TrialRetried | EpochEnded | FeaturesMade):
            device = self._on.get(event.number)
            if device is None:
                return
            if isinstance(event, TrialRetried):
                self._devices[device].ran_out_of_memory()
            elif isinstance(event, FeaturesMade):
                if event.done < event.total:  # whoever finds all of them kept says so, too
                    self._devices[device].made_features(event.number)
            else:
                self._devices[device].epoch_ended(event.number, event.epoch.seconds, event.epoch.work)


class _Device:
    """One device: the trials that run on it now, what they showed, and what follows."""

    def __init__(self, name: str, crew: Crew, read: Read, decided: Decided, clock: Callable[[], float]) -> None:
        self._name, self._crew, self._read, self._decided, self._clock = name, crew, read, decided, clock
        self._running: dict[int, str] = {}
        self._changed, self._looked = 0.0, -_EVERY
        self._began: dict[int, tuple[float, int]] = {}
        self._laps: list[Lap] = []
        self._starts: dict[int, list[float]] = {}
        self._epochs: list[int] = []
        self._proven, self._most = 1, 0
        self._tries = 0
        self._said = ""

    def started(self, trial: int, slot: str) -> None:
        self._change()
        self._running[trial] = slot
        self._began[trial] = (self._clock(), len(self._running))

    def made_features(self, trial: int) -> None:
        """Its start is no trial's own."""
        self._began.pop(trial, None)

    def ended(self, trial: int, epochs: int) -> None:
        self._change()
        self._running.pop(trial, None)
        self._began.pop(trial, None)
        if epochs:
            self._epochs.append(epochs)
        if self._is_trying and not self._running.keys() & {lap.trial for lap in self._laps}:
            self._try_later()

    def _change(self) -> None:
        self._changed = self._clock()

    def epoch_ended(self, trial: int, seconds: float, work: float) -> None:
        now, beside = self._clock(), len(self._running)
        if trial in self._began:
            began, started_beside = self._began.pop(trial)
            self._starts.setdefault(min(beside, started_beside), []).append(now - began)
        elif now - seconds >= self._changed:
            self._laps.append(Lap(trial, beside, seconds / work))
        if now - self._looked >= _EVERY:
            self._looked = now
            self._decide()

    @property
    def _is_trying(self) -> bool:
        return self._crew.count(self._name) > self._proven

    def _decide(self) -> None:
        room = self._read([number for slot in self._running.values() if (number := self._crew.process_of(slot))])
        slots = self._crew.count(self._name)
        full = next((memory for memory in room.memories if not memory.holds(slots)), None)
        if full and slots > 1:
            self._settle(slots - 1, f"{full.name} is too small for {slots}")
            return
        if self._most:
            return
        found = gain(self._laps, self._starts, self._typical, self._proven + 1)
        if found is not None:
            self._judge(found)
        elif not self._is_trying and is_steady(self._laps, self._proven) and self._starts.get(self._proven):
            self._try(room)

    @property
    def _typical(self) -> float:
        return median(self._epochs) if self._epochs else max(2.0, len(self._laps) + 1.0)

    def _try(self, room: Room) -> None:
        why = obstacle(room, self._proven)
        if why:
            self._settle(self._proven, why)
        else:
            self._crew.resize(self._name, self._proven + 1)

    def _try_later(self) -> None:
        """Nothing was learnt of the further slot; the trials that go on without it may still tell."""
        self._tries += 1
        self._crew.resize(self._name, self._proven)
        if self._tries >= _TRIES:
            self._settle(self._proven, "trials are too short to compare")

    def _judge(self, found: float) -> None:
        more = self._proven + 1
        if found < LEAST_GAIN:
            self._settle(self._proven, f"{more} would get {found:.2f} times as much done")
            return
        self._proven, self._tries = more, 0
        self._crew.resize(self._name, more)
        self._said = f"{more} get {found:.2f} times as much done as {more - 1}"

    def _settle(self, slots: int, why: str) -> None:
        """Stay with so many slots from now on."""
        self._proven = self._most = slots
        self._crew.resize(self._name, slots)
        self._decided(self._name, slots, "; ".join(filter(None, [self._said, why])))
        self._said = ""

    def ran_out_of_memory(self) -> None:
        slots = self._crew.count(self._name)
        if slots > 1:
            self._said = ""
            self._settle(slots - 1, f"a trial ran out of memory beside {slots - 1} more")


def packers_of(search: Search, crew: Crew, decided: Decided) -> tuple[Packer, ...]:
    """Who packs the devices of a search; nobody where it says how many trials run on each."""
    if search.per_device != "auto" or search.strategy != "trials":
        return ()
    return (Packer(crew, {slot.device: Occupancy(slot).read for slot in crew.devices}, decided),)
