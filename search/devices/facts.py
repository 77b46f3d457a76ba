"""What a trial's process knows of the device that it was given."""

import os
from dataclasses import dataclass

import keras

from cnnsearch.search.devices.nvml import capability_of


@dataclass(frozen=True)
class DeviceFacts:
    """What decides how a network is run.

    Attributes:
        kind: `gpu` or `cpu`.
        backend: of Keras: `tensorflow`, `jax` or `torch`.
        capability: a GPU's compute capability, such as (8, 0), the least of several; None where nobody knows it.
    """

    kind: str
    backend: str
    capability: tuple[int, int] | None = None

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
        return DeviceFacts("cpu", backend)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")
    known = [capability for gpu in visible if (capability := capability_of(gpu.strip()))]
    return DeviceFacts("gpu", backend, min(known, default=None))
