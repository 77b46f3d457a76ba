"""Draws from a space by chance alone."""

import math
import random

from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, label, size, value_at


def draw(space: Space, source: random.Random) -> dict[str, Scalar]:
    """Values for the active parameters, each evenly over its domain (a log scale: evenly over the exponent)."""
    values: dict[str, Scalar] = {}
    for parameter, conditions in space.plan:
        for condition in conditions:
            if not condition.holds(values):
                break
        else:
            values[parameter.name] = draw_value(parameter.domain, source)
    return values


def draw_value(domain: Domain, source: random.Random) -> Scalar:
    """One value of a domain, both ends included."""
    match domain:
        case Choice(options):
            return label(source.choice(options))
        case Branch(names):
            return source.choice(names)
        case FloatRange(low, high, None, scale):
            if scale == "log":
                drawn = math.exp(source.uniform(math.log(low), math.log(high)))
            else:
                drawn = source.uniform(low, high)
            return min(max(drawn, low), high)
        case IntRange() | FloatRange():
            return value_at(domain, source.randrange(size(domain) or 1))
    raise TypeError(f"no domain: {domain!r}")
