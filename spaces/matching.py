"""Walks a space's tree beside a configuration: which values of the searched ones make it, whole or in part."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, product
from typing import Any

from pydantic import ValidationError

from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.nearest import nearest
from cnnsearch.spaces.parameters import Path, entry_of, is_per_entry, name_of
from cnnsearch.spaces.sections.scratch import with_norm
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.values import (
    Kinds,
    Scalar,
    Stack,
    contains_searched,
    counts,
    describe,
    domain_of,
    is_same,
    is_searched,
    label,
    shown,
    value_of,
)

Way = dict[str, Scalar]
"""Values of parameters that make what is given."""
_MOST_WAYS = 256
"""Where options under names of a file's own are alike, more than one may make the same; so many are looked at."""


class NotInSpace(CnnSearchError):
    """A configuration that a space cannot draw; `path` leads to the value that keeps it out."""

    def __init__(self, path: Path, rule: str, advice: str = "") -> None:
        super().__init__(f"{name_of(path)}: {rule}")
        self.path, self.rule, self.advice = path, rule, advice


def ways(node: Any, given: Any, path: Path) -> list[Way]:  # noqa: ANN401 - any node, any part of a configuration
    """All ways, one at least, in which a node of a tree makes what is given.

    A way may have values of parameters that are not active beside its others: whether a condition holds is seen only
    when all values are known.

    Raises:
        NotInSpace: there is none.
    """
    if is_searched(node):
        return _of_searched(node, given, path)
    given = _opened(node, given, path)
    if isinstance(node, Stack) and isinstance(given, Mapping):
        return _of_stack(node, given, path)
    if isinstance(node, Mapping) and isinstance(given, Mapping):
        return _merged(ways(_member(node, key, path), value, (*path, str(key))) for key, value in given.items())
    if isinstance(node, list) and isinstance(given, list) and len(node) == len(given):
        pairs = enumerate(zip(node, given, strict=True))
        return _merged(ways(child, value, (*path, str(index))) for index, (child, value) in pairs)
    if contains_searched(node) or not fits(node, given):
        raise NotInSpace(path, f"it is {shown(plain(node))} in this space, got {shown(given)}")
    return [{}]


def fits(value: Any, given: Any) -> bool:  # noqa: ANN401 - any fixed values
    """Whether a fixed value is what is given: whole, in part, or in the language's short form of it."""
    given = _opened(value, given, ())
    if isinstance(value, Mapping):
        return isinstance(given, Mapping) and all(key in value and fits(value[key], given[key]) for key in given)
    if isinstance(value, list):
        return isinstance(given, list) and len(value) == len(given) and all(map(fits, value, given))
    return is_same(value, given)


def _opened(node: Any, given: Any, path: Path) -> Any:  # noqa: ANN401
    """What is given, its short forms written out."""
    number = isinstance(given, int) and not isinstance(given, bool)
    if isinstance(node, list) and number and len(node) == 2:  # image_size: 64
        return [given, given]
    if not isinstance(node, Mapping):
        return given
    if number and "units" in node and not isinstance(node, Stack):
        return {"units": given}
    if isinstance(given, str) and (isinstance(node, Kinds) or "function" in node):
        return {given: {}} if isinstance(node, Kinds) else {"function": given}
    return _opened_inside(node, given, path) if isinstance(given, Mapping) else given


def _opened_inside(node: Mapping[str, Any], given: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    if isinstance(node, Kinds):
        return {kind: {} if section is None else section for kind, section in given.items()}
    if "batch_norm" not in given or "norm" not in node:
        return given
    try:
        opened: Mapping[str, Any] = with_norm(dict(given))
    except ValidationError:
        rule = f"`batch_norm` is true or false, and stands without `norm`, got {shown(given['batch_norm'])}"
        raise NotInSpace((*path, "batch_norm"), rule) from None
    return opened


def _merged(parts: Iterable[list[Way]]) -> list[Way]:
    """The ways of a whole from those of its parts."""
    found: list[Way] = [{}]
    for part in parts:
        if part != [{}]:
            found = [one | other for one, other in islice(product(found, part), _MOST_WAYS)]
    return found


def _of_searched(node: Mapping[str, Any], given: Any, path: Path) -> list[Way]:  # noqa: ANN401
    options, name = node.get("choice"), name_of(path)
    try:
        if isinstance(options, Mapping):
            return _of_branches(options, given, path)
        if options is not None:
            return [{name: label(_option(options, given, path))}]
        return [{name: _on_range(node, given, path)}]
    except NotInSpace:
        if "otherwise" in node and fits(node["otherwise"], given):
            return [{}]
        raise


def _on_range(node: Mapping[str, Any], given: Any, path: Path) -> Scalar:  # noqa: ANN401
    domain = domain_of(node)
    if isinstance(given, list) and len(given) == 2 and is_same(given[0], given[1]):
        given = given[0]  # image_size: [64, 64]
    try:
        return value_of(domain, given)  # type: ignore[no-any-return]
    except ValueError:
        raise NotInSpace(path, f"it is {describe(domain)} in this space, got {shown(given)}") from None


def _of_branches(options: Mapping[str, Any], given: Any, path: Path) -> list[Way]:  # noqa: ANN401
    """By the branch's name where it is given, which a configuration has of kinds only; else by what fits."""
    if given == {}:  # a part that says nothing of it
        return [{}]
    found: list[Way] = []
    refusals: list[NotInSpace] = []
    for name, content in _readings(options, given):
        try:
            found += [{name_of(path): name, **way} for way in ways(options[name], content, (*path, name))]
        except NotInSpace as refusal:
            refusals.append(refusal)
    if found:
        return found[:_MOST_WAYS]
    if len(refusals) == 1 or (refusals and _names(given) & options.keys()):
        raise refusals[0]
    raise NotInSpace(path, f"it is one of {', '.join(options)} in this space, got {shown(given)}")


def _readings(options: Mapping[str, Any], given: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """The branches that may be meant, each with what is given of its inside."""
    for name in _names(given) & options.keys():
        content = given[name] if isinstance(given, Mapping) else None
        yield name, {} if content is None and options[name] is not None else content
    kinds = options.kinds if isinstance(options, Kinds) else ()
    for name in options:
        if name not in kinds:
            yield name, given


def _names(given: Any) -> set[str]:  # noqa: ANN401
    if isinstance(given, str):
        return {given}
    return set(map(str, given)) if isinstance(given, Mapping) and len(given) == 1 else set()


def _of_stack(stack: Stack, given: Mapping[str, Any], path: Path) -> list[Way]:
    lists = [value for value in given.values() if isinstance(value, list)]
    number = given.get(stack.count, len(lists[0]) if lists else None)
    if lists and stack.count not in given:
        given = {stack.count: number, **given}
    most = max(counts(stack[stack.count]))
    number = min(number, most) if isinstance(number, int) else most
    return _merged(_of_entry(stack, key, value, number, path) for key, value in given.items())


def _of_entry(stack: Stack, key: str, value: Any, number: int, path: Path) -> list[Way]:  # noqa: ANN401
    """The ways of one of a stack's values, which may be given once or for each entry."""
    node, place = _member(stack, key, path), (*path, key)
    if is_per_entry(node):
        entries = value if isinstance(value, list) else [value] * number
        known = len(node) if isinstance(node, list) else max(counts(stack[stack.count]))
        if len(entries) > known:
            raise NotInSpace(place, f"this space has up to {known} entries here, got {len(entries)}")
        numbered = enumerate(entries)
        return _merged(ways(entry_of(node, index), entry, (*place, str(index))) for index, entry in numbered)
    if isinstance(value, list):
        if any(entry != value[0] for entry in value[1:]):
            raise NotInSpace(place, f"it is the same for all {stack.count} in this space, got {shown(value)}")
        return ways(node, value[0], place) if value else [{}]
    return ways(node, value, place)


def _member(node: Mapping[str, Any], key: str, path: Path) -> Any:  # noqa: ANN401 - any node
    if key in node:
        return node[key]
    advice = f"{nearest(str(key), [str(known) for known in node])}There are {', '.join(map(str, node))}."
    raise NotInSpace((*path, str(key)), f"this space has no {key!r} here", advice)


def _option(options: list[Any], given: Any, path: Path) -> Any:  # noqa: ANN401 - any option
    """The option that is given; one that is so whole before one that is so in part."""
    fitting = [option for option in options if fits(option, given)]
    if fitting:
        return next((option for option in fitting if option == given), fitting[0])
    listed = ", ".join(str(label(option)) for option in options)
    raise NotInSpace(path, f"it is one of {listed} in this space, got {shown(given)}")
