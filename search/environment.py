"""Where a run takes place: what somebody needs to know who wants its numbers again."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

from cnnsearch.search.engine.slots import Slot

_PACKAGES = (
    "cnnsearch",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "keras-tuner",
    "optuna",
    "numpy",
    "pillow",
    "scikit-learn",
)
_VARIABLES = ("KERAS_BACKEND", "KERAS_HOME", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")


def environment(slots: Sequence[Slot]) -> dict[str, Any]:
    """Versions, machine, devices and the variables that matter, as JSON values; memory in bytes."""
    return {
        "command": sys.argv,
        "packages": {name: found for name in _PACKAGES if (found := _version(name))},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_cores": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "slots": [slot.name for slot in slots],
        "variables": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
