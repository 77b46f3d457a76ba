"""Configurations that stand for a space: chance draws, and the corners where its smallest and largest models lie."""

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.shapes import feature_maps
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, label, size, value_at

Values = dict[str, Scalar]
Pick = Callable[[Domain], Scalar]
_SHAPING = ("data.", "model", "head")
"""How the names of the parameters begin that decide a model's size; the others decide how it is trained."""
_MOST_OPTIONS = 12


@dataclass(frozen=True)
class Refusal:
    """Draws that no model can be built from, for one kind of reason.

    Attributes:
        draws: how many.
        example: the message of the first of them.
    """

    draws: int
    example: str


def chance(space: Space, seed: int = 0) -> Iterator[Values]:
    """Draws without end, the same ones each time; a space without parameters gives one."""
    source = random.Random(seed)
    if not space.parameters:
        yield {}
        return
    while True:
        yield draw(space, source)


def refused(space: Space, draws: list[Values]) -> list[Refusal]:
    """Which of the draws are impossible, those with the most frequent reason first; what a look at shapes can tell."""
    kinds: dict[str, list[str]] = {}
    for values in draws:
        message = why_refused(space, values)
        if message is not None:
            kinds.setdefault(_kind(message), []).append(message)
    found = [Refusal(len(messages), messages[0]) for messages in kinds.values()]
    return sorted(found, key=lambda refusal: -refusal.draws)


def why_refused(space: Space, values: Mapping[str, Scalar]) -> str | None:
    """Why no model can be built from these values; None where shapes alone tell no reason."""
    try:
        feature_maps(space.configuration(values))
    except (CnnSearchError, ValueError) as error:
        return str(error)
    return None


def _kind(message: str) -> str:
    """A message without what differs from draw to draw: its numbers and what stands in brackets."""
    return re.sub(r"\(.*?\)|\d+", "", message)


def completed(space: Space, fixed: Mapping[str, Scalar], pick: Pick) -> Values:
    """Values for all parameters that are active with each other: the fixed ones, and picked ones for the rest."""
    values: Values = {}
    for parameter in space.parameters:
        if parameter.is_active(values):
            name = parameter.name
            values[name] = fixed[name] if name in fixed else pick(parameter.domain)
    return values


def lowest(domain: Domain) -> Scalar:
    """The least value of a domain: of what has no order, the first."""
    return min(options(domain), key=_rank)


def highest(domain: Domain) -> Scalar:
    """The greatest value of a domain: of what has no order, the first."""
    return max(options(domain), key=_rank)


def options(domain: Domain) -> list[Scalar]:
    """The values worth trying for the size of a model: both ends of a range, all of a choice where they are few."""
    match domain:
        case Branch(names):
            return list(names)
        case Choice(all_options):
            ordered = sorted(all_options, key=_amount)
            # The sort is stable: what has no order stays as it is written.
            return [label(option) for option in _few(ordered)]
        case IntRange() | FloatRange(step=float()):
            return [value_at(domain, 0), value_at(domain, (size(domain) or 1) - 1)]
        case FloatRange(low, high):
            return [low, high]
    raise TypeError(f"no domain: {domain!r}")


def is_ordered(domain: Domain) -> bool:
    """Whether all of its values are numbers, or lists of numbers."""
    if isinstance(domain, Choice):
        return all(isinstance(option, int | float | list) and not isinstance(option, bool) for option in domain.options)
    return not isinstance(domain, Branch)


def _few(ordered: list[Any]) -> list[Any]:
    return (
        ordered if len(ordered) <= _MOST_OPTIONS else [*ordered[: _MOST_OPTIONS // 2], *ordered[-_MOST_OPTIONS // 2 :]]
    )


def _amount(option: Any) -> float:  # noqa: ANN401 - any JSON value
    if isinstance(option, list):
        return sum(map(_amount, option))
    return float(option) if isinstance(option, int | float) else 0.0


def _rank(value: Scalar) -> float:
    """The order of labels: that of their numbers, `[64, 64]` before `[128, 128]`."""
    if isinstance(value, str) and value.startswith("["):
        return sum(float(number) for number in re.findall(r"\d+(?:\.\d+)?", value))
    return _amount(value)


def corners(space: Space) -> list[tuple[Values, Pick]]:
    """For each branch that shapes the model: what takes it there, and how the rest is picked, low and then high."""
    ways: list[Values] = []
    for parameter in space.parameters:
        if isinstance(parameter.domain, Branch) and shapes_model(parameter.name):
            before = {condition.parent: condition.values[0] for condition in parameter.conditions}
            ways += [{**before, parameter.name: name} for name in parameter.domain.names]
    return [(dict(way), pick) for way in ways or [{}] for pick in (lowest, highest)]


def shapes_model(name: str) -> bool:
    """Whether a parameter of this name can change a model's size."""
    return name.startswith(_SHAPING)
