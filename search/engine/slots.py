"""Slots: where a trial may run. Each visible GPU is one, or the CPU where there is none."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

import pynvml


@dataclass(frozen=True)
class Slot:
    """A device for one trial at a time.

    Attributes:
        name: `gpu:0`, `cpu`; `cpu/2` for the second one on the same device.
        environment: variables that the trial's process sets before it touches the device.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_gpu(self) -> bool:
        """Whether a GPU is meant."""
        return self.name.startswith("gpu")


CPU = Slot("cpu", {"CUDA_VISIBLE_DEVICES": ""})


def visible_slots() -> tuple[Slot, ...]:
    """A slot for each GPU that `CUDA_VISIBLE_DEVICES` lets us see, or the CPU; no device is initialised for this."""
    devices = _visible_gpus()
    if not devices:
        return (CPU,)
    # Whoever shares the card must not find all of its memory taken by the first to come.
    shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    return tuple(Slot(f"gpu:{gpu}", {"CUDA_VISIBLE_DEVICES": gpu, **shared}) for gpu in devices)


def side_by_side(slots: Sequence[Slot], count: int) -> tuple[Slot, ...]:
    """So many slots in the place of each, on the same device: `cpu`, `cpu/2`. The first of all devices come first."""
    return tuple(
        slot if number == 1 else replace(slot, name=f"{slot.name}/{number}")
        for number in range(1, count + 1)
        for slot in slots
    )


def _visible_gpus() -> list[str]:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no NVIDIA driver on this machine
        return []
    try:
        count = pynvml.nvmlDeviceGetCount()
    finally:
        pynvml.nvmlShutdown()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [str(index) for index in range(count)]
    names = [name.strip() for name in named.split(",")] if count else []
    return list(takewhile(lambda name: _exists(name, count), names))


def _exists(name: str, count: int) -> bool:
    """Whether CUDA takes a name of the variable; it ignores the first wrong one and all that follow."""
    index = name.removeprefix("-")
    return 0 <= int(name) < count if index.isdecimal() else bool(name)
