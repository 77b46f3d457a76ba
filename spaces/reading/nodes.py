"""Reads YAML 1.2 text into a tree of nodes that know where they stand.

Built from parser events rather than by a loader: nothing in a file can make an object, and every bound (bytes, depth,
nodes after aliases are followed) holds before memory is spent.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cnnsearch.spaces.errors import Problem, SpaceError
from cnnsearch.spaces.reading.source import Mark, Source, refusal
from cnnsearch.spaces.reading.syntax import syntax_error
from cnnsearch.spaces.reading.traps import key_trap, scalar_trap, split_key, tag_advice

__all__ = ["MOST_BYTES", "MOST_DEPTH", "MOST_NODES", "Mark", "Node", "read_nodes", "scalar_of"]

MOST_BYTES, MOST_DEPTH, MOST_NODES = 256 * 1024, 32, 10_000
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


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

    def __init__(self, source: Source) -> None:
        self.source = source
        self.anchors: dict[str, Node | None] = {}
        self.problems: list[tuple[Mark, Problem]] = []
        self.total = 0

    def mark(self, event: Event) -> Mark:
        """Where an event's own text stands, behind its anchor and tag."""
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            return self.source.mark(0, 0)
        column = start.column
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            column = self.source.after_properties(start.line, column)
        if isinstance(event, SequenceStartEvent | MappingStartEvent) and column > start.column:
            return self.source.mark(start.line, column)
        return self.source.span((start.line, column), (end.line, end.column))

    def report(self, mark: Mark, rule: str, advice: str = "") -> None:
        self.problems.append((mark, Problem(mark.where, rule, advice, mark.excerpt)))

    def node(self, event: Event, events: Iterator[Event], depth: int) -> Node:
        """The node that starts with this event; takes the events up to its end."""
        mark = self.mark(event)
        self.total += 1
        if depth > MOST_DEPTH:
            raise refusal(mark, f"a document has at most {MOST_DEPTH} levels, got more", "Flatten it.")
        if isinstance(event, AliasEvent):
            node = self.alias(event, mark, depth)
        else:
            node = self.anchored(event, events, depth, mark)
        if self.total > MOST_NODES:
            raise refusal(mark, f"a document has at most {MOST_NODES} values, got more", "Follow fewer aliases.")
        return node

    def anchored(self, event: Event, events: Iterator[Event], depth: int, mark: Mark) -> Node:
        """A node that is written out here; its anchor, if any, can be followed from its end on."""
        anchor = getattr(event, "anchor", None)
        if anchor:
            self.anchors[anchor] = None
        tag = getattr(event, "tag", None)
        if tag:
            at = event.start_mark
            place = self.source.mark(at.line, at.column, len(str(tag))) if at is not None else mark
            self.report(place, f"a value is written without a tag, got {_short(str(tag))}", tag_advice(str(tag)))
        if isinstance(event, ScalarEvent):
            node = Node(self.scalar(event, mark), mark)
        elif isinstance(event, SequenceStartEvent):
            node = self.sequence(mark, events, depth)
        else:
            node = self.mapping(mark, events, depth)
        if anchor:
            self.anchors[anchor] = node
        return node

    def alias(self, event: AliasEvent, mark: Mark, depth: int) -> Node:
        """The anchored node again, standing where the alias does; its nodes count again, too."""
        name = str(event.anchor)
        node = self.anchors.get(name)
        if node is None and name in self.anchors:
            raise refusal(
                mark, f"an alias points to a value above, got *{name[:40]} within &{name[:40]}", "Write it out."
            )
        if node is None:
            advice = f'Put `&{name[:40]}` before a value above, or the text in quotes: "*{name[:40]}".'
            raise refusal(mark, f"an alias follows its anchor, got *{name[:40]}", advice)
        if depth + node.depth - 1 > MOST_DEPTH:
            raise refusal(mark, f"a document has at most {MOST_DEPTH} levels, got more", "Flatten it.")
        self.total += node.count - 1
        return replace(node, mark=mark)

    def scalar(self, event: ScalarEvent, mark: Mark) -> Any:  # noqa: ANN401 - any YAML scalar
        written = mark.excerpt.behind() if mark.excerpt else ""
        trap = scalar_trap(event.value, event.style, written, bool(event.anchor))
        if trap:
            self.report(mark, *trap)
        return scalar_of(event.value) if event.style is None else event.value

    def sequence(self, mark: Mark, events: Iterator[Event], depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            items.append(self.node(event, events, depth + 1))
        return _parent(items, self.whole(mark, event, "["), items)

    def mapping(self, mark: Mark, events: Iterator[Event], depth: int) -> Node:
        children: dict[str, Node] = {}
        key_marks: dict[str, Mark] = {}
        merged = Node({}, mark)
        while not isinstance(event := next(events), MappingEndEvent):
            key = self.node(event, events, depth + 1)
            value_event = next(events)
            value = self.node(value_event, events, depth + 1)
            empty = isinstance(value_event, ScalarEvent) and value_event.value == "" and value_event.style is None
            if empty:
                value.mark = key.mark  # the parser sees an empty value only at the next thing in the file
            if key.content == "<<" and isinstance(value.content, dict):
                self.report(key.mark, "a key is known in the language, got `<<`, a merge of YAML 1.1", _MERGE)
                merged = value
            else:
                self.entry(key, value, children, key_marks, empty=empty)
        children = {**merged.content, **children}
        key_marks = {**merged.key_marks, **key_marks}
        first = next(iter(key_marks.values()), mark)
        node = _parent(children, self.whole(mark, event, "{", first), list(children.values()))
        node.key_marks = key_marks
        return node

    def entry(self, key: Node, value: Node, children: dict[str, Node], marks: dict[str, Mark], *, empty: bool) -> None:
        """Put a key and its value into a mapping; a key that is wrong is reported, and mended where that is plain."""
        name = key.content
        if empty and isinstance(name, str) and (parts := split_key(name, key.mark.excerpt)):
            self.report(key.mark, f"a colon and a space stand between key and value, got {_short(name)}", parts.advice)
            name, value = parts.key, Node(scalar_of(parts.value), key.mark)
        if not isinstance(name, str):
            self.report(key.mark, f"a key is a word, got {_short(_as_written(key))}", key_trap(name, key.mark.excerpt))
        elif name in children:
            advice = f"Keep one of the two; the first stands at {marks[name].where}."
            self.report(key.mark, f"a key stands once in a mapping, got `{_short(name)}` again", advice)
        else:
            children[name], marks[name] = value, key.mark

    def whole(self, mark: Mark, end: Event, opening: str, first: Mark | None = None) -> Mark:
        """The mark of a whole list or mapping: from bracket to bracket, or a block's first key or dash."""
        excerpt, last = mark.excerpt, end.end_mark
        if excerpt is None or last is None:
            return mark
        if not excerpt.text.startswith(opening, excerpt.start):
            return first if first is not None and first.order == mark.order else mark
        line, column = mark.order[1] - 1, mark.order[2] - 1
        return self.source.span((line, column), (last.line, last.column))


_MERGE = "Write its keys out here, or give each value an alias of its own."


def _as_written(key: Node) -> str:
    """A key that is no word, as it might be written."""
    plain = key.plain()
    return "nothing (null)" if plain is None else str(plain).lower() if isinstance(plain, bool) else str(plain)


def _short(text: str) -> str:
    text = text.replace("tag:yaml.org,2002:", "!!")
    return text if len(text) <= 60 else text[:57] + "..."


def _parent(content: Any, mark: Mark, children: list[Node]) -> Node:  # noqa: ANN401 - a list or a dict
    count = 1 + sum(child.count for child in children)
    return Node(content, mark, {}, count, 1 + max((child.depth for child in children), default=0))


def _begin(event: DocumentStartEvent, reader: _Reader, *, first: bool) -> None:
    if not first:
        advice = "Keep one of them; a file of its own takes the other."
        raise refusal(reader.mark(event), "a file holds one document, got a second one", advice)
    if event.version not in (None, (1, 2)):
        version = ".".join(map(str, event.version))
        line = next((number for number, line in enumerate(reader.source.lines) if line.startswith("%YAML")), 0)
        raise refusal(
            reader.source.mark(line, 0, 80), f"a space is YAML 1.2, got %YAML {version}", "Take that line away."
        )


def read_nodes(text: str, name: str, option: int = 0, lead: str = "") -> tuple[Node | None, list[tuple[Mark, Problem]]]:
    """The one document in a text, None for an empty one, and the problems that do not keep it from being read.

    `name` stands before `:line:column` in messages; with `option` (a number from 1) it is a whole command line option,
    and `lead` is what stands there before the text.

    Raises:
        SpaceError: the text is no YAML, or is larger or deeper than a space may be.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise SpaceError([Problem(name, f"a space has at most {MOST_BYTES} bytes, got more", "Is it the right file?")])
    source = Source(text.removeprefix("\ufeff"), name, option, lead)
    reader = _Reader(source)
    root: Node | None = None
    try:
        events = iter(YAML(typ="safe", pure=True).parse(source.text))
        for event in events:
            if isinstance(event, DocumentStartEvent):
                _begin(event, reader, first=root is None)
            elif isinstance(event, NodeEvent):
                root = reader.node(event, events, 1)
    except (YAMLError, ValueError, OverflowError, LookupError) as error:
        raise syntax_error(error, source) from None
    if root is not None and root.content is None:
        root = None
    return root, reader.problems
