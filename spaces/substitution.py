"""What the values of a space's parameters make of its tree."""

from collections.abc import Mapping
from typing import Any

from cnnsearch.spaces.parameters import Path, entry_of, is_per_entry, name_of
from cnnsearch.spaces.values import Kinds, Stack, is_searched

_ABSENT = object()


def substitute(node: Any, values: Mapping[str, Any], path: Path = ()) -> Any:  # noqa: ANN401 - any node
    """The tree with each searched value replaced by the one in `values`, which has exactly the active parameters'.

    A value that is not there because of its `when` is what its `otherwise` says, or is left out of its section.
    """
    if is_searched(node):
        if name_of(path) not in values:
            return node.get("otherwise", _ABSENT)
        return _chosen(node, values, path)
    if isinstance(node, Stack):
        return _of_stack(node, values, path)
    if isinstance(node, Mapping):
        drawn = {key: substitute(child, values, (*path, key)) for key, child in node.items()}
        return {key: value for key, value in drawn.items() if value is not _ABSENT}
    if isinstance(node, list):
        return [substitute(child, values, (*path, str(index))) for index, child in enumerate(node)]
    return node


def _chosen(node: Mapping[str, Any], values: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 - any node
    options, value = node.get("choice"), values[name_of(path)]
    if not isinstance(options, Mapping):
        return value
    chosen = substitute(options[value], values, (*path, value))
    return {value: chosen} if isinstance(options, Kinds) and value in options.kinds else chosen


def _of_stack(stack: Stack, values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    number = substitute(stack[stack.count], values, (*path, stack.count))
    drawn: dict[str, Any] = {stack.count: number}
    for key, value in stack.items():
        if is_per_entry(value):
            entries = [substitute(entry_of(value, i), values, (*path, key, str(i))) for i in range(number)]
            if _ABSENT not in entries:
                drawn[key] = entries
        elif key != stack.count and (one := substitute(value, values, (*path, key))) is not _ABSENT:
            drawn[key] = one
    return drawn
