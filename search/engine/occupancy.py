"""How full and how busy a device is: read from the driver for GPUs, from the system for the CPU."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from cnnsearch.search.devices.nvml import state_of
from cnnsearch.search.engine.packing import Memory, Room
from cnnsearch.search.engine.slots import Slot

MOST = 64
"""Slots on one GPU; on the CPU there are at most as many as cores."""


class Occupancy:
    """Reads what the trials of one device take, again and again.

    What others take on a GPU is what is taken before the first trial. A trial's greatest memory is remembered.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._of_others = sum(state.used for gpu in slot.gpus if (state := state_of(gpu)))
        self._trial, self._on_gpu = 0, 0
        self._busy = list[float]()

    def read(self, processes: Sequence[int]) -> Room:
        """What is left beside these processes, of which each runs a trial."""
        host, cpu = self._of_the_machine(processes)
        if not self._slot.is_gpu:
            return Room((host,), cpu, most=len(os.sched_getaffinity(0)))
        memory, busy = self._of_the_gpus(len(processes))
        return Room((memory, host), busy, MOST)

    def _of_the_machine(self, processes: Sequence[int]) -> tuple[Memory, float | None]:
        """The machine's memory, and the share of its cores' time that trials take."""
        taken, busy = 0, 0.0
        for number in processes:
            with suppress(psutil.Error):  # it has ended
                process = psutil.Process(number)
                resident = process.memory_info().rss
                taken, self._trial = taken + resident, max(self._trial, resident)
                times = process.cpu_times()
                busy += (times.user + times.system) / max(1e-3, time.time() - process.create_time())
        cores = len(os.sched_getaffinity(0))
        return Memory("the machine's memory", available_memory() + taken, self._trial), busy / cores if busy else None

    def _of_the_gpus(self, trials: int) -> tuple[Memory, float | None]:
        states = [state for gpu in self._slot.gpus if (state := state_of(gpu))]
        used = sum(state.used for state in states) - self._of_others
        self._on_gpu = max(self._on_gpu, used // max(1, trials))
        self._busy += [state.busy for state in states if state.busy is not None]
        self._busy = self._busy[-20:]
        free = sum(state.total for state in states) - self._of_others
        busy = sum(self._busy) / len(self._busy) if self._busy else None
        return Memory(f"the memory of {self._slot.device}", free, self._on_gpu), busy


def available_memory(root: Path = Path("/")) -> int:
    """Bytes of memory that are free, for this process's control group where that has a limit."""
    free = psutil.virtual_memory().available
    group = root / "sys/fs/cgroup"
    with suppress(OSError, ValueError):  # no limit, or none that we can see
        limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        free = min(free, max(0, limit - used))
    return free
