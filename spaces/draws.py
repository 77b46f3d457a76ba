"""Draws from a space by chance alone, or by numbers from elsewhere."""

import math
import random
from collections.abc import Callable, Mapping, Sequence

from cnnsearch.spaces.parameters import Condition, Parameter
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Domain, FloatRange, Scalar, nth, size

Plan = Sequence[tuple[Parameter, tuple[Condition, ...]]]
"""Parameters, parents first, each with the conditions that its active parents leave open: `Space.plan`."""


def draw(space: Space, source: random.Random) -> dict[str, Scalar]:
    """Values for the active parameters, each evenly over its domain (a log scale: evenly over the exponent)."""
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


def draw_value(domain: Domain, source: random.Random) -> Scalar:
    """One value of a domain, both ends included."""
    count = size(domain)
    return value_at_share(domain, source.random()) if count is None else nth(domain, source.randrange(count))


def share_of(domain: FloatRange, value: float) -> float:
    """How far into a range a value lies, on its scale, from 0 to 1."""
    low, high, place = domain.low, domain.high, float(value)
    if domain.scale == "log":
        low, high, place = math.log(low), math.log(high), math.log(place)
    return (place - low) / (high - low) if high > low else 0.0


def value_at_share(domain: Domain, share: float) -> Scalar:
    """The value of a domain at a place from 0 to 1 in it; equal parts for all that can be listed."""
    match domain, size(domain):
        case FloatRange(low, high, None, scale), None:
            if scale == "log":
                value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
            else:
                value = low + share * (high - low)
            return min(max(value, low), high)
        case _, int(count):
            return nth(domain, min(int(share * count), count - 1))
    raise TypeError(f"no domain: {domain!r}")
