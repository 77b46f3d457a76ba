"""The branches of a section, through choices inside of choices."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cnnsearch.spaces.matching import NotInSpace, ways
from cnnsearch.spaces.parameters import UnknownReference, find_value, is_per_entry
from cnnsearch.spaces.sections.section import Branches, Section
from cnnsearch.spaces.values import Kinds, Scalar, Stack, counts, domain_of, has, is_same, is_searched, label, shown


def leaves(node: Any, name: str, kind: str = "") -> Iterator[tuple[str, str, Section]]:  # noqa: ANN401 - any node
    """Every section that a section of kinds may be, as (dotted name, kind, section).

    `leaves(document.model, "model")` gives `("model.scratch", "scratch", Scratch(...))` and so on. What holds where a
    choice's `when` does not is one, too, called `otherwise`.
    """
    if is_searched(node):
        options = node["choice"]
        for branch, option in options.items() if isinstance(options, Mapping) else ():
            known = branch if isinstance(options, Kinds) and branch in options.kinds else kind
            yield from leaves(option, f"{name}.{branch}", known)
        if "otherwise" in node:
            yield from leaves(node["otherwise"], f"{name}.otherwise", kind)
    elif isinstance(node, Branches):
        for taken, section in node.taken().items():
            yield from leaves(section, f"{name}.{taken}", taken)
    elif isinstance(node, Section):
        yield name, kind, node


def takes(values: Mapping[str, Any], name: str) -> bool:
    """Whether a draw's values choose the branch of this dotted name, at every choice on the way to it."""
    parts = name.split(".")
    chosen = (values.get(".".join(parts[:depth]), parts[depth]) == parts[depth] for depth in range(1, len(parts)))
    return all(chosen)


def with_leaf(tree: Mapping[str, Any], name: str, section: Mapping[str, Any]) -> dict[str, Any]:
    """The tree with another section in the place of the branch of this dotted name, which must be there."""
    return dict(_with(tree, name.split("."), section))


def _with(node: Any, parts: list[str], section: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any node
    if not parts:
        return section
    inside = node["choice"] if is_searched(node) else node
    changed = {**inside, parts[0]: _with(inside[parts[0]], parts[1:], section)}
    if isinstance(inside, Kinds):
        changed = Kinds(changed, inside.kinds)
    return {**node, "choice": changed} if is_searched(node) else changed


def without_leaf(tree: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The tree without the branch of this dotted name; the last kind left is fixed, an empty choice is left out.

    Conditions that can no longer hold are settled, and configurations to start from that need the branch are dropped.

    Raises:
        ValueError: there is no choice with such a branch, or nothing is left of the outermost one.
    """
    rest = _without(tree, name.split("."))
    if rest is None:
        raise ValueError(f"a choice must keep a branch, got none without {name}")
    if rest == tree:
        raise ValueError(f"only a branch of a choice can be left out, such as model.vgg16, got {name}")
    tree = _settled(rest, rest)
    while tree != rest:  # a value that is settled may be one that others look at
        rest, tree = tree, _settled(tree, tree)
    starts = [start for start in tree["search"]["start_from"] if _is_drawn(tree, start)]
    return {**tree, "search": {**tree["search"], "start_from": starts}}


def _is_drawn(tree: Mapping[str, Any], start: Mapping[str, Any]) -> bool:
    try:
        ways(tree, start, ())
    except NotInSpace:
        return False
    return True


_ABSENT = object()


def _settled(node: Any, tree: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any node
    """The node with what holds otherwise in the place of values whose `when` names what the tree no longer has."""
    if isinstance(node, list):
        return [_settled(child, tree) for child in node]
    if not isinstance(node, Mapping):
        return node
    when: dict[str, Any] = {}
    for name, values in node.get("when", {}).items() if is_searched(node) else ():
        when[name] = [value for value in values if _may_be(tree, name, value)]
        if not when[name]:
            return node.get("otherwise", _ABSENT)
    entries = {key: _settled(child, tree) for key, child in node.items() if key != "when" or not when}
    entries = {key: child for key, child in entries.items() if child is not _ABSENT} | ({"when": when} if when else {})
    if isinstance(node, Kinds):
        return Kinds(entries, node.kinds)
    return _with_lists(entries, node) if isinstance(node, Stack) else entries


def _with_lists(entries: dict[str, Any], stack: Stack) -> Stack:
    """The stack with a list, as its draws have it, of what holds otherwise for each entry."""
    most = max(counts(stack[stack.count]))
    settled = {key for key, child in entries.items() if is_searched(stack[key]) and not is_searched(child)}
    each = {key: [entries[key]] * most for key in settled if is_per_entry(stack[key])}
    return Stack({**entries, **each}, stack.count)


_Seen = frozenset[tuple[str, str]]


def _is_never_there(tree: Mapping[str, Any], node: Any, seen: _Seen) -> bool:  # noqa: ANN401 - any node
    conditions = node.get("when", {}) if is_searched(node) else {}
    return any(not any(_may_be(tree, name, value, seen) for value in values) for name, values in conditions.items())


def _may_be(tree: Mapping[str, Any], name: str, value: Any, seen: _Seen = frozenset()) -> bool:  # noqa: ANN401
    """Whether a value of the tree may be this one; `seen` are those asked about on the way to this question."""
    if (name, repr(value)) in seen:  # around a value that goes, values may look at each other in a circle
        return True
    seen |= {(name, repr(value))}
    try:
        target, on_the_way = find_value(tree, name, ())
        around = [find_value(tree, condition.parent, ())[0] for condition in on_the_way]
    except UnknownReference:
        return False
    possible = has(domain_of(target), value) if is_searched(target) else is_same(label(target), value)
    # In this order: what is around a value that can never be so may itself look at that value.
    return possible and not any(_is_never_there(tree, node, seen) for node in [*around, target])


def _without(node: Any, parts: list[str]) -> Any:  # noqa: ANN401 - any node
    """The node without a branch; None where nothing of it is left."""
    if not isinstance(node, Mapping):
        return node
    options = node.get("choice") if is_searched(node) else None
    if isinstance(options, Mapping):
        if parts[0] not in options:
            return node
        inside = _without(options[parts[0]], parts[1:]) if len(parts) > 1 else None
        left = {key: inside if key == parts[0] else option for key, option in options.items()}
        left = {key: option for key, option in left.items() if key != parts[0] or inside is not None}
        if len(left) == 1 and isinstance(options, Kinds) and options.kinds >= left.keys() and "when" not in node:
            return Kinds(left, options.kinds)  # a kind that is alone needs no choice; its parameters keep their names
        kept = Kinds(left, options.kinds) if isinstance(options, Kinds) else left
        rest = {key: value for key, value in node.items() if key != "prior" or value in left}
        return {**rest, "choice": kept} if left else None
    if len(parts) > 1 and parts[0] in node:
        inside = _without(node[parts[0]], parts[1:])
        return None if inside is None else {**node, parts[0]: inside}
    return node


def without_option(tree: Mapping[str, Any], name: str, option: Scalar) -> dict[str, Any]:
    """The tree without one option of the choice of this dotted name, such as head.output; the last one left is fixed.

    Where `search.start_from` gives this option, that value is left out of it, and the rest of the start stays.

    Raises:
        ValueError: there is no choice between values with such an option, or nothing would be left of it.
    """
    path = name.split(".")
    rest = _at(tree, path, lambda node: _without_option(node, option, name))
    starts = [_without_value(start, path, option) for start in rest["search"]["start_from"]]
    return {**rest, "search": {**rest["search"], "start_from": starts}}


def _at(node: Any, path: list[str], change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - any node
    """The node with what lies at the path changed."""
    if not path:
        return change(node)
    if is_searched(node) and isinstance(node.get("choice"), Mapping):
        return {**node, "choice": _at(node["choice"], path, change)}
    if isinstance(node, list) and path[0].isdecimal() and int(path[0]) < len(node):
        place = int(path[0])
        return [*node[:place], _at(node[place], path[1:], change), *node[place + 1 :]]
    if not isinstance(node, Mapping) or path[0] not in node:
        raise ValueError(f"a choice is named by its dotted name, got one that leads nowhere at {path[0]}")
    copied = {**node, path[0]: _at(node[path[0]], path[1:], change)}
    if isinstance(node, Kinds):
        return Kinds(copied, node.kinds)
    return Stack(copied, node.count) if isinstance(node, Stack) else copied


def _without_option(node: Any, option: Scalar, name: str) -> Any:  # noqa: ANN401 - any node
    options = node.get("choice") if is_searched(node) else None
    if not isinstance(options, list) or option not in options:
        raise ValueError(f"{name} must be a choice with the option {option}, got {shown(node)}")
    left = [value for value in options if value != option]
    if not left:
        raise ValueError(f"a choice must keep an option, got none of {name} without {option}")
    if len(left) == 1 and "when" not in node and "per" not in node:
        return left[0]
    return {**{key: value for key, value in node.items() if key != "prior" or value != option}, "choice": left}


def _without_value(start: Any, path: list[str], value: Scalar) -> Any:  # noqa: ANN401 - any node
    """A part of a configuration without the value at this path; names of branches may be left aside in it."""
    if not isinstance(start, Mapping) or not path:
        return start
    if len(path) == 1 and path[0] in start and start[path[0]] == value:
        return {key: child for key, child in start.items() if key != path[0]}
    if path[0] in start:
        return {**start, path[0]: _without_value(start[path[0]], path[1:], value)}
    return _without_value(start, path[1:], value)
