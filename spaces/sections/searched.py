"""Makes pydantic accept a searched value wherever a section's field says so.

`Searched[T]` is T to the type checker and to the readers of a configuration; in a space the same field may also hold a
`choice`, an `int` range or a `float` range. `PerBlock[T]` may moreover be a list with one entry for each block, and its
searched form may say `per: block`, which draws it anew for each block; `PerLayer[T]` is the same for layers.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import Discriminator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, Tag
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from cnnsearch.spaces.sections.json_schema import searched_schema
from cnnsearch.spaces.sections.searched_node import Alternatives, checked_node
from cnnsearch.spaces.sections.section import Branches, Section, plain
from cnnsearch.spaces.values import is_searched

T = TypeVar("T")
FIXED, LIST = "<fixed>", "<list>"
"""What pydantic puts into an error's location for the form of a value; all such marks stand in < >."""
_ALTERNATIVES = "alternatives"


def _alternatives(annotation: Any) -> Alternatives | None:  # noqa: ANN401 - any type hint
    """What a choice over a mapping may hold here; None where a value is no section."""
    if get_origin(annotation) is Annotated:
        return _alternatives(get_args(annotation)[0])
    if isinstance(annotation, type) and issubclass(annotation, Branches):
        return Alternatives(annotation.kinds(), optional=False)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return Alternatives((), optional=False)
    found = [alternatives for part in get_args(annotation) if (alternatives := _alternatives(part))]
    return Alternatives((), optional=type(None) in get_args(annotation)) if found else None


def _validated(
    value: Any,  # noqa: ANN401 - before validation, anything
    fixed: Callable[[Any], Any],
    per: str | None,
    alternatives: Alternatives | None,
) -> Any:  # noqa: ANN401 - a value of the field, or a searched node
    return checked_node(value, fixed, per, alternatives) if is_searched(value) else fixed(value)


class _SearchedSchema:
    """The annotation behind `Searched`, `PerBlock` and `PerLayer`."""

    def __init__(self, per: str | None = None) -> None:
        self.per = per

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        alternatives = _alternatives(source)
        validated = partial(_validated, per=self.per, alternatives=alternatives)
        return core_schema.no_info_wrap_validator_function(
            validated,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(plain),
            metadata={_ALTERNATIVES: alternatives},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        alternatives: Alternatives | None = schema.get("metadata", {}).get(_ALTERNATIVES)
        kinds = alternatives.kinds if alternatives else None
        return searched_schema(handler(schema), self.per, kinds, optional=bool(alternatives and alternatives.optional))


def list_tag(value: object) -> str:
    """Tells a list with one entry for each block from a value for all blocks."""
    return LIST if isinstance(value, list) else FIXED


Searched = Annotated[T, _SearchedSchema()]
_EachBlock = Annotated[T, _SearchedSchema("block")]
_EachLayer = Annotated[T, _SearchedSchema("layer")]
PerBlock = Annotated[
    Annotated[_EachBlock[T], Tag(FIXED)] | Annotated[list[Searched[T]], Field(min_length=1), Tag(LIST)],
    Discriminator(list_tag),
]
"""A value for all blocks, or a list with one entry for each block."""
PerLayer = Annotated[
    Annotated[_EachLayer[T], Tag(FIXED)] | Annotated[list[Searched[T]], Tag(LIST)],
    Discriminator(list_tag),
]
"""A value for all layers, or a list with one entry for each layer, of which there may be none."""
