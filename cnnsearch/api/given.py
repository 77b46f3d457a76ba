"""What is given to `cnnsearch.run`, as the space language takes it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnsearch.commands.overrides import overrides
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.load import load_space, loads_space
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.written import as_yaml

Text = str | os.PathLike[str]


def settings_of(
    values: Mapping[str, Any] | None, data: Text | None, trials: int | None, time: str | float | None
) -> list[str]:
    """The `KEY=VALUE` texts of what is set.

    Raises:
        CnnSearchError: a key is no text, or a value none that the language has.
    """
    named = {"data": None if data is None else _path(data), "trials": trials, "time": time}
    options = {name: plain_value(value, name) for name, value in named.items()}
    return overrides([f"{key}={json.dumps(value)}" for key, value in _settings(values or {}).items()], **options)


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        rule = f"settings are a mapping of dotted keys, got {type(values).__name__}"
        raise CnnSearchError(str(Problem("set", rule, 'Write set={"training.epochs": 5}.')))
    found: dict[str, Any] = plain_value(values, "set")
    return found


def _path(data: object) -> str:
    if isinstance(data, str | os.PathLike):
        return os.fsdecode(data)
    rule = f"it names images as data.source does, a folder, an archive or a file, got {type(data).__name__}"
    advice = 'Write arrays to a file: np.savez("images.npz", x=images, y=labels).'
    raise CnnSearchError(str(Problem("data", rule, advice)))


def space_given(space: Text | Mapping[str, Any], settings: list[str], *, allow_code: bool) -> Space:
    """The space in a file, a shipped one, or the one that a mapping of sections says.

    Raises:
        SpaceError: it breaks rules of the language; with all problems.
        CnnSearchError: it is none of these.
    """
    if isinstance(space, Mapping):
        text = as_yaml(plain_value(space, "space"))
        return loads_space(text, "search", settings, where="space", allow_code=allow_code)
    if isinstance(space, str | os.PathLike):
        return load_space(Path(space) if isinstance(space, os.PathLike) else space, settings, allow_code=allow_code)
    rule = f"a space is a file, a shipped one's name, a mapping or a keras_tuner.HyperModel, got {type(space).__name__}"
    raise CnnSearchError(str(Problem("space", rule, 'Begin with "basic".')))


def plain_value(value: Any, where: str) -> Any:  # noqa: ANN401 - whatever a person gives
    """The value as a file would have it: paths are texts, tuples are lists, numpy's numbers are Python's.

    Raises:
        CnnSearchError: it is none of these.
    """
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, Mapping):
        return {_key(key, where): plain_value(each, f"{where}.{key}") for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(each, f"{where}.{place}") for place, each in enumerate(value)]
    if getattr(value, "ndim", None) == 0:  # one of numpy's numbers
        return value.item()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    rule = f"a value is a text, a number, True, False, None, a list or a mapping, got {type(value).__name__}"
    raise CnnSearchError(str(Problem(where, rule, "Code of your own is named as a text: module:function.")))


def _key(key: object, where: str) -> str:
    if isinstance(key, str):
        return key
    raise CnnSearchError(str(Problem(where, f"its keys are texts, got {key!r}", "Put quotes around it.")))
