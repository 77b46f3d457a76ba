"""The tree of a space's branches, and the models that were found in each."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnsearch.search.model.size import ModelSize
from cnnsearch.search.trial.messages import Sized
from cnnsearch.spaces.space import Condition, Parameter, Space
from cnnsearch.spaces.values import Branch


@dataclass(frozen=True)
class Way:
    """One branch.

    Attributes:
        name: of the branch.
        parameters: searched values that exist only in it, those of branches within it included.
        smallest, largest: by weights, of the models built in it; None where none was.
        forks: the choices between branches within it.
    """

    name: str
    parameters: int
    smallest: ModelSize | None
    largest: ModelSize | None
    forks: tuple["Fork", ...]


@dataclass(frozen=True)
class Fork:
    """A choice between branches, by the name of its parameter."""

    name: str
    ways: tuple[Way, ...]


def forks(space: Space, sized: Sequence[Sized], within: Condition | None = None) -> tuple[Fork, ...]:
    """The choices between branches of a space, or of one of its branches; one with a single branch is none."""
    branching = {p.name for p in space.parameters if isinstance(p.domain, Branch) and len(p.domain.names) > 1}
    return tuple(
        Fork(parameter.name, tuple(_way(space, sized, parameter.name, name) for name in parameter.domain.names))
        for parameter in space.parameters
        if isinstance(parameter.domain, Branch)
        and parameter.name in branching
        and _innermost(parameter, branching) == within
    )


def _innermost(parameter: Parameter, branching: set[str]) -> Condition | None:
    return next((c for c in reversed(parameter.conditions) if c.parent in branching), None)


def _way(space: Space, sized: Sequence[Sized], parent: str, name: str) -> Way:
    taken = Condition(parent, (name,))
    found = [each.size for each in sized if each.size and each.values.get(parent) == name]
    return Way(
        name,
        sum(taken in parameter.conditions for parameter in space.parameters),
        min(found, key=lambda size: size.parameters, default=None),
        max(found, key=lambda size: size.parameters, default=None),
        forks(space, sized, taken),
    )
