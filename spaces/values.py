"""Searched values: the ranges and choices a space may put in the place of any fixed value."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Scalar = str | int | float | bool | None
Scale = Literal["linear", "log", "reverse_log"]
"""How a range is drawn: its values evenly, or their exponents; reversed, in spaces of KerasTuner's alone, it is the
same turned round, so that large values are drawn more often."""
KEYWORDS = ("choice", "int", "float")
"""The keys that make a mapping a searched value; no section of the language has a key of these names."""


class Kinds(dict[str, Any]):
    """The options of a choice between kinds, such as `scratch` and `vgg16`: the name of a kind stays in what is chosen.

    An option under another name is a choice of its own, or a kind under a name of the file's own; that name is left
    aside in what is chosen, as are all names of the options of a plain mapping.
    """

    def __init__(self, options: Mapping[str, Any], kinds: Collection[str]) -> None:
        super().__init__(options)
        self.kinds = frozenset(kinds)

    def __reduce__(self) -> tuple[Any, ...]:
        return Kinds, (dict(self), self.kinds)


class Stack(dict[str, Any]):
    """A section with `count` entries, such as blocks: a value that is a list has one entry for each of them."""

    def __init__(self, values: Mapping[str, Any], count: str) -> None:
        super().__init__(values)
        self.count = count

    def __reduce__(self) -> tuple[Any, ...]:
        return Stack, (dict(self), self.count)


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
    """The integers low, low + step, ... up to and including high; without steps they may be drawn on another scale."""

    low: int
    high: int
    step: int = 1
    scale: Scale = "linear"


@dataclass(frozen=True)
class FloatRange:
    """The floats of [low, high], both included: all of them, or every `step`; `log` draws the exponent evenly."""

    low: float
    high: float
    step: float | None = None
    scale: Scale = "linear"


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
        return IntRange(low, high, node.get("step") or 1, node.get("scale") or "linear")
    low, high = node["float"]
    step = None if node.get("step") is None else float(node["step"])
    return FloatRange(float(low), float(high), step, node.get("scale") or "linear")


def counts(node: Any) -> list[int]:  # noqa: ANN401 - a number or a searched node
    """The whole numbers that a fixed or searched count may be, in the order of the file."""
    if not is_searched(node):
        return [node]
    values = [int(value) for value in options_of(domain_of(node)) if value is not None]
    return [*values, int(node["otherwise"])] if node.get("otherwise") is not None else values


def all_values(node: Any, default: Any = None) -> list[Any]:  # noqa: ANN401 - a fixed value or a searched node
    """All that a fixed or searched value may be; of a range that cannot be listed, both ends.

    Args:
        default: of the key, which holds where the node's `when` does not and it has no `otherwise`.
    """
    if not is_searched(node):
        return [node]
    values = list(options_of(domain_of(node)))
    return [*values, node.get("otherwise", default)] if "when" in node else values


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


def options_of(domain: Domain) -> Sequence[Any]:
    """All values of a domain that can be listed; the two ends of one that cannot."""
    match domain:
        case Choice(options):
            return options
        case Branch(names):
            return names
        case FloatRange(low, high, None):
            return [low] if low == high else [low, high]
        case IntRange() | FloatRange():
            return [value_at(domain, index) for index in range(size(domain) or 0)]
    raise TypeError(f"no domain: {domain!r}")


def value_at(domain: IntRange | FloatRange, index: int) -> int | float:
    """The value of a stepped range at this index, from 0; both ends come out exactly as they were written."""
    if isinstance(domain, IntRange):
        return domain.low + index * domain.step
    if index == 0:
        return domain.low
    if index + 1 == size(domain):
        return domain.high
    return float(Decimal(repr(domain.low)) + index * Decimal(repr(domain.step or 0.0)))


def nth(domain: Domain, index: int) -> Scalar:
    """The label of the value at this index, from 0, in a domain that can be listed."""
    if isinstance(domain, IntRange | FloatRange):
        return value_at(domain, index)
    return label(options_of(domain)[index])


def index_of(domain: Domain, value: Scalar) -> int:
    """The index of a value, or of its label, in a domain that can be listed.

    Raises:
        ValueError: it is none of the domain's values.
    """
    found = value_of(domain, value)
    if isinstance(domain, IntRange | FloatRange):
        return round(float(found - domain.low) / (domain.step or 1))
    return next(index for index, option in enumerate(options_of(domain)) if is_same(label(option), label(found)))


def describe(domain: Domain) -> str:
    """The domain in words, for messages and summaries."""
    match domain:
        case Choice(options):
            return "one of " + ", ".join(_spelled(label(option)) for option in options)
        case Branch(names):
            return "one of " + ", ".join(names)
        case IntRange(low, high, step, scale):
            how = f" in steps of {step}" if step > 1 else f" ({scale})" if scale != "linear" else ""
            return f"a whole number from {low} to {high}{how}"
        case FloatRange(low, high, step, scale):
            return f"a number from {low} to {high}" + (f" in steps of {step}" if step else f" ({scale})")
    raise TypeError(f"no domain: {domain!r}")


def _spelled(value: Scalar) -> str:
    """The value as YAML spells it."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_same(one: object, other: object) -> bool:
    """Whether two scalars of a file are equal: 1 and 1.0 are, 1 and true are not."""
    return one == other and (type(one) is type(other) or (_is_number(one) and _is_number(other)))


def _on_range(domain: IntRange | FloatRange, value: Scalar) -> int | float | None:
    """The range's own value that this one stands for, rounding errors of a stepped range mended; None if outside."""
    if not _is_number(value) or not isinstance(value, int | float) or not abs(value) <= 1e300:
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
            found = [option for option in options if is_same(label(option), value)]
        case Branch(names):
            found = [name for name in names if name == value]
        case IntRange() | FloatRange():
            found = [number for number in [_on_range(domain, value)] if number is not None]
    if not found:
        raise ValueError(f"must be {describe(domain)}, got {value!r}")
    return found[0]


def has(domain: Domain, value: Any) -> bool:  # noqa: ANN401 - any fixed value
    """Whether a fixed value is one of the domain's."""
    try:
        value_of(domain, label(value))
    except ValueError:
        return False
    return True
