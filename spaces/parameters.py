"""The parameters of a space: their dotted names, domains and conditions.

One walk over the tree of mappings, lists, scalars and searched nodes; only three things in it are special: a choice
over branches, a stack (its per-block values exist once for each block), and a node's `when`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnsearch.spaces.values import (
    Branch,
    Domain,
    FloatRange,
    Kinds,
    Scalar,
    Stack,
    counts,
    domain_of,
    is_same,
    is_searched,
    label,
)

Path = tuple[str, ...]


@dataclass(frozen=True)
class Condition:
    """Holds where `parent` has one of `values`."""

    parent: str
    values: tuple[Scalar, ...]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it does beside these values; a parent without a value counts as not taken."""
        return self.parent in values and values[self.parent] in self.values


@dataclass(frozen=True)
class Parameter:
    """One searched value.

    Attributes:
        name: its dotted path, without the word choice, such as `model.scratch.filters.0`.
        domain: what it may be.
        conditions: all must hold for it to exist in a trial; those of its parents are among them.
        prior: the value that the space's writer would begin with, which may be None.
        has_prior: whether there is one.
    """

    name: str
    domain: Domain
    conditions: tuple[Condition, ...] = ()
    prior: Scalar = None
    has_prior: bool = False

    def is_active(self, values: Mapping[str, Scalar]) -> bool:
        """Whether it exists beside these values."""
        return all(condition.holds(values) for condition in self.conditions)


class UnknownReference(ValueError):
    """A `when` that names nothing in the space, something that cannot be compared, or itself in a circle."""

    def __init__(self, path: Path, rule: str, advice: str = "") -> None:
        super().__init__(rule)
        self.path, self.rule, self.advice = path, rule, advice


def name_of(path: Path) -> str:
    """The dotted name of a place in the tree."""
    return ".".join(path)


def entry_of(value: Any, index: int) -> Any:  # noqa: ANN401 - any of a stack's values
    """What the entry of a stack has of a value: its place in a list, or the value itself, drawn anew."""
    if isinstance(value, list):
        return value[index]
    return {key: child for key, child in value.items() if key != "per"}


def is_per_entry(value: object) -> bool:
    """Whether each entry of a stack has a value of its own here."""
    return isinstance(value, list) or (isinstance(value, Mapping) and "per" in value)


def find_parameters(tree: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The parameters of a tree; one that others depend on comes before them.

    Raises:
        UnknownReference: a `when` names what cannot be compared with.
    """
    written = {parameter.name: parameter for parameter in _Walk(tree).parameters(tree, (), ())}
    needed = {name: [c.parent for c in parameter.conditions] for name, parameter in written.items()}
    found: dict[str, Parameter] = {}
    for name in _in_order(needed):
        if all(parent in found for parent in needed[name]):  # else it hangs on a value that is never there
            found[name] = replace(written[name], conditions=_closed(written[name].conditions, found))
    return tuple(found.values())


def _in_order(needed: Mapping[str, list[str]]) -> Iterator[str]:
    """The names in the order of the file, but each after those it needs."""
    placed: set[str] = set()
    for start in needed:
        trail = {start: iter(needed[start])} if start not in placed else {}
        while trail:
            name = next(reversed(trail))
            parent = next((one for one in trail[name] if one in needed and one not in placed), None)
            if parent is None:
                del trail[name]
                placed.add(name)
                yield name
            elif parent in trail:
                raise _circle([*trail, parent])
            else:
                trail[parent] = iter(needed[parent])


def _circle(trail: list[str]) -> UnknownReference:
    names = trail[trail.index(trail[-1]) :]
    listed = names if len(names) <= 6 else [*names[:3], "...", *names[-2:]]
    rule = f"values cannot depend on each other in a circle, got {' -> '.join(listed)}"
    return UnknownReference(tuple(names[0].split(".")), rule, "Drop one `when`.")


def _closed(conditions: tuple[Condition, ...], found: Mapping[str, Parameter]) -> tuple[Condition, ...]:
    """The conditions with those of the parents before them, each once."""
    closed: dict[Condition, None] = {}
    for condition in conditions:
        closed.update(dict.fromkeys(found[condition.parent].conditions))
        closed[condition] = None
    return tuple(closed)


def own_conditions(parameters: Sequence[Parameter]) -> tuple[tuple[Parameter, tuple[Condition, ...]], ...]:
    """Each parameter with those of its conditions that do not follow from its parents' being there.

    Where parents are looked at first, these are enough, and much fewer in deep spaces.
    """
    known: dict[str, set[Condition]] = {}
    for parameter in parameters:  # KerasTuner may have one in several places: what all of these ask for is implied
        known[parameter.name] = known.get(parameter.name, set(parameter.conditions)) & set(parameter.conditions)
    found = []
    for parameter in parameters:
        implied = [known[parent] for parent in {condition.parent for condition in parameter.conditions}]
        own = tuple(c for c in parameter.conditions if not any(c in conditions for conditions in implied))
        found.append((parameter, own))
    return tuple(found)


class _Walk:
    """The walk over a whole tree, which a `when` may point into."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self._tree = tree

    def parameters(self, node: Any, path: Path, conditions: tuple[Condition, ...]) -> Iterator[Parameter]:  # noqa: ANN401
        if is_searched(node):
            yield from self._searched(node, path, conditions)
        elif isinstance(node, Stack):
            yield from self._stack(node, path, conditions)
        elif isinstance(node, Mapping | list):
            for key, child in node.items() if isinstance(node, Mapping) else enumerate(node):
                yield from self.parameters(child, (*path, str(key)), conditions)

    def _searched(self, node: Mapping[str, Any], path: Path, conditions: tuple[Condition, ...]) -> Iterator[Parameter]:
        needed = when_conditions(self._tree, node, path)
        if needed is None:
            return
        domain, conditions = domain_of(node), (*conditions, *needed)
        yield Parameter(name_of(path), domain, conditions, label(node.get("prior")), "prior" in node)
        if isinstance(domain, Branch):
            for name in domain.names:
                taken = (*conditions, Condition(name_of(path), (name,)))
                yield from self.parameters(node["choice"][name], (*path, name), taken)

    def _stack(self, stack: Stack, path: Path, conditions: tuple[Condition, ...]) -> Iterator[Parameter]:
        numbers = counts(stack[stack.count])
        for key, value in stack.items():
            if not is_per_entry(value):
                yield from self.parameters(value, (*path, key), conditions)
                continue
            for index in range(max(numbers)):
                more = _long_enough(stack, index, path)
                yield from self.parameters(entry_of(value, index), (*path, key, str(index)), (*conditions, *more))


def _long_enough(stack: Stack, index: int, path: Path) -> tuple[Condition, ...]:
    """The condition that a stack has an entry of this index, where not every draw has."""
    numbers = counts(stack[stack.count])
    enough = tuple(number for number in numbers if number > index)
    return () if len(enough) == len(numbers) else (Condition(name_of((*path, stack.count)), enough),)


def when_conditions(tree: Mapping[str, Any], node: Mapping[str, Any], path: Path) -> tuple[Condition, ...] | None:
    """The conditions of a node's `when`; None where a fixed value of the tree keeps it from ever holding.

    Raises:
        UnknownReference: it names what cannot be compared with.
    """
    conditions = []
    for name, values in node.get("when", {}).items():
        wanted = tuple(label(value) for value in values)
        target, on_the_way = find_value(tree, name, (*path, "when", name))
        if is_searched(target):
            conditions.append(Condition(name, wanted))
        elif any(is_same(label(target), value) for value in wanted):
            conditions += on_the_way
        else:
            return None
    return tuple(conditions)


NOWHERE = "\0nowhere"
"""Stands for a value inside a kind of network that this space does not have: equal to no value of a file."""


def find_value(tree: Mapping[str, Any], name: str, path: Path) -> tuple[Any, tuple[Condition, ...]]:
    """What a `when` at this path looks at: the searched node or fixed value of a dotted name, and when it is there.

    Raises:
        UnknownReference: there is none, or it cannot be compared with.
    """
    node: Any = tree
    around: Stack | None = None
    conditions: list[Condition] = []
    parts = name.split(".")
    for index, part in enumerate(parts):
        options = node["choice"] if is_searched(node) and "choice" in node else node
        if isinstance(options, Kinds) and part in options.kinds and part not in options:
            return NOWHERE, ()
        child = _child(options if isinstance(options, Mapping) else node, part, around)
        if child is None:
            keys = [str(key) for key in options] if isinstance(options, Mapping) else []
            rule = f"`when` names a value of this space by its dotted name, got {name}, and found no {part} on the way"
            raise UnknownReference(path, rule, _advice(part, keys))
        if around is not None and is_per_entry(node):
            conditions += _long_enough(around, int(part), tuple(parts[: index - 1]))
        elif is_searched(node):
            conditions.append(Condition(name_of(tuple(parts[:index])), (part,)))
        around = node if isinstance(node, Stack) else None
        node = child[0]
    if isinstance(node, Kinds):
        return next(iter(node)), tuple(conditions)
    if is_per_entry(node) or (isinstance(node, Mapping) and not is_searched(node)):
        rule = f"`when` compares with one value, got {name}, which holds several"
        keys = [str(key) for key in node] if isinstance(node, Mapping) and "per" not in node else ["0", "1", "2"]
        raise UnknownReference(path, rule, f"Name one of them, such as {name}.{keys[0]}." if keys else "")
    if is_searched(node) and isinstance(domain_of(node), FloatRange):
        rule = f"`when` compares with values that can be listed, got {name}, a range of floats"
        raise UnknownReference(path, rule, "Name a choice, an int range or a branch.")
    return node, tuple(conditions)


def _child(node: Any, part: str, around: Stack | None) -> tuple[Any] | None:  # noqa: ANN401 - any node
    """The child of this name, in a tuple, since it may itself be None; None where there is none.

    Args:
        around: the stack whose value the node is, if it is one's.
    """
    if around is not None and is_per_entry(node) and part.isdecimal():
        there = int(part) < max(counts(around[around.count]))
        return (entry_of(node, int(part)),) if there else None
    if isinstance(node, Mapping) and not is_searched(node):
        return (node[part],) if part in node else None
    if isinstance(node, list) and part.isdecimal() and int(part) < len(node):
        return (node[int(part)],)
    return None


def _advice(part: str, keys: list[str]) -> str:
    from cnnsearch.spaces.nearest import nearest  # only where something is wrong

    return f"{nearest(part, keys)}There are {', '.join(keys[:12])}." if keys else ""
