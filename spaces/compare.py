"""What differs between two spaces, and whether everything that one could draw the other can draw, too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cnnsearch.spaces.document import Document
from cnnsearch.spaces.parameters import Parameter, is_per_entry
from cnnsearch.spaces.sections.data import IMAGES
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import (
    Domain,
    FloatRange,
    IntRange,
    Kinds,
    contains_searched,
    describe,
    has,
    is_searched,
    options_of,
    shown,
    size,
)

_NOT_TRAINED = ("search", "keep")
_MOST_OPTIONS = 100_000
"""Values of a range that are looked at one by one."""


class Kind(StrEnum):
    """How one value differs."""

    ADDED = "added"
    """Only the second space has it, inside a branch that the first one lacks, or in more blocks."""
    REMOVED = "removed"
    """Only the first space has it."""
    WIDENED = "widened"
    """The second space has all its values, and more."""
    NARROWED = "narrowed"
    """The second space has some of its values."""
    CHANGED = "changed"
    """Each has values that the other lacks, or it exists under other conditions."""


@dataclass(frozen=True)
class Difference:
    """One value that differs.

    Attributes:
        name: its dotted name.
        kind: how.
        before: what the first space says of it, in words; empty where it says nothing.
        after: what the second one says.
    """

    name: str
    kind: Kind
    before: str
    after: str

    @property
    def keeps_trials(self) -> bool:
        """Whether what the first space drew may still be drawn, as far as this value goes.

        What concerns the search alone, such as its sampler, changes no trial; neither does what says which images
        there are.
        """
        section, _, rest = self.name.partition(".")
        of_images = section == "data" and rest.partition(".")[0] in IMAGES
        return self.kind in (Kind.ADDED, Kind.WIDENED) or section in _NOT_TRAINED or of_images


def differences(first: Space, second: Space) -> list[Difference]:
    """What differs, section by section; of branches that only one of them has, the searched values."""
    one, other = _Reading(first), _Reading(second)
    names = dict.fromkeys([*other.names(), *one.names()])
    found = (_difference(name, one, other) for name in sorted(names, key=_section))
    return [difference for difference in found if difference is not None]


def _section(name: str) -> int:
    return list(Document.model_fields).index(name.partition(".")[0])


class _Reading:
    """A space as a mapping from names to what it says there."""

    def __init__(self, space: Space) -> None:
        self.parameters = {parameter.name: parameter for parameter in space.parameters}
        self.fixed = dict(_fixed(space.tree, ""))

    def names(self) -> Iterator[str]:
        yield from self.parameters
        yield from self.fixed

    def has_section(self, name: str) -> bool:
        """Whether this space says anything beside the value of this name."""
        around = name.rpartition(".")[0]
        return not around or any(known.startswith(f"{around}.") for known in self.names())

    def said(self, name: str) -> str:
        if name in self.parameters:
            return _in_words(self.parameters[name])
        known, value = self.value(name)
        return shown(value) if known else ""

    def value(self, name: str) -> tuple[bool, Any]:
        """Whether there is a fixed value of this name, and which; one for all blocks is that of each block."""
        if name in self.fixed:
            return True, self.fixed[name]
        parent, _, entry = name.rpartition(".")
        if entry.isdecimal() and parent in self.fixed:
            listed = self.fixed[parent]
            if not isinstance(listed, list):
                return True, listed
            return (True, listed[int(entry)]) if int(entry) < len(listed) else (False, None)
        return False, None

    def covers(self, name: str) -> bool:
        """Whether this space says something of the blocks' values one by one, of which `name` is the whole."""
        return f"{name}.0" in self.parameters


def _fixed(node: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - any node
    """The fixed values of a tree by dotted name; a list without searched values is one."""
    if is_searched(node):
        options = node.get("choice")
        children = list(options.items()) if isinstance(options, Mapping) else []
    elif isinstance(node, Mapping):
        children = list(node.items())
        if isinstance(node, Kinds):
            yield name, children[0][0]
    elif isinstance(node, list) and contains_searched(node):
        children = [(str(index), child) for index, child in enumerate(node)]
    else:
        yield name, node
        return
    for key, child in children:
        if not is_searched(child) or not is_per_entry(child) or contains_searched(child.get("choice")):
            yield from _fixed(child, f"{name}.{key}" if name else str(key))


def _difference(name: str, one: _Reading, other: _Reading) -> Difference | None:
    before, after = one.parameters.get(name), other.parameters.get(name)
    kind: Kind | None
    if before and after:
        kind = _of_domains(before, after)
    elif after:
        known, value = one.value(name)
        kind = (Kind.WIDENED if has(after.domain, value) else Kind.CHANGED) if known else Kind.ADDED
    elif before:
        known, value = other.value(name)
        kind = (Kind.NARROWED if has(before.domain, value) else Kind.CHANGED) if known else Kind.REMOVED
    else:
        kind = _of_fixed(name, one, other)
    return Difference(name, kind, one.said(name), other.said(name)) if kind else None


def _of_fixed(name: str, one: _Reading, other: _Reading) -> Kind | None:
    (in_one, before), (in_other, after) = one.value(name), other.value(name)
    if in_one and in_other:
        return None if before == after else Kind.CHANGED
    if one.covers(name) or other.covers(name):  # told of each block
        return None
    if not (one if in_other else other).has_section(name):  # told by the branch that holds it
        return None
    return Kind.ADDED if in_other else Kind.REMOVED


def _of_domains(before: Parameter, after: Parameter) -> Kind | None:
    if before.domain == after.domain:
        if before.conditions == after.conditions:
            return None
        return _of_conditions(before, after)
    wider, narrower = _contains(after.domain, before.domain), _contains(before.domain, after.domain)
    if wider and narrower:
        return Kind.CHANGED if before.domain != after.domain and _scale(before) != _scale(after) else None
    return Kind.WIDENED if wider else Kind.NARROWED if narrower else Kind.CHANGED


def _of_conditions(before: Parameter, after: Parameter) -> Kind | None:
    """More values of the same parents let it exist more often; that concerns blocks, of which there may be more."""
    first = {c.parent: set(map(str, c.values)) for c in before.conditions}
    second = {c.parent: set(map(str, c.values)) for c in after.conditions}
    if first == second or all(first.get(p, v) <= v for p, v in second.items()):
        return None
    return Kind.CHANGED


def _scale(parameter: Parameter) -> str:
    return parameter.domain.scale if isinstance(parameter.domain, IntRange | FloatRange) else ""


def _contains(outer: Domain, inner: Domain) -> bool:
    """Whether a domain has every value of another one."""
    if size(inner) is None:
        if not (isinstance(outer, FloatRange) and isinstance(inner, FloatRange)) or outer.step is not None:
            return False
        return outer.low <= inner.low and inner.high <= outer.high
    if isinstance(inner, IntRange) and isinstance(outer, IntRange):
        nested = inner.step % outer.step == 0 or size(inner) == 1
        return nested and has(outer, inner.low) and has(outer, inner.high)
    if (size(inner) or 0) > _MOST_OPTIONS:
        return inner == outer
    return all(has(outer, option) for option in options_of(inner))


def _in_words(parameter: Parameter) -> str:
    where = " and ".join(f"{c.parent} is {' or '.join(map(str, c.values))}" for c in parameter.conditions[-1:])
    return describe(parameter.domain) + (f", where {where}" if where else "")
