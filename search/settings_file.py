"""The file of a trial of somebody's HyperModel, in a configuration's place: the values that its `build(hp)` got."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnsearch.spaces.written import as_yaml

_KEY = "hyperparameters"


def settings_text(values: Mapping[str, Any]) -> str:
    """The file's text."""
    return as_yaml({_KEY: dict(values)}, "of a keras_tuner.HyperModel: its build(hp) makes the model")


def is_settings(config: Path) -> bool:
    """Whether a trial's file is of this kind, and no configuration in the space language."""
    text = config.read_text(encoding="utf-8", errors="replace") if config.is_file() else ""
    return any(line.startswith(f"{_KEY}:") for line in text.splitlines())
