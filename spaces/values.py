"""Searched values: the ranges and choices a space may put in the place of any fixed value."""

import json
import math
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


def contains_searched(node: object) -> bool:
    """Whether a searched value stands anywhere in this plain document."""
    if isinstance(node, Mapping):
        return is_searched(node) or any(contains_searched(child) for child in node.values())
    return isinstance(node, list) and any(contains_searched(child) for child in node)


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
    if isinstance(option, Mapping):
        return "{" + ", ".join(f"{key}: {label(value)}" for key, value in option.items()) + "}"
    if isinstance(option, Sequence) and not isinstance(option, str):
        return "[" + ", ".join(str(label(entry)) for entry in option) + "]"
    return option  # type: ignore[no-any-return]


def shown(value: Any) -> str:  # noqa: ANN401 - anything a file may hold
    """The value as it would stand in a file, shortened."""
    if value is None:
        return "nothing (null)"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def size(domain: Domain) -> int | None:
    """How many values the domain has; None where they cannot be counted."""
    match domain:
        case Choice(options):
            return len(options)
        case Branch(names):
            return len(names)
        case IntRange(low, high, step):
            return (high - low) // step + 1
        case FloatRange(low, high, None):
            return 1 if low == high else None
        case FloatRange(low, high, float(step)):
            return round((high - low) / step) + 1
    raise TypeError(f"no domain: {domain!r}")


def value_at(domain: IntRange | FloatRange, index: int) -> int | float:
    """The value of a stepped range at this index, from 0; both ends come out exactly as they were written."""
    if isinstance(domain, IntRange):
        return domain.low + index * domain.step
    if index == 0:
        return domain.low
    if index + 1 == size(domain):
        return domain.high
    return float(f"{domain.low + index * (domain.step or 0.0):.12g}")


def describe(domain: Domain) -> str:
    """The domain in words, for messages and summaries."""
    match domain:
        case Choice(options):
            return "one of " + ", ".join(str(label(option)) for option in options)
        case Branch(names):
            return "one of " + ", ".join(names)
        case IntRange(low, high, step):
            return f"a whole number from {low} to {high}" + (f" in steps of {step}" if step > 1 else "")
        case FloatRange(low, high, step, scale):
            return f"a number from {low} to {high}" + (f" in steps of {step}" if step else f" ({scale})")
    raise TypeError(f"no domain: {domain!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_same(one: object, other: object) -> bool:
    return one == other and (type(one) is type(other) or (_is_number(one) and _is_number(other)))


def _on_range(domain: IntRange | FloatRange, value: Scalar) -> int | float | None:
    """The range's own value that this one stands for, rounding errors of a stepped range mended; None if outside."""
    if not _is_number(value) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    slack = 1e-9 * max(abs(domain.low), abs(domain.high), 1e-300)
    if not domain.low - slack <= value <= domain.high + slack:
        return None
    if isinstance(domain, FloatRange) and domain.step is None:
        return min(max(float(value), domain.low), domain.high)
    if isinstance(domain, IntRange):
        return int(value) if value == int(value) and (int(value) - domain.low) % domain.step == 0 else None
    steps = (value - domain.low) / (domain.step or 1.0)
    return value_at(domain, round(steps)) if abs(steps - round(steps)) < 1e-6 else None


def value_of(domain: Domain, value: Scalar) -> Any:  # noqa: ANN401 - any JSON value
    """What a drawn scalar stands for in a document: the option behind a label, the number on its grid.

    Raises:
        ValueError: the scalar is none of the domain's values.
    """
    found: list[Any] = []
    match domain:
        case Choice(options):
            found = [option for option in options if _is_same(label(option), value)]
        case Branch(names):
            found = [name for name in names if name == value]
        case IntRange() | FloatRange():
            found = [number for number in [_on_range(domain, value)] if number is not None]
    if not found:
        raise ValueError(f"must be {describe(domain)}, got {value!r}")
    return found[0]
