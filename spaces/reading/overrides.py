"""Values given on the command line, `KEY=VALUE`, put into a document's nodes before it is checked."""

from collections.abc import Sequence

from cnnsearch.spaces.errors import Excerpt, Problem, SpaceError, without_passwords
from cnnsearch.spaces.reading.explain import step_into
from cnnsearch.spaces.reading.nodes import Mark, Node, read_nodes
from cnnsearch.spaces.reading.source import refusal
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


def _put(parent: Node, key: str | int, value: Node, mark: Mark) -> None:
    """Set a child, its key standing at the mark; a branch's bare name keeps the settings it has in the file."""
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
        parent.key_marks[key] = mark


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


def _set(root: Node, keys: Sequence[str], value: Node, marks: Sequence[Mark]) -> None:
    """Walk down to the parent of the last key, making mappings on the way, and put the value there."""
    node = root
    for depth, (name, mark) in enumerate(zip(keys, marks, strict=True)):
        _opened(node)
        try:
            key = _key_in(node, name, ".".join(keys[:depth]))
        except ValueError as error:
            raise refusal(mark, str(error), "Set the whole of it.") from None
        if depth + 1 == len(keys):
            _put(node, key, value, mark)
            return
        child = step_into(node, key)
        if child is None:
            child = Node({}, mark)
            _put(node, key, child, mark)
        node = child


def _marks(override: str, keys: Sequence[str], number: int) -> list[Mark]:
    """Where each part of a dotted key stands in the option."""
    line = f"--set {override}".partition("\n")[0]
    where, start, marks = f"--set {without_passwords(override)[:100]}", len("--set "), []
    for key in keys:
        marks.append(Mark((number, 0, start), where, Excerpt(line, start, max(len(key), 1))))
        start += len(key) + 1
    return marks


def apply_overrides(root: Node, overrides: Sequence[str]) -> tuple[Node, list[tuple[Mark, Problem]]]:
    """The document with each `KEY=VALUE` set, and the problems of those that could not be."""
    root = _copied(root) if overrides else root
    problems: list[tuple[Mark, Problem]] = []
    for number, override in enumerate(overrides, start=1):
        where = f"--set {without_passwords(override)[:100]}"
        name, equals, text = override.partition("=")
        keys = [key.strip() for key in name.split(".")]
        whole, *_ = _marks(override, [override], number)
        if not equals or not all(keys):
            problems.append((whole, Problem(where, f"a setting must be KEY=VALUE, got {override[:60]!r}", _ADVICE)))
            continue
        try:
            value, found = read_nodes(text, where, number, f"--set {name}=")
            problems += found
            marks = _marks(override, name.split("."), number)
            _set(root, keys, value or Node(None, marks[-1]), marks)
        except SpaceError as error:
            problems += [(whole, problem) for problem in error.problems]
    return root, problems
