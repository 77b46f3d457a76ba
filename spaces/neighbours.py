"""Draws beside a draw: one parameter changed, what becomes active drawn, what is no longer active gone.

Searches by mutation walk on these: regularized evolution (Real et al., arXiv:1802.01548) and local search (White et
al., arXiv:2005.02960).
"""

import random
from collections.abc import Iterator, Mapping

from cnnsearch.spaces.draws import Plan, active, completed, is_scaled, middle_of, share_of, value_at_share
from cnnsearch.spaces.values import Domain, FloatRange, IntRange, Scalar, index_of, nth, size

_SPREAD = 0.2
"""Standard deviation of a change, as a share of a range."""
_TRIES = 20
"""Changes of a continuous value that are tried before one of its ends is taken."""


def mutated(plan: Plan, values: Mapping[str, Scalar], source: random.Random) -> dict[str, Scalar] | None:
    """Another draw, one parameter away: a choice takes any other option, a range rather a value nearby.

    None where no parameter of this draw has a second value.
    """
    movable = [parameter for parameter in active(plan, values) if size(parameter.domain) != 1]
    if not movable:
        return None
    chosen = source.choice(movable)
    return completed(plan, {**values, chosen.name: _moved(chosen.domain, values[chosen.name], source)}, source)


def neighbours(plan: Plan, values: Mapping[str, Scalar], source: random.Random) -> Iterator[dict[str, Scalar]]:
    """The draws one parameter away, in chance order: every other option of a choice, the values beside one of a range.

    Beside a value of a continuous range there is one, drawn by chance. On a scale of whole numbers there is one more,
    since the large ones differ little from those beside them.
    """
    steps = [
        (parameter.name, value)
        for parameter in active(plan, values)
        for value in _beside(parameter.domain, values[parameter.name], source)
    ]
    source.shuffle(steps)
    for name, value in steps:
        yield completed(plan, {**values, name: value}, source)


def _moved(domain: Domain, value: Scalar, source: random.Random) -> Scalar:
    """Another value of a domain that has several."""
    count = size(domain)
    if count is None and isinstance(domain, FloatRange) and isinstance(value, int | float):
        return _moved_on(domain, value, source)
    index, count = index_of(domain, value), count or 1
    if isinstance(domain, _RANGES):
        return _moved_along(domain, index, count, source)
    other = source.randrange(count - 1)
    return nth(domain, other + (other >= index))


def _moved_on(domain: FloatRange, value: float, source: random.Random) -> Scalar:
    place = share_of(domain, value)
    for _ in range(_TRIES):
        moved = value_at_share(domain, _reflected(place + source.gauss(0, _SPREAD)))
        if moved != value:
            return moved
    return domain.low if value != domain.low else domain.high


def _moved_along(domain: Domain, index: int, count: int, source: random.Random) -> Scalar:
    moved = value_at_share(domain, _reflected(middle_of(domain, index) + source.gauss(0, _SPREAD)))
    if moved != nth(domain, index):
        return moved
    return nth(domain, index - 1 if index and (index == count - 1 or source.random() < 0.5) else index + 1)


def _beside(domain: Domain, value: Scalar, source: random.Random) -> list[Scalar]:
    count = size(domain)
    if count is None:
        return [_moved(domain, value, source)]
    index = index_of(domain, value)
    indices = (index - 1, index + 1) if isinstance(domain, _RANGES) else range(count)
    found = [nth(domain, other) for other in indices if 0 <= other < count and other != index]
    further = _moved(domain, value, source) if is_scaled(domain) and count > 1 else None
    return [*found, further] if further is not None and further not in found else found


def _reflected(share: float) -> float:
    """A place beyond an end, as far back from it."""
    share = abs(share) % 2
    return 2 - share if share > 1 else share


_RANGES = (IntRange, FloatRange)
