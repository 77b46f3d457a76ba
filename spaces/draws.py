"""Draws from a space by chance alone, or by numbers from elsewhere."""

import math
import random
from collections.abc import Callable, Mapping, Sequence

from cnnsearch.spaces.parameters import Condition, Parameter
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Domain, FloatRange, IntRange, Scalar, Scale, nth, size

Plan = Sequence[tuple[Parameter, tuple[Condition, ...]]]
"""Parameters, parents first, each with the conditions that its active parents leave open: `Space.plan`."""


def draw(space: Space, source: random.Random) -> dict[str, Scalar]:
    """Values for the active parameters, each evenly over its domain, on its scale (`log`: evenly over the exponent)."""
    return completed(space.plan, {}, source)


def completed(plan: Plan, given: Mapping[str, Scalar], source: random.Random) -> dict[str, Scalar]:
    """The given values of the active parameters, those that lack one drawn; values of inactive ones are left out."""

    def value(parameter: Parameter) -> Scalar:
        return given[parameter.name] if parameter.name in given else draw_value(parameter.domain, source)

    return walked(plan, value)


def walked(plan: Plan, value: Callable[[Parameter], Scalar]) -> dict[str, Scalar]:
    """What a function says of each active parameter, parents first."""
    values: dict[str, Scalar] = {}
    for parameter, conditions in plan:
        for condition in conditions:
            if not condition.holds(values):
                break
        else:
            values[parameter.name] = value(parameter)
    return values


def active(plan: Plan, values: Mapping[str, Scalar]) -> list[Parameter]:
    """The parameters that have these values, each once.

    One of KerasTuner's may stand in several places; it is taken from where the values do not speak against it.
    """
    found: dict[str, Parameter] = {}
    for parameter, conditions in plan:
        if parameter.name not in values or parameter.name in found:
            continue
        if all(condition.parent not in values or condition.holds(values) for condition in conditions):
            found[parameter.name] = parameter
    return list(found.values())


def draw_value(domain: Domain, source: random.Random) -> Scalar:
    """One value of a domain, both ends included."""
    count = size(domain)
    if count is None or is_scaled(domain):
        return value_at_share(domain, source.random())
    return nth(domain, source.randrange(count))


def is_scaled(domain: Domain) -> bool:
    """Whether a domain has whole numbers of which some are drawn more often than others."""
    return isinstance(domain, IntRange) and domain.scale != "linear"


def share_of(domain: IntRange | FloatRange, value: float) -> float:
    """How far into a range a value lies, on its scale, from 0 to 1."""
    return _share(domain.scale, domain.low, domain.high, float(value))


def value_at_share(domain: Domain, share: float) -> Scalar:
    """The value of a domain at a place from 0 to 1 in it; equal parts for all that can be listed.

    On a scale of whole numbers, each takes what lies between it and the next one, as in KerasTuner.
    """
    match domain, size(domain):
        case FloatRange(low, high, None, scale), None:
            return min(max(_at_share(scale, low, high, share), low), high)
        case IntRange(low, high, _, "log" | "reverse_log" as scale), _:
            return min(max(int(_at_share(scale, low, high + 1, share)), low), high)
        case _, int(count):
            return nth(domain, min(int(share * count), count - 1))
    raise TypeError(f"no domain: {domain!r}")


def middle_of(domain: Domain, index: int) -> float:
    """The middle of the places where `value_at_share` gives the value at this index, in a domain that can be listed."""
    if isinstance(domain, IntRange) and is_scaled(domain):
        return _share(domain.scale, domain.low, domain.high + 1, domain.low + index + 0.5)
    return (index + 0.5) / (size(domain) or 1)


def _share(scale: Scale, low: float, high: float, value: float) -> float:
    if scale == "reverse_log":
        return 1 - _share("log", low, high, low + (high - value))
    if scale == "log":
        low, high, value = math.log(low), math.log(high), math.log(value)
    return (value - low) / (high - low) if high > low else 0.0


def _at_share(scale: Scale, low: float, high: float, share: float) -> float:
    if scale == "reverse_log":
        return high - (_at_share("log", low, high, 1 - share) - low)
    if scale == "log":
        return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    return low + share * (high - low)
