"""What a model file from somebody else may not have in it: code of its maker's, or a way to it."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnsearch.spaces.errors import CnnSearchError, Problem

_RUNS_CODE = ("Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")
"""Layers of Keras that may hold code or lead to it."""


def refuse_code(file: Path) -> None:
    """Refuse a model that wants code of its maker's to run; Keras' safe mode would, too, in other words.

    What this program has registered with Keras itself is no code of the file's maker. How the model was compiled does
    not matter: it is loaded without that.

    Raises:
        CnnSearchError: it does.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            config = json.loads(archive.read("config.json"))
    except (OSError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError, RecursionError):
        return  # damaged: Keras says how
    if isinstance(config, dict):
        config.pop("compile_config", None)
    if found := next(filter(None, map(_foreign, _nodes(config))), None):
        rule = f"a model file is loaded without running any code of its maker's, got {found[:80]!r} in it."
        advice = "Have it made of Keras' own layers; where you trust it, load it with Keras yourself."
        raise CnnSearchError(str(Problem(str(file), rule, advice)))


def _nodes(config: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - a tree of JSON values
    waiting = [config]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
        waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()


def _foreign(node: dict[str, Any]) -> str:
    """The name of what runs code that is not of Keras; empty where a part of a model's configuration has none."""
    name, module = str(node.get("class_name", "")), str(node.get("module") or "keras")
    if name in _RUNS_CODE:
        return name
    is_ours = module.partition(".")[0] in ("keras", "builtins") or _is_registered(node.get("registered_name"))
    return "" if is_ours else name or module


def _is_registered(name: object) -> bool:
    import keras

    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None
