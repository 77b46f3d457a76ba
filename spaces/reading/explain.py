"""Turns what pydantic found wrong into problems in the language's own words, each with its place in the file."""

import re
from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core import ErrorDetails

from cnnsearch.spaces.advice import type_advice
from cnnsearch.spaces.document import Document, Section
from cnnsearch.spaces.errors import Problem
from cnnsearch.spaces.nearest import among, nearest
from cnnsearch.spaces.reading.nodes import Mark, Node
from cnnsearch.spaces.sections.rules import KEY_RULE, RULE
from cnnsearch.spaces.values import KEYWORDS, shown

Path = tuple[str | int, ...]
_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_LENGTHS = {
    "too_short": ("min_length", "at least"),
    "too_long": ("max_length", "at most"),
    "string_too_short": ("min_length", "at least"),
}


def step_into(node: Node, key: str | int) -> Node | None:
    """The child of this name; a choice over branches is passed through, as names of parameters do."""
    content = node.content
    if isinstance(content, dict):
        if key in content:
            return content[key]  # type: ignore[no-any-return]
        branches = content.get("choice")
        if branches is not None and isinstance(branches.content, dict):
            return branches.content.get(key)
    if isinstance(content, list) and isinstance(key, int) and 0 <= key < len(content):
        return content[key]  # type: ignore[no-any-return]
    return None


def _key_mark(node: Node, key: str | int) -> Mark | None:
    if key in node.key_marks:
        return node.key_marks[str(key)]
    branches = node.content.get("choice") if isinstance(node.content, dict) else None
    return branches.key_marks.get(str(key)) if branches is not None else None


def place(root: Node, path: Path, *, at_key: bool = False) -> Mark:
    """Where the value (or its key) at this path stands; the nearest thing around it where it is not written out."""
    node, mark = root, root.mark
    for index, key in enumerate(path):
        child = step_into(node, key)
        known = _key_mark(node, key)
        if child is None:
            return known or mark
        last = index + 1 == len(path)
        mark = known if known is not None and (at_key or not last) else child.mark
        node = child
    return mark


def _section_at(path: Path) -> type[Section] | None:
    """The section that a path leads to; None where it ends in a value."""
    section: type[Section] = Document
    for key in path:
        if isinstance(key, int) or key == "choice":
            continue
        field = section.model_fields.get(key)
        if field is None:  # the name of a branch, which is the file's own
            continue
        found = _first_section(field.annotation)
        if found is None:
            return None
        section = found
    return section


def _first_section(annotation: Any) -> type[Section] | None:  # noqa: ANN401 - any type hint
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _first_section(part))), None)


def dotted(path: Path) -> str:
    """The path as parameters are named."""
    return ".".join(map(str, path)) or "the document"


def _unknown_key(path: Path) -> tuple[str, str]:
    *parents, key = path
    parent, name = tuple(parents), str(key)
    section = _section_at(parent)
    keys = list(section.model_fields) if section else []
    if name in KEYWORDS and keys:
        rule = f"`{dotted(parent)}` is a section, got `{name}` as if it were one searched value"
        return rule, f"Search the values inside: {', '.join(keys)}."
    rule = f"a key must be known in {_inside(parent)}, got `{name[:60]}`"
    return rule, among(name, keys, "The keys here are")


def _inside(path: Path) -> str:
    return f"`{dotted(path)}`" if path else "a space document"


def _literal(error: ErrorDetails, name: str) -> tuple[str, str]:
    expected = str(error.get("ctx", {}).get("expected", ""))
    words = re.findall(r"'([^']*)'", expected) or [expected]
    found = error["input"]
    advice = nearest(found, words) if isinstance(found, str) else ""
    return f"`{name}` must be one of {', '.join(words)}, got {shown(found)}", advice.strip()


def _in_words(error: ErrorDetails, path: Path) -> tuple[str, str]:
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    name = dotted(path)
    if kind in (RULE, KEY_RULE):
        return f"`{name}`: {context['rule']}", str(context.get("advice", ""))
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "missing":
        return f"`{name}` must be given, got nothing", f"Write `{path[-1]}:` in {_inside(path[:-1])}."
    if kind == "literal_error":
        return _literal(error, name)
    return _value_rule(kind, name, found, context) or (
        f"`{name}` breaks a rule ({error['msg'][:80]}), got {shown(found)}",
        "",
    )


def _value_rule(kind: str, name: str, found: Any, context: Mapping[str, Any]) -> tuple[str, str] | None:  # noqa: ANN401
    """Rules on one value's type, bounds or length."""
    if kind in _KINDS:
        return f"`{name}` must be {_KINDS[kind]}, got {shown(found)}", type_advice(kind, found)
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"`{name}` must be {words} {context[bound]}, got {shown(found)}", ""
    if kind in _LENGTHS:
        bound, words = _LENGTHS[kind]
        things = "characters" if kind == "string_too_short" else "entries"
        return f"`{name}` must have {words} {context[bound]} {things}, got {shown(found)}", ""
    return None


def explain(error: ErrorDetails, root: Node) -> tuple[Mark, Problem]:
    """One problem, with its mark to sort by, from one of pydantic's."""
    # What stands in < > is pydantic's note of a value's form; no person wrote it.
    path = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith("<")))
    if error["type"] == "missing":
        mark = place(root, path[:-1], at_key=True)
    else:
        mark = place(root, path, at_key=error["type"] in ("extra_forbidden", KEY_RULE))
    rule, advice = _in_words(error, path)
    return mark, Problem(mark.where, rule, advice)
