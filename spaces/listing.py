"""All configurations of a space that can be listed, in one fixed order."""

from collections.abc import Iterator, Mapping, Sequence

from cnnsearch.spaces.draws import Plan, active, walked
from cnnsearch.spaces.parameters import Parameter
from cnnsearch.spaces.values import Scalar, index_of, nth, size


def configurations(plan: Plan) -> Iterator[dict[str, Scalar]]:
    """Every draw of a space without continuous ranges, each once; the last parameter changes first."""
    values: dict[str, Scalar] | None = _first(plan, {})
    while values is not None:
        yield values
        values = following(plan, values)


def following(plan: Plan, values: Mapping[str, Scalar]) -> dict[str, Scalar] | None:
    """The configuration after this one; None behind the last."""
    found = active(plan, values)
    for place, parameter in reversed(list(enumerate(found))):
        index = index_of(parameter.domain, values[parameter.name]) + 1
        if index < (size(parameter.domain) or 0):
            kept = {before.name: values[before.name] for before in found[:place]}
            return _first(plan, {**kept, parameter.name: nth(parameter.domain, index)})
    return None


def _first(plan: Plan, given: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """The given values, and of every other parameter that becomes active the first one."""
    return walked(
        plan, lambda parameter: given[parameter.name] if parameter.name in given else nth(parameter.domain, 0)
    )


def continuous(parameters: Sequence[Parameter]) -> list[str]:
    """The names of the parameters whose values cannot be listed."""
    return [parameter.name for parameter in parameters if size(parameter.domain) is None]


def listed(names: Sequence[str], most: int = 3) -> str:
    """Some of the names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
