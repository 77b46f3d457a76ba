"""How many distinct configurations there are."""

from collections.abc import Sequence

from cnnsearch.spaces.parameters import Parameter, own_conditions
from cnnsearch.spaces.values import Scalar, has, size

_MOST_CASES = 400_000
"""Combinations of values that others depend on, at all parameters together; beyond it nobody counts."""
_Case = frozenset[tuple[str, Scalar]]
_UNSEEN = "\0unseen"
"""Stands for the value of a parameter that nothing looks at, and for none at all."""
_ABSENT: list[tuple[Scalar, int | None]] = [(_UNSEEN, 1)]
_OTHER = "\0other"
"""Stands for all values of a parameter on which no other depends."""


def count_configurations(parameters: Sequence[Parameter]) -> int | None:
    """How many different draws there are; None where a continuous range, or too many conditions, forbid counting.

    Goes through the parameters, parents first, and keeps, for each combination of values that later ones still depend
    on, in how many ways it comes about.
    """
    watched: dict[str, set[Scalar]] = {}
    plan = own_conditions(parameters)
    for _, conditions in plan:
        for condition in conditions:
            watched.setdefault(condition.parent, set()).update(condition.values)
    last = {c.parent: index for index, (_, conditions) in enumerate(plan) for c in conditions}
    cases: dict[_Case, int] = {frozenset(): 1}
    seen = 0
    for index, (parameter, conditions) in enumerate(plan):
        outcomes = _outcomes(parameter, watched.get(parameter.name))
        following: dict[_Case, int] = {}
        for case, ways in cases.items():
            known = dict(case)
            there = all(condition.holds(known) for condition in conditions)
            for value, more in outcomes if there else _ABSENT:
                if more is None:
                    return None
                kept = [(name, v) for name, v in case if last[name] > index]
                if value is not _UNSEEN and last[parameter.name] > index:
                    kept.append((parameter.name, value))
                after = frozenset(kept)
                following[after] = following.get(after, 0) + ways * more
                seen += 1 + len(kept)
            if seen > _MOST_CASES:
                return None
        cases = following
    return sum(cases.values())


def _outcomes(parameter: Parameter, watched: set[Scalar] | None) -> list[tuple[Scalar, int | None]]:
    """The values of a parameter that matter to others, each once, and how many more there are."""
    count = size(parameter.domain)
    if watched is None or count is None:
        return [(_UNSEEN, count)]
    mattering = [value for value in watched if has(parameter.domain, value)]
    others: list[tuple[Scalar, int | None]] = [(_OTHER, count - len(mattering))] if count > len(mattering) else []
    return [*((value, 1) for value in mattering), *others]
