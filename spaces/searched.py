"""Makes pydantic accept a searched value wherever a section's field says so.

`Searched[T]` is T to the type checker and to the readers of a configuration; in a space the same field may also hold a
`choice`, an `int` range or a `float` range. `PerBlock[T]` may moreover be a list with one entry for each block, and its
searched form may say `per: block`, which draws it anew for each block.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from cnnsearch.spaces.values import KEYWORDS, is_searched

T = TypeVar("T")
FIXED, LIST = "<fixed>", "<list>"


def _keyword(value: object) -> str:
    """The tag of the schema that fits a node: the keyword of a searched value, or fixed."""
    if isinstance(value, Mapping):
        for keyword in KEYWORDS:
            if keyword in value:
                return f"<{keyword}>"
    return FIXED


def _field(schema: CoreSchema, *, required: bool = True) -> core_schema.TypedDictField:
    return core_schema.typed_dict_field(schema, required=required)


def _mapping(fields: dict[str, core_schema.TypedDictField], *, per_block: bool) -> CoreSchema:
    if per_block:
        fields["per"] = _field(core_schema.literal_schema(["block"]), required=False)
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


def _choice(option: CoreSchema, *, per_block: bool) -> CoreSchema:
    options = core_schema.no_info_after_validator_function(
        _distinct, core_schema.list_schema(option, min_length=1, strict=True)
    )
    return _mapping({"choice": _field(options)}, per_block=per_block)


def _distinct(options: list[Any]) -> list[Any]:
    seen: list[tuple[type, Any]] = []
    for option in options:
        if (type(option), option) in seen:
            raise PydanticCustomError("duplicate_option", "the option {option} stands here twice", {"option": option})
        seen.append((type(option), option))
    return options


def _ordered(node: dict[str, Any], keyword: str) -> dict[str, Any]:
    low, high = node[keyword]
    if low > high:
        raise PydanticCustomError(
            "empty_range", "the range [{low}, {high}] is empty: low must not exceed high", {"low": low, "high": high}
        )
    return node


def _int_range(per_block: bool) -> CoreSchema:
    bound = core_schema.int_schema(strict=True)
    node = _mapping(
        {
            "int": _field(core_schema.list_schema(bound, min_length=2, max_length=2, strict=True)),
            "step": _field(core_schema.int_schema(ge=1, strict=True), required=False),
        },
        per_block=per_block,
    )
    return core_schema.no_info_after_validator_function(lambda value: _ordered(value, "int"), node)


def _checked_float_range(node: dict[str, Any]) -> dict[str, Any]:
    _ordered(node, "float")
    if node.get("scale") == "log":
        if node["float"][0] <= 0:
            raise PydanticCustomError(
                "log_of_zero", "a log scale needs bounds above 0, got {low}", {"low": node["float"][0]}
            )
        if node.get("step") is not None:
            raise PydanticCustomError("log_with_step", "a log scale has no step, got {step}", {"step": node["step"]})
    return node


def _float_range(per_block: bool) -> CoreSchema:
    bound = core_schema.float_schema(strict=True, allow_inf_nan=False)
    node = _mapping(
        {
            "float": _field(core_schema.list_schema(bound, min_length=2, max_length=2, strict=True)),
            "step": _field(core_schema.float_schema(gt=0, strict=True, allow_inf_nan=False), required=False),
            "scale": _field(core_schema.literal_schema(["linear", "log"]), required=False),
        },
        per_block=per_block,
    )
    return core_schema.no_info_after_validator_function(_checked_float_range, node)


def _serialize(value: Any, handler: Any) -> Any:  # noqa: ANN401 - pydantic's own signature
    """Searched nodes are plain mappings already; fixed values go the field's own way."""
    if is_searched(value) or isinstance(value, list):
        return value
    return handler(value)


class _SearchedSchema:
    """The annotation behind `Searched` and `PerBlock`."""

    def __init__(self, *, per_block: bool) -> None:
        self.per_block = per_block

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        fixed = handler(source)
        choices: dict[Any, CoreSchema] = {
            FIXED: fixed,
            "<choice>": _choice(fixed, per_block=self.per_block),
            "<int>": _int_range(self.per_block),
            "<float>": _float_range(self.per_block),
        }
        return core_schema.tagged_union_schema(choices, discriminator=_keyword)


def block_tag(value: object) -> str:
    """Tells a list with one entry for each block from a value for all blocks."""
    return LIST if isinstance(value, list) else FIXED


Searched = Annotated[T, _SearchedSchema(per_block=False)]
EachBlock = Annotated[T, _SearchedSchema(per_block=True)]
