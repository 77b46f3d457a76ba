"""The JSON schema of the language (draft 2020-12), made from the sections themselves, for editors and other programs.

https://json-schema.org/draft/2020-12
"""

import json
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema

from cnnsearch.spaces.document import Document
from cnnsearch.spaces.schema.searched_forms import with_searched_forms

SCHEMA_FILE = "space.schema.json"
"""Its file's name, in this package and beside a person's own spaces."""
_WIDTH = 120


class _InOrder(GenerateJsonSchema):
    """Pydantic's writer, but keys stay in the order of the fields, and none has a title, which repeats its name."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002
        return value

    def field_title_should_be_set(self, schema: CoreSchema) -> bool:  # noqa: ARG002
        return False


def marked_schema() -> dict[str, Any]:
    """The schema with a mark, `json_schema.SEARCHED`, wherever a value may be searched."""
    return Document.model_json_schema(schema_generator=_InOrder)


def space_schema() -> dict[str, Any]:
    """The schema of a space document."""
    schema = with_searched_forms(marked_schema())
    definitions = schema.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:cnnsearch:space:1",
        "title": "A space of cnnsearch",
        **schema,
        "$defs": definitions,
    }


def space_schema_text() -> str:
    """The schema as the package ships it."""
    return _written(space_schema(), 0) + "\n"


def _written(node: Any, depth: int) -> str:  # noqa: ANN401 - any JSON value
    """JSON with what is short on one line, so that a person can look something up in it, too."""
    line = json.dumps(node, ensure_ascii=False)
    if len(line) + 2 * depth <= _WIDTH or not isinstance(node, dict | list):
        return line
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    if isinstance(node, list):
        return f"[{inner}{f',{inner}'.join(_written(each, depth + 1) for each in node)}{outer}]"
    pairs = (f"{json.dumps(key, ensure_ascii=False)}: {_written(value, depth + 1)}" for key, value in node.items())
    return f"{{{inner}{f',{inner}'.join(pairs)}{outer}}}"
