"""Turns what pydantic found wrong into problems in the language's own words, each with its place in the file."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic_core import ErrorDetails

from cnnsearch.spaces.document import Document, Section
from cnnsearch.spaces.errors import Problem
from cnnsearch.spaces.nodes import Mark, Node
from cnnsearch.spaces.searched import TAGS
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
        found = _first_section(field.annotation) if field else None
        if found is None:
            return None
        section = found
    return section


def _first_section(annotation: Any) -> type[Section] | None:  # noqa: ANN401 - any type hint
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for part in get_args(annotation) if (found := _first_section(part))), None)


def nearest(word: str, known: Sequence[str]) -> str:
    """`Did you mean ...?` with a space after it, where one of the known words is near."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`? " if close else ""


def dotted(path: Path) -> str:
    """The path as parameters are named."""
    return ".".join(map(str, path)) or "the document"


def _unknown_key(path: Path, tags: Sequence[str]) -> tuple[str, str]:
    *parents, key = path
    parent, name = tuple(parents), str(key)
    if tags and tags[-1] in ("<choice>", "<int>", "<float>"):
        beside = {"<choice>": ["choice"], "<int>": ["int", "step"], "<float>": ["float", "step", "scale"]}[tags[-1]]
        if name == "per":
            return (
                f"`per: block` is for the values of a scratch model's blocks, got it at `{dotted(parent)}`",
                "Leave it out.",
            )
        if name in KEYWORDS:
            rule = f"a searched value is a choice, an int or a float range, got two of them at `{dotted(parent)}`"
            return rule, "Keep one."
        keys = [*beside, "per"] if "<fixed>" in tags[:-1] else beside
    else:
        section = _section_at(parent)
        keys = list(section.model_fields) if section else []
        if name in KEYWORDS and keys:
            rule = f"`{dotted(parent)}` is a section, got `{name}` as if it were one searched value"
            return rule, f"Search the values inside: {', '.join(keys)}."
    advice = f"{nearest(name, keys)}The keys here are {', '.join(keys)}."
    return f"a key must be known in {_inside(parent)}, got `{name[:60]}`", advice


def _inside(path: Path) -> str:
    return f"`{dotted(path)}`" if path else "a space document"


def _literal(error: ErrorDetails, name: str) -> tuple[str, str]:
    expected = str(error.get("ctx", {}).get("expected", ""))
    words = re.findall(r"'([^']*)'", expected) or [expected]
    found = error["input"]
    advice = nearest(found, words) if isinstance(found, str) else ""
    return f"`{name}` must be one of {', '.join(words)}, got {shown(found)}", advice.strip()


def _in_words(error: ErrorDetails, path: Path, tags: Sequence[str]) -> tuple[str, str]:
    kind, found, context = error["type"], error["input"], error.get("ctx", {})
    name = dotted(path)
    if kind == "rule":
        return f"`{name}`: {context['rule']}", str(context.get("advice", ""))
    if kind == "extra_forbidden":
        return _unknown_key(path, tags)
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
        return f"`{name}` must be {_KINDS[kind]}, got {shown(found)}", _type_advice(kind, found)
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"`{name}` must be {words} {context[bound]}, got {shown(found)}", ""
    if kind in _LENGTHS:
        bound, words = _LENGTHS[kind]
        things = "characters" if kind == "string_too_short" else "entries"
        return f"`{name}` must have {words} {context[bound]} {things}, got {shown(found)}", ""
    return None


def _type_advice(kind: str, found: Any) -> str:  # noqa: ANN401 - anything a file may hold
    if kind in ("int_type", "float_type") and isinstance(found, str):
        return "Take the quotes away." if re.fullmatch(r"[-+.\deE]+", found) else ""
    if kind in ("model_type", "dict_type") and found is None:
        return "Write its keys below it, or leave it out to take its defaults."
    if kind in ("int_type", "float_type", "bool_type", "string_type") and isinstance(found, Mapping) and found:
        return f"{nearest(str(next(iter(found))), KEYWORDS)}A searched value has one of the keys {', '.join(KEYWORDS)}."
    if kind == "bool_type" and str(found).lower() in ("yes", "no", "on", "off"):
        return "YAML 1.2 has true and false only."
    return ""


def explain(error: ErrorDetails, root: Node) -> tuple[Mark, Problem]:
    """One problem, with its mark to sort by, from one of pydantic's."""
    location = error["loc"]
    *parents, last = location or ("",)
    tags = [str(part) for part in parents if part in TAGS]
    ends_in_tag = last in TAGS and error["type"] != "extra_forbidden"
    path = (*(part for part in parents if part not in TAGS), *(() if ends_in_tag or not location else (last,)))
    if error["type"] == "missing":
        mark = place(root, path[:-1], at_key=True)
    else:
        mark = place(root, path, at_key=error["type"] == "extra_forbidden")
    rule, advice = _in_words(error, path, tags)
    return mark, Problem(mark.where, rule, advice)
