"""NVIDIA's management library: which GPUs there are and how they stand, without touching them. Its only place.

A GPU is named as `CUDA_VISIBLE_DEVICES` names it: by its number on the PCI bus, or by a UUID such as `GPU-8f6c...`.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pynvml


@dataclass(frozen=True)
class GpuState:
    """How a GPU stands at a moment.

    Attributes:
        total, used: its memory and what of it is taken, by whomever, in bytes.
        busy: the share of the last moments in which it ran something; None where the driver does not say.
    """

    total: int
    used: int
    busy: float | None


def gpu_count() -> int:
    """How many GPUs the machine has; 0 without a driver."""
    with _driver() as is_there:
        return int(pynvml.nvmlDeviceGetCount()) if is_there else 0


def capability_of(gpu: str) -> tuple[int, int] | None:
    """The compute capability of a GPU, such as (8, 0); None where nobody knows it."""
    with _driver() as is_there:
        if is_there:
            with suppress(pynvml.NVMLError):
                major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(_handle(gpu))
                return int(major), int(minor)
    return None


def name_of(gpu: str) -> str:
    """What a GPU is called, such as `NVIDIA H100 80GB HBM3`; empty where nobody knows."""
    with _driver() as is_there:
        if is_there:
            with suppress(pynvml.NVMLError):
                return str(pynvml.nvmlDeviceGetName(_handle(gpu)))
    return ""


def state_of(gpu: str) -> GpuState | None:
    """How a GPU stands; None where the driver does not say."""
    with _driver() as is_there:
        if is_there:
            with suppress(pynvml.NVMLError):
                handle = _handle(gpu)
                memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
                return GpuState(int(memory.total), int(memory.used), _busy(handle))
    return None


def _busy(handle: Any) -> float | None:  # noqa: ANN401 - a pointer of the library
    try:
        return float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu) / 100
    except pynvml.NVMLError:  # a part of a GPU (MIG) does not say
        return None


def _handle(gpu: str) -> Any:  # noqa: ANN401 - a pointer of the library
    if gpu.isdecimal():
        return pynvml.nvmlDeviceGetHandleByIndex(int(gpu))
    return pynvml.nvmlDeviceGetHandleByUUID(gpu)


@contextmanager
def _driver() -> Iterator[bool]:
    """Whether there is a driver to ask, within."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield False
        return
    try:
        yield True
    finally:
        pynvml.nvmlShutdown()
