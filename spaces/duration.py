"""Lengths of time as people write them: `90s`, `30m`, `2h`, `1h30m`, `1d`, or a number of seconds."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_PATTERN = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def parse_duration(text: str) -> float:
    """Seconds in a text such as `1h30m`.

    Raises:
        ValueError: the text is no length of time.
    """
    match = _PATTERN.fullmatch(text.strip())
    if not match or not any(match.groups()):
        raise ValueError(f"a length of time is written like 90s, 30m, 2h or 1h30m, got {text!r}")
    return sum(float(number) * _UNITS[unit] for unit, number in zip("dhms", match.groups(), strict=True) if number)


def format_duration(seconds: float) -> str:
    """The shortest exact text for a whole number of seconds: 5400 gives `1h30m`."""
    rest, parts = round(seconds), []
    for unit, size in _UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _seconds(value: object) -> object:
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except ValueError as error:
            raise PydanticCustomError("rule", "{rule}", {"rule": str(error)}) from None
    return value


def _written(seconds: float) -> str | float:
    return format_duration(seconds) if seconds == round(seconds) else seconds


_NUMBER = r"[0-9]+(\.[0-9]+)?"
_SCHEMA = {
    "anyOf": [
        {
            "description": "a length of time such as `90s`, `30m` or `1h30m`",
            "type": "string",
            "pattern": rf"^(?=[0-9])({_NUMBER}d)?({_NUMBER}h)?({_NUMBER}m)?({_NUMBER}s)?$",
        },
        {"description": "a number of seconds", "type": "number", "exclusiveMinimum": 0},
    ]
}
Duration = Annotated[float, BeforeValidator(_seconds), PlainSerializer(_written), Field(gt=0), WithJsonSchema(_SCHEMA)]
"""Seconds; written back as text such as `2h`."""
