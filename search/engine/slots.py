"""Slots: where a trial may run. Each visible GPU is one, or the CPU where there is none or where it is asked for."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from cnnsearch.search.devices.nvml import gpu_count
from cnnsearch.spaces.errors import CnnSearchError, Problem


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

    @property
    def device(self) -> str:
        """The name of its device, which other slots may share: `gpu:0`, `cpu`."""
        return self.name.partition("/")[0]

    @property
    def gpus(self) -> tuple[str, ...]:
        """The GPUs that it has, as `CUDA_VISIBLE_DEVICES` names them; none on the CPU."""
        return tuple(filter(None, self.environment.get("CUDA_VISIBLE_DEVICES", "").split(",")))


CPU = Slot("cpu", {"CUDA_VISIBLE_DEVICES": ""})


def visible_slots() -> tuple[Slot, ...]:
    """A slot for each GPU that `CUDA_VISIBLE_DEVICES` lets us see, or the CPU; no device is initialised for this."""
    return tuple(map(_slot_of, _visible_gpus())) or (CPU,)


def slots_on(device: str) -> tuple[Slot, ...]:
    """The slots that `search.device` asks for; no device is initialised for this.

    Raises:
        CnnSearchError: a GPU that is not there, or not to be seen.
    """
    if device == "cpu":
        return (CPU,)
    seen = visible_slots()
    if device == "auto":
        return seen
    there = {slot.name: slot for slot in seen if slot.is_gpu}
    asked = [f"gpu:{gpu}" for gpu in dict.fromkeys(device.partition(":")[2].split(","))] if ":" in device else [*there]
    missing = [name for name in asked if name not in there]
    if missing or not asked:
        raise _not_there(device, missing, list(there))
    return tuple(there[name] for name in asked)


def _not_there(device: str, missing: Sequence[str], there: Sequence[str]) -> CnnSearchError:
    got = ", ".join(missing) or device
    what = f"this machine has {', '.join(there)} and the CPU" if there else "this machine has no GPU, only the CPU"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    seen = "" if hidden is None else f" as far as CUDA_VISIBLE_DEVICES={hidden!r} shows them"
    rule = f"a device must be there, got {got}; {what}{seen}."
    return CnnSearchError(str(Problem("search.device", rule, "Set it to auto, which takes what is there.")))


def all_together(slots: Sequence[Slot]) -> Slot:
    """One slot with all the devices of these: `gpu:0,1`."""
    if len(slots) == 1:
        return slots[0]
    gpus = ",".join(gpu for slot in slots for gpu in slot.gpus)
    return Slot(f"gpu:{gpus}", {**slots[0].environment, "CUDA_VISIBLE_DEVICES": gpus})


def one_of(slot: Slot) -> Slot:
    """A slot with the first of its devices alone."""
    return _slot_of(slot.gpus[0]) if len(slot.gpus) > 1 else slot


def _slot_of(gpu: str) -> Slot:
    """A GPU's slot. Whoever shares the card must not find all of its memory taken by the first to come."""
    shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    # CUDA numbers the fastest GPU first, the driver by their places on the bus: one number must mean one GPU.
    order = os.environ.get("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    return Slot(f"gpu:{gpu}", {"CUDA_VISIBLE_DEVICES": gpu, "CUDA_DEVICE_ORDER": order, **shared})


def beside(slot: Slot, number: int) -> Slot:
    """The slot of this number, from 1, on the same device: `cpu`, `cpu/2`."""
    return slot if number == 1 else replace(slot, name=f"{slot.name}/{number}")


def _visible_gpus() -> list[str]:
    count = gpu_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None:
        return [str(index) for index in range(count)]
    names = [name.strip() for name in named.split(",")] if count else []
    return list(takewhile(lambda name: _exists(name, count), names))


def _exists(name: str, count: int) -> bool:
    """Whether CUDA takes a name of the variable; it ignores the first wrong one and all that follow."""
    index = name.removeprefix("-")
    return 0 <= int(name) < count if index.isdecimal() else bool(name)
