"""Searched values: the ranges and choices a space may put in the place of any fixed value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Scalar = str | int | float | bool | None
KEYWORDS = ("choice", "int", "float")
"""The keys that make a mapping a searched value; no section of the language has a key of these names."""


@dataclass(frozen=True)
class Choice:
    """One of some fixed values, in the order of the file. Options are JSON values: scalars or lists of them."""

    options: tuple[Any, ...]


@dataclass(frozen=True)
class Branch:
    """One of some named branches; the branch's own values are searched only where it is taken."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class IntRange:
    """The integers low, low + step, ... up to and including high."""

    low: int
    high: int
    step: int = 1


@dataclass(frozen=True)
class FloatRange:
    """The floats of [low, high], both included: all of them, or every `step`; `log` draws the exponent evenly."""

    low: float
    high: float
    step: float | None = None
    scale: Literal["linear", "log"] = "linear"


Domain = Choice | Branch | IntRange | FloatRange


def is_searched(node: object) -> bool:
    """Whether this node of a plain document is a searched value."""
    return isinstance(node, Mapping) and any(keyword in node for keyword in KEYWORDS)


def domain_of(node: Mapping[str, Any]) -> Domain:
    """The domain that a searched node of a valid document describes."""
    if "choice" in node:
        options = node["choice"]
        return Branch(tuple(options)) if isinstance(options, Mapping) else Choice(tuple(options))
    if "int" in node:
        low, high = node["int"]
        return IntRange(low, high, node.get("step") or 1)
    low, high = node["float"]
    return FloatRange(float(low), float(high), node.get("step"), node.get("scale") or "linear")


def label(option: Any) -> Scalar:  # noqa: ANN401 - any JSON value
    """A scalar that stands for an option in tables and studies, which take scalars only: `[64, 64]` for a list."""
    if isinstance(option, Sequence) and not isinstance(option, str):
        return "[" + ", ".join(str(label(entry)) for entry in option) + "]"
    return option  # type: ignore[no-any-return]
