"""The parameters of a space: their dotted names, domains and conditions, and what their values make of its tree.

Three walks over the same tree of mappings, lists, scalars and searched nodes; only two places in it are special: a
choice over branches, and the blocks of a scratch model, whose per-block values exist once for each block.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnnsearch.spaces.network import block_counts
from cnnsearch.spaces.values import Branch, Domain, Scalar, domain_of, is_searched, size

Tree = Mapping[str, Any]
_SCRATCH = ("model", "scratch")


@dataclass(frozen=True)
class Condition:
    """Holds where `parent` has one of `values`."""

    parent: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True)
class Parameter:
    """One searched value.

    Attributes:
        name: its dotted path, without the word choice, such as `model.scratch.filters.0`.
        domain: what it may be.
        conditions: all must hold for it to exist in a trial; those of its parents are among them.
    """

    name: str
    domain: Domain
    conditions: tuple[Condition, ...] = ()

    def is_active(self, values: Mapping[str, Scalar]) -> bool:
        """Whether it exists beside these values; a parent without a value counts as not taken."""
        return all(c.parent in values and values[c.parent] in c.values for c in self.conditions)


def _name(path: tuple[str, ...]) -> str:
    return ".".join(path)


def _for_block(value: Any, index: int) -> Any:  # noqa: ANN401 - any of a block's values
    """What a block's entry of a value is: its place in a list, or the drawn-anew value itself."""
    if isinstance(value, list):
        return value[index]
    return {key: child for key, child in value.items() if key != "per"}


def is_per_block(value: object) -> bool:
    """Whether each block of a scratch model has a value of its own here."""
    return isinstance(value, list) or (isinstance(value, Mapping) and value.get("per") == "block")


def find_parameters(
    node: Any,  # noqa: ANN401 - any node of a plain document
    path: tuple[str, ...] = (),
    conditions: tuple[Condition, ...] = (),
) -> Iterator[Parameter]:
    """The parameters under a node; a parent always before its children."""
    if is_searched(node):
        domain = domain_of(node)
        yield Parameter(_name(path), domain, conditions)
        if isinstance(domain, Branch):
            for name in domain.names:
                taken = (*conditions, Condition(_name(path), (name,)))
                yield from find_parameters(node["choice"][name], (*path, name), taken)
    elif path == _SCRATCH:
        yield from _scratch_parameters(node, conditions)
    elif isinstance(node, Mapping | list):
        for key, child in node.items() if isinstance(node, Mapping) else enumerate(node):
            yield from find_parameters(child, (*path, str(key)), conditions)


def _scratch_parameters(scratch: Tree, conditions: tuple[Condition, ...]) -> Iterator[Parameter]:
    counts = block_counts(scratch["blocks"])
    for key, value in scratch.items():
        if not is_per_block(value):
            yield from find_parameters(value, (*_SCRATCH, key), conditions)
            continue
        for index in range(max(counts)):
            enough = tuple(count for count in counts if count > index)
            more = () if len(enough) == len(counts) else (Condition(_name((*_SCRATCH, "blocks")), enough),)
            entry = _for_block(value, index)
            yield from find_parameters(entry, (*_SCRATCH, key, str(index)), (*conditions, *more))


def substitute(node: Any, take: Callable[[str, Domain], Any], path: tuple[str, ...] = ()) -> Any:  # noqa: ANN401
    """The tree with each active searched value replaced by what `take(name, domain)` gives for it."""
    if is_searched(node):
        domain = domain_of(node)
        value = take(_name(path), domain)
        if isinstance(domain, Branch):
            return {value: substitute(node["choice"][value], take, (*path, value))}
        return value
    if path == _SCRATCH:
        return _substitute_scratch(node, take)
    if isinstance(node, Mapping):
        return {key: substitute(child, take, (*path, key)) for key, child in node.items()}
    if isinstance(node, list):
        return [substitute(child, take, (*path, str(index))) for index, child in enumerate(node)]
    return node


def _substitute_scratch(scratch: Tree, take: Callable[[str, Domain], Any]) -> dict[str, Any]:
    blocks = substitute(scratch["blocks"], take, (*_SCRATCH, "blocks"))
    drawn: dict[str, Any] = {"blocks": blocks}
    for key, value in scratch.items():
        path = (*_SCRATCH, key)
        if is_per_block(value):
            drawn[key] = [substitute(_for_block(value, i), take, (*path, str(i))) for i in range(blocks)]
        elif key != "blocks":
            drawn[key] = substitute(value, take, path)
    return drawn


def count_configurations(node: Any, path: tuple[str, ...] = ()) -> int | None:  # noqa: ANN401 - any node
    """How many distinct configurations a tree has; None where a continuous range makes them uncountable."""
    if is_searched(node):
        domain = domain_of(node)
        if not isinstance(domain, Branch):
            return size(domain)
        return _added([count_configurations(node["choice"][name], (*path, name)) for name in domain.names])
    if path == _SCRATCH:
        return _added([_count_scratch(node, blocks) for blocks in block_counts(node["blocks"])])
    children = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    keys = list(node) if isinstance(node, Mapping) else ["*"] * len(children)
    return _multiplied([count_configurations(child, (*path, key)) for key, child in zip(keys, children, strict=True)])


def _count_scratch(scratch: Tree, blocks: int) -> int | None:
    counts: list[int | None] = []
    for key, value in scratch.items():
        if is_per_block(value):
            counts += [count_configurations(_for_block(value, index)) for index in range(blocks)]
        elif key != "blocks":
            counts.append(count_configurations(value))
    return _multiplied(counts)


def _added(counts: list[int | None]) -> int | None:
    return None if None in counts else sum(count for count in counts if count is not None)


def _multiplied(counts: list[int | None]) -> int | None:
    return None if None in counts else math.prod(count for count in counts if count is not None)
