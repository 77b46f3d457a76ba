"""Which slots of a search serve at present: their number on each device may change while it goes on."""

import threading
from collections.abc import Sequence

from cnnsearch.search.engine.slots import Slot, all_together, beside, slots_on
from cnnsearch.spaces.sections.search import Search


class Crew:
    """The slots that are wanted; any thread may ask, and be told otherwise the next time.

    Args:
        devices: the first slot of each.
        count: of slots on each at the beginning.
    """

    def __init__(self, devices: Sequence[Slot], count: int = 1) -> None:
        self.devices = tuple(devices)
        self._counts = {slot.device: count for slot in devices}
        self._lock = threading.Lock()
        self._on_cpu: set[str] = set()
        self._processes: dict[str, int] = {}

    @property
    def wanted(self) -> tuple[Slot, ...]:
        """The slots that should serve now; the first of all devices come first."""
        with self._lock:
            counts = dict(self._counts)
        numbers = range(1, max(counts.values()) + 1)
        return tuple(beside(slot, n) for n in numbers for slot in self.devices if n <= counts[slot.device])

    def wants(self, slot: Slot) -> bool:
        """Whether a slot should begin another trial."""
        return slot in self.wanted

    def count(self, device: str) -> int:
        """How many slots are wanted on a device."""
        with self._lock:
            return self._counts[device]

    def resize(self, device: str, count: int) -> None:
        """Want so many slots on a device from now on; one too many leaves when its trial has ended.

        A device whose trials train on the CPU keeps what it has.
        """
        with self._lock:
            if device not in self._on_cpu:
                self._counts[device] = count

    def trains_on_cpu(self, device: str) -> None:
        """The trials of a device train on the CPU after all, in each other's way: its slots leave.

        Where that is so of all devices, one slot stays, on the one that is known last: there a trial runs, so that
        somebody always serves.
        """
        with self._lock:
            if device in self._on_cpu:
                return
            self._on_cpu.add(device)
            is_last = len(self._on_cpu) == len(self._counts)
            self._counts[device] = 1 if is_last else 0

    def runs(self, slot: Slot, process: int) -> None:
        """Note the number of the process that runs a slot's trial."""
        with self._lock:
            self._processes[slot.name] = process

    def process_of(self, slot: str) -> int | None:
        """The number of the process that ran last on the slot of this name."""
        with self._lock:
            return self._processes.get(slot)


def crew_of(search: Search) -> Crew:
    """The slots that a search begins with.

    Raises:
        CnnSearchError: `search.device` names a GPU that is not there.
    """
    devices = devices_of(search)
    is_counted = isinstance(search.per_device, int) and search.strategy == "trials"
    return Crew(devices, int(search.per_device) if is_counted else 1)


def devices_of(search: Search) -> tuple[Slot, ...]:
    """A slot for each device of a search; where they work together, one for all of them.

    Raises:
        CnnSearchError: `search.device` names a GPU that is not there.
    """
    slots = slots_on(search.device)
    return slots if search.strategy == "trials" else (all_together(slots),)
