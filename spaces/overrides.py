"""Values given on the command line, `KEY=VALUE`, put into a document's nodes before it is checked."""

from collections.abc import Sequence

from cnnsearch.spaces.errors import Problem, SpaceError
from cnnsearch.spaces.explain import step_into
from cnnsearch.spaces.nodes import Mark, Node, read_nodes
from cnnsearch.spaces.values import shown

_ADVICE = "Write it like --set data.image_size=[64,64]."


def _opened(node: Node) -> None:
    """Write out a short form, so that its inside can be set: `adam`, a list of names, nothing, a number of units."""
    content = node.content
    if isinstance(content, dict) and "choice" in content:
        listed = content["choice"]
        if isinstance(listed.content, list) and all(isinstance(name.content, str) for name in listed.content):
            content["choice"] = _mapping_of_names(listed.content, listed.mark)
    elif isinstance(content, str):
        opened = _mapping_of_names([node], node.mark)
        node.content, node.key_marks = opened.content, opened.key_marks
    elif content is None:
        node.content = {}


def _mapping_of_names(names: list[Node], mark: Mark) -> Node:
    children = {name.content: Node({}, name.mark) for name in names}
    return Node(children, mark, {name.content: name.mark for name in names})


def _put(parent: Node, key: str | int, value: Node) -> None:
    """Set a child; a branch's bare name keeps the settings that this branch has in the file."""
    old = step_into(parent, key)
    if old is not None and isinstance(value.content, str):
        branches = old.content.get("choice") if isinstance(old.content, dict) else None
        if branches is not None and isinstance(branches.content, dict) and value.content in branches.content:
            value = Node({value.content: branches.content[value.content]}, value.mark, {value.content: value.mark})
    holder = parent.content
    branches = holder.get("choice") if isinstance(holder, dict) and key not in (*holder, "choice") else None
    if branches is not None and isinstance(branches.content, dict):  # a branch, known or new, belongs into the choice
        parent, holder = branches, branches.content
    holder[key] = value
    if isinstance(key, str):
        parent.key_marks[key] = value.mark


def _copied(node: Node) -> Node:
    """A node of its own, so that setting one alias leaves the others alone."""
    content = node.content
    if isinstance(content, dict):
        content = {key: _copied(child) for key, child in content.items()}
    elif isinstance(content, list):
        content = [_copied(child) for child in content]
    return Node(content, node.mark, dict(node.key_marks), node.count, node.depth)


def _key_in(node: Node, name: str, place: str) -> str | int:
    """The key or index that a name means in this node."""
    if isinstance(node.content, list):
        if not name.isdecimal() or len(name) > 9 or int(name) >= len(node.content):
            raise ValueError(f"`{place}` has {len(node.content)} entries, the first is 0, got `{name[:40]}`")
        return int(name)
    if isinstance(node.content, dict):
        return name
    raise ValueError(f"`{place}` must have keys inside, got {shown(node.content)}")


def _set(root: Node, keys: Sequence[str], value: Node) -> None:
    """Walk down to the parent of the last key, making mappings on the way, and put the value there."""
    node = root
    for depth, name in enumerate(keys):
        _opened(node)
        key = _key_in(node, name, ".".join(keys[:depth]))
        if depth + 1 == len(keys):
            _put(node, key, value)
            return
        child = step_into(node, key)
        if child is None:
            child = Node({}, value.mark)
            _put(node, key, child)
        node = child


def apply_overrides(root: Node, overrides: Sequence[str]) -> tuple[Node, list[tuple[Mark, Problem]]]:
    """The document with each `KEY=VALUE` set, and the problems of those that could not be."""
    root = _copied(root) if overrides else root
    problems: list[tuple[Mark, Problem]] = []
    for number, override in enumerate(overrides, start=1):
        where = f"--set {override[:100]}"
        mark = Mark((number, 0, 0), where)
        name, equals, text = override.partition("=")
        keys = name.strip().split(".")
        if not equals or not all(keys):
            problems.append((mark, Problem(where, f"a setting must be KEY=VALUE, got {override[:60]!r}", _ADVICE)))
            continue
        try:
            value, found = read_nodes(text, where, option=number)
            problems += found
            _set(root, keys, value or Node(None, mark))
        except SpaceError as error:
            problems += [(mark, problem) for problem in error.problems]
        except ValueError as error:
            problems.append((mark, Problem(where, str(error), "Set the whole of it.")))
    return root, problems
