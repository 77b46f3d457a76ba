"""What differs between two configurations, value by value."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from cnnsearch.spaces.values import Kinds

_UNTOLD = ("version", "search", "keep", "data.source", "training.seed")
"""Where configurations may differ without another training; seeds always do."""


@dataclass(frozen=True)
class Differing:
    """A value that differs.

    Attributes:
        name: its dotted path.
        first, second: what either side has there, as JSON values; None for nothing, too.
    """

    name: str
    first: Any
    second: Any


def differing(first: Mapping[str, Any], second: Mapping[str, Any], drawn: Set[str]) -> tuple[Differing, ...]:
    """The values that differ between two configurations' trees, in the order of the language.

    Where they took different branches, what is set within a branch is told as far as it was drawn.

    Args:
        drawn: the paths of parameters that were searched.
    """
    one, other = dict(_values(first, "")), dict(_values(second, ""))
    names = [*one, *(name for name in other if name not in one)]
    found = [
        Differing(name, one.get(name), other.get(name))
        for name in names
        if not name.startswith(_UNTOLD) and (name in one, one.get(name)) != (name in other, other.get(name))
    ]
    apart = {f"{each.name}." for each in found if isinstance(each.first, _Branch)}
    return tuple(each for each in found if not each.name.startswith(tuple(apart)) or each.name in drawn)


class _Branch(str):
    """The name of a branch that was taken."""


def _values(node: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any node of a tree
    if isinstance(node, Kinds):
        yield name, _Branch(next(iter(node)))
    if isinstance(node, Mapping):
        children = list(node.items())
    elif isinstance(node, list) and any(isinstance(each, Mapping) for each in node):
        children = list(enumerate(node))
    else:
        yield name, node
        return
    for key, child in children:
        yield from _values(child, f"{name}.{key}" if name else str(key))
