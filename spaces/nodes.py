"""Reads YAML 1.2 text into a tree of nodes that know where they stand.

Built from parser events rather than by a loader: nothing in a file can make an object, and every bound (bytes, depth,
nodes after aliases are followed) holds before memory is spent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cnnsearch.spaces.errors import Problem, SpaceError

MOST_BYTES, MOST_DEPTH, MOST_NODES = 256 * 1024, 32, 10_000
_CORE = "tag:yaml.org,2002:"
_KINDS = {bool: "bool", int: "int", float: "float", type(None): "null"}
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, order=True)
class Mark:
    """Where a node stands: `order` sorts problems (command line options come after the file)."""

    order: tuple[int, int, int]
    where: str


@dataclass
class Node:
    """A scalar, a list of nodes or a mapping of nodes.

    Attributes:
        content: the scalar's value, the list, or the mapping.
        mark: where the value starts.
        key_marks: where each key of a mapping stands.
        count: nodes in it, itself included, aliases followed.
        depth: levels in it, itself included.
    """

    content: Any
    mark: Mark
    key_marks: dict[str, Mark] = field(default_factory=dict)
    count: int = 1
    depth: int = 1

    def plain(self) -> Any:  # noqa: ANN401 - any YAML value
        """The mappings, lists and scalars of this tree."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        return [node.plain() for node in self.content] if isinstance(self.content, list) else self.content


def scalar_of(text: str) -> Any:  # noqa: ANN401 - any YAML scalar
    """The value of an unquoted scalar by the core schema of YAML 1.2: `yes` is text there, `1e-3` is a number."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


class _Reader:
    """Puts one document together from parser events."""

    def __init__(self, name: str, option: int) -> None:
        self.name, self.option = name, option
        self.anchors: dict[str, Node] = {}
        self.problems: list[tuple[Mark, Problem]] = []
        self.total = 0

    def mark(self, event: Event) -> Mark:
        line, column = (event.start_mark.line + 1, event.start_mark.column + 1) if event.start_mark else (1, 1)
        if self.option:
            return Mark((self.option, line, column), self.name)
        return Mark((0, line, column), f"{self.name}:{line}:{column}")

    def report(self, mark: Mark, rule: str, advice: str = "") -> None:
        self.problems.append((mark, Problem(mark.where, rule, advice)))

    def stop(self, mark: Mark, rule: str, advice: str = "") -> SpaceError:
        return SpaceError([Problem(mark.where, rule, advice)])

    def node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        """The node that starts with this event; takes the events up to its end."""
        mark = self.mark(event)
        self.total += 1
        if depth > MOST_DEPTH:
            raise self.stop(mark, f"a document has at most {MOST_DEPTH} levels, got more", "Flatten it.")
        if isinstance(event, AliasEvent):
            node = self.alias(event, mark, depth)
        elif isinstance(event, ScalarEvent):
            node = Node(self.scalar(event, mark), mark)
        elif isinstance(event, SequenceStartEvent):
            node = self.sequence(mark, events, depth)
        else:
            node = self.mapping(mark, events, depth)
        if self.total > MOST_NODES:
            raise self.stop(mark, f"a document has at most {MOST_NODES} values, got more", "Follow fewer aliases.")
        if not isinstance(event, AliasEvent):
            self.check_tag(event, mark)
            anchor = getattr(event, "anchor", None)
            if anchor:
                self.anchors[anchor] = node
        return node

    def alias(self, event: AliasEvent, mark: Mark, depth: int) -> Node:
        """The anchored node again; its nodes count again, too."""
        node = self.anchors.get(str(event.anchor))
        if node is None:
            raise self.stop(mark, f"an alias follows its anchor, got *{event.anchor}", f"Define &{event.anchor} first.")
        if depth + node.depth - 1 > MOST_DEPTH:
            raise self.stop(mark, f"a document has at most {MOST_DEPTH} levels, got more", "Flatten it.")
        self.total += node.count - 1
        return node

    def scalar(self, event: ScalarEvent, mark: Mark) -> Any:  # noqa: ANN401 - any YAML scalar
        tag = event.tag or ""
        if event.style is None and not tag:
            return scalar_of(event.value)
        if tag in ("", "!", _CORE + "str"):
            return event.value
        value = scalar_of(event.value)
        kind = _KINDS.get(type(value), "str")
        if tag.startswith(_CORE) and tag != _CORE + kind:
            self.report(mark, f"a value fits its tag, got {_short(tag)} {event.value[:40]}", "Leave the tag out.")
        return value

    def sequence(self, mark: Mark, events: Iterator[Event], depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            items.append(self.node(event, events, depth + 1))
        return _parent(items, mark, items)

    def mapping(self, mark: Mark, events: Iterator[Event], depth: int) -> Node:
        children: dict[str, Node] = {}
        key_marks: dict[str, Mark] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self.node(event, events, depth + 1)
            key_mark = self.mark(event)
            value_event = next(events)
            value = self.node(value_event, events, depth + 1)
            if isinstance(value_event, ScalarEvent) and value_event.value == "":
                value.mark = key_mark  # the parser sees an empty value only at the next thing in the file
            if not isinstance(key.content, str):
                self.report(key_mark, f"a key is a word, got {_short(str(key.plain()))}", "Quote it if it is meant.")
            elif key.content in children:
                first = key_marks[key.content].where
                self.report(key_mark, f"a key stands once in a mapping, got `{key.content}` again", f"See {first}.")
            else:
                children[key.content], key_marks[key.content] = value, key_mark
        node = _parent(children, mark, list(children.values()))
        node.key_marks = key_marks
        return node

    def check_tag(self, event: Event, mark: Mark) -> None:
        tag = getattr(event, "tag", None)
        kinds = {ScalarEvent: ("str", "bool", "int", "float", "null"), SequenceStartEvent: ("seq",)}
        allowed = kinds.get(type(event), ("map",))
        if tag and tag != "!" and tag not in [_CORE + kind for kind in allowed]:
            self.report(mark, f"only YAML's own tags are read, got {_short(tag)}", "Leave the tag out.")


def _short(text: str) -> str:
    text = text.replace(_CORE, "!!")
    return text if len(text) <= 60 else text[:57] + "..."


def _parent(content: Any, mark: Mark, children: list[Node]) -> Node:  # noqa: ANN401 - a list or a dict
    count = 1 + sum(child.count for child in children)
    return Node(content, mark, {}, count, 1 + max((child.depth for child in children), default=0))


def _syntax_problem(error: Exception, reader: _Reader) -> SpaceError:
    where, rule = reader.name, str(error).partition("\n")[0]
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        rule = str(error.problem or error.context or rule).partition("\n")[0]
        if mark is not None and not reader.option:
            where = f"{reader.name}:{mark.line + 1}:{mark.column + 1}"
    if "'\\t'" in rule:
        return SpaceError([Problem(where, "indentation is made of spaces, got a tab", "Replace the tab by spaces.")])
    advice = "Look at the indentation, colons, brackets and quotes there and just above."
    return SpaceError([Problem(where, f"the text must be valid YAML, got: {rule}", advice)])


def read_nodes(text: str, name: str, option: int = 0) -> tuple[Node | None, list[tuple[Mark, Problem]]]:
    """The one document in a text, None for an empty one, and the problems that do not keep it from being read.

    `name` stands before `:line:column` in messages; with `option` (a number from 1) it is a whole command line option.

    Raises:
        SpaceError: the text is no YAML, or is larger or deeper than a space may be.
    """
    reader = _Reader(name, option)
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise SpaceError([Problem(name, f"a space has at most {MOST_BYTES} bytes, got more", "Is it the right file?")])
    root: Node | None = None
    try:
        events = iter(YAML(typ="safe", pure=True).parse(text))
        for event in events:
            if isinstance(event, DocumentStartEvent) and root is not None:
                raise reader.stop(reader.mark(event), "a file holds one document, got a second one after `---`")
            if isinstance(event, AliasEvent | ScalarEvent | SequenceStartEvent | MappingStartEvent):
                root = reader.node(event, events, 1)
    except (YAMLError, ValueError, OverflowError, LookupError) as error:
        raise _syntax_problem(error, reader) from None
    if root is not None and root.content is None:
        root = None
    return root, reader.problems
