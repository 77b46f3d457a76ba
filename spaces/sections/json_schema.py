"""Where the JSON schema of the language differs from what pydantic makes of its types.

While pydantic writes the schema, `searched_schema` only marks where a value may be searched, and how;
spaces/schema/searched_forms.py writes the forms out afterwards, when all definitions are known. A key's description is
the docstring under its field, read from the source when a schema is asked for: `check` has no use for it and does not
wait.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, get_args

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

SEARCHED = "x-searched"
"""The key of the mark; no finished schema has it."""
_IMPORT_PATH = r"^[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*$"
MendSchema = Callable[[JsonSchemaValue], None]
"""Changes the schema of a section in its place."""


@dataclass(frozen=True)
class Form:
    """An annotation for a type that takes more, or less, than pydantic sees: what a validator of ours makes of it."""

    change: Callable[[JsonSchemaValue, GetJsonSchemaHandler], JsonSchemaValue]

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.change(handler(schema), handler)


def searched_schema(
    fixed: JsonSchemaValue, per: str | None, kinds: Collection[str] | None, *, optional: bool
) -> JsonSchemaValue:
    """The mark of a field that takes a fixed value or a searched one.

    Args:
        fixed: the schema of a fixed value.
        per: `block` or `layer` where each of these may have a value of its own.
        kinds: the kinds among which a choice over a mapping chooses; empty where its options are sections of one form;
            None where there is no such choice.
        optional: whether such a section may be null.
    """
    named = None if kinds is None else list(kinds)
    return {SEARCHED: {"fixed": fixed, "per": per, "kinds": named, "optional": optional}}


def described(section: type[BaseModel], schema: JsonSchemaValue) -> None:
    """Put the descriptions of a section's keys into its schema."""
    schema["description"] = _unwrapped(section.__doc__ or "")
    texts = documented_keys(section)
    for name, field in section.model_fields.items():
        text = texts.get(name) or _own_words(field.annotation)
        if text:
            schema["properties"][name]["description"] = text


def documented_keys(section: type[BaseModel]) -> dict[str, str]:
    """The docstrings under a section's fields, those of its base classes included, by field."""
    texts: dict[str, str] = {}
    for part in reversed(section.__mro__):
        if part is not BaseModel and issubclass(part, BaseModel):
            texts.update(_docstrings(part))
    return texts


def _docstrings(section: type[BaseModel]) -> Iterator[tuple[str, str]]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(section))).body
    for field, after in pairwise(definition.body if isinstance(definition, ast.ClassDef) else ()):
        match field, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, _unwrapped(text)


def _unwrapped(text: str) -> str:
    """The text with one line for each of its paragraphs."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _own_words(annotation: Any) -> str:  # noqa: ANN401 - any type hint
    """What the section that a field holds says of itself."""
    section = _section_in(annotation)
    return _unwrapped(section.__doc__ or "").partition("\n\n")[0] if section else ""


def _section_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type hint
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_in(part))), None)


def one_of_the_kinds(branches: type[BaseModel], schema: JsonSchemaValue) -> None:
    """Make the schema of a section of branches say what its validator takes: one kind, or a kind's bare name."""
    bare = []
    for name, field in branches.model_fields.items():
        kind, section = schema["properties"][name], _section_in(field.annotation)
        del kind["default"]
        if section and not _stands_alone(section):
            kind["anyOf"] = [form for form in kind["anyOf"] if form != {"type": "null"}]
        else:
            bare.append(name)
    mapping = {key: schema.pop(key) for key in ("type", "properties", "additionalProperties")}
    schema["anyOf"] = [{"enum": bare}, {**mapping, "minProperties": 1, "maxProperties": 1}]


def _stands_alone(section: type[BaseModel]) -> bool:
    """Whether the bare name of a kind is enough."""
    required = any(inside.is_required() for inside in section.model_fields.values())
    return not required and not getattr(section, "wants_settings", False)


# Forms that the language's validators add to what pydantic sees.


def unchanged(section: JsonSchemaValue) -> None:
    """Nothing: what most sections take is what their fields say."""


def square_or_pair(pair: JsonSchemaValue, handler: GetJsonSchemaHandler) -> JsonSchemaValue:  # noqa: ARG001
    """One number for a list of two."""
    return {"anyOf": [pair["items"], pair]}


def units_or_section(layers: JsonSchemaValue, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """A list of layers, each of which may be its units alone."""
    units = dict(handler.resolve_ref_schema(layers["items"])["properties"]["units"])
    units.pop("description", None)
    return {**layers, "items": {"anyOf": [layers["items"], units]}}


def weights_by_class(weights: JsonSchemaValue, handler: GetJsonSchemaHandler) -> JsonSchemaValue:  # noqa: ARG001
    """A mapping of classes that does not read as a searched value."""
    return {**weights, "propertyNames": {"not": {"enum": ["choice", "int", "float"]}}}


def with_batch_norm(scratch: JsonSchemaValue) -> None:
    """Add `batch_norm`, the short form of `norm`; the two exclude each other."""
    keys = {}
    for name, key in scratch["properties"].items():
        keys[name] = key
        if name == "norm":
            text = "`true` is short for `norm: batch`, `false` for `norm: none`; not beside `norm`."
            forms = {word: form for word, form in key.items() if word not in ("default", "description")}
            keys["batch_norm"] = {"description": text, **_as_booleans(forms)}
    scratch["properties"] = keys
    scratch["not"] = {"required": ["norm", "batch_norm"]}


def _as_booleans(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(node, dict):
        if "enum" in node:
            return {"type": "boolean"}
        return {key: _as_booleans(value) for key, value in node.items()}
    return [_as_booleans(value) for value in node] if isinstance(node, list) else node


def with_a_bound(threshold: JsonSchemaValue) -> None:
    """One of the two bounds, at least."""
    threshold["anyOf"] = [{"required": ["lower"]}, {"required": ["upper"]}]


def import_path(text: JsonSchemaValue, handler: GetJsonSchemaHandler) -> JsonSchemaValue:  # noqa: ARG001
    """The name of a function of one's own."""
    return {**text, "pattern": _IMPORT_PATH}


def or_function(custom: JsonSchemaValue) -> None:
    """Let the function alone stand for the section."""
    mapping = {key: custom.pop(key) for key in list(custom) if key not in ("title", "description")}
    custom["anyOf"] = [{"type": "string", "pattern": _IMPORT_PATH}, mapping]
