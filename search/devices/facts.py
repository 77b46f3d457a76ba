"""What a trial's process knows of the device that it was given."""

import os
from dataclasses import dataclass
from pathlib import Path

import keras

from cnnsearch.search.devices.nvml import capability_of

_OF_BFLOAT16 = frozenset(("avx512_bf16", "amx_bf16"))
"""As Linux calls the instructions of x86 that multiply bfloat16."""


@dataclass(frozen=True)
class DeviceFacts:
    """What decides how a network is run.

    Attributes:
        kind: `gpu` or `cpu`.
        backend: of Keras: `tensorflow`, `jax` or `torch`.
        capability: a GPU's compute capability, such as (8, 0), the least of several; None where nobody knows it.
        multiplies_bfloat16: whether it is a CPU on which this backend's products in bfloat16 are faster.
    """

    kind: str
    backend: str
    capability: tuple[int, int] | None = None
    multiplies_bfloat16: bool = False

    @property
    def is_gpu(self) -> bool:
        """Whether it is a GPU."""
        return self.kind == "gpu"


def gpus_here() -> list[str]:
    """The GPUs that Keras sees in this process, such as `gpu:0`; initialises them."""
    # Asked for GPUs where there are none, JAX raises an error.
    return [device for device in keras.distribution.list_devices() if device.startswith("gpu")]


def device_facts() -> DeviceFacts:
    """What Keras trains on in this process; initialises the device."""
    backend = keras.backend.backend()
    if not gpus_here():
        return DeviceFacts("cpu", backend, multiplies_bfloat16=backend == "tensorflow" and cpu_multiplies_bfloat16())
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")
    known = [capability for gpu in visible if (capability := capability_of(gpu.strip()))]
    return DeviceFacts("gpu", backend, min(known, default=None))


def cpu_multiplies_bfloat16(described: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU has instructions for it, and TensorFlow the library that uses them (oneDNN)."""
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return False
    try:
        lines = described.read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        return False
    flags = next((line for line in lines if line.startswith("flags")), "").split()
    return not _OF_BFLOAT16.isdisjoint(flags)
