"""Where a run takes place: what somebody needs to know who wants its numbers again."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil

from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.json_file import read_object
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.writing import write_json

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


def note_packing(run: RunFolder, device: str, slots: int, why: str) -> str:
    """Add to a run's `environment.json` how many trials run side by side on a device, and why; gives it in words."""
    found = read_object(run.environment)
    found["per_device"] = found.get("per_device", {}) | {device: {"slots": slots, "why": why}}
    write_json(run.environment, found)
    trials = "one trial at a time" if slots == 1 else f"{slots} trials side by side"
    return f"{device}: {trials} ({why})"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
