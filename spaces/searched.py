"""Makes pydantic accept a searched value wherever a section's field says so.

`Searched[T]` is T to the type checker and to the readers of a configuration; in a space the same field may also hold a
`choice`, an `int` range or a `float` range. `PerBlock[T]` may moreover be a list with one entry for each block, and its
searched form may say `per: block`, which draws it anew for each block.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Discriminator, Field, GetCoreSchemaHandler, Tag, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from cnnsearch.spaces.values import (
    KEYWORDS,
    FloatRange,
    IntRange,
    contains_searched,
    domain_of,
    shown,
    size,
    value_at,
)

T = TypeVar("T")
FIXED, LIST = "<fixed>", "<list>"
TAGS = frozenset({FIXED, LIST, *(f"<{keyword}>" for keyword in KEYWORDS)})
"""What pydantic puts into an error's location for the kind of a node; no person wrote these."""
STRICT = core_schema.CoreConfig(strict=True, allow_inf_nan=False)  # a typed dict does not inherit its model's config
MOST_STEPS = 10**9


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a section
    """The value as the mappings, lists and scalars that YAML knows."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Mapping):
        return {key: plain(child) for key, child in value.items()}
    return [plain(child) for child in value] if isinstance(value, list | tuple) else value


def rejection(title: str, problems: Sequence[tuple[tuple[str | int, ...], str, Any]]) -> ValidationError:
    """A pydantic error of rules of our own, each as (location, rule, what was found)."""
    return ValidationError.from_exception_data(
        title,
        [
            InitErrorDetails(type=PydanticCustomError("rule", "{rule}", {"rule": rule}), loc=location, input=found)
            for location, rule, found in problems
        ],
    )


def broken(rule: str, advice: str = "") -> PydanticCustomError:
    """A rule of our own that the value in hand does not keep."""
    return PydanticCustomError("rule", "{rule}", {"rule": rule, "advice": advice})


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
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid", config=STRICT)


def _fixed_options(options: Any) -> Any:  # noqa: ANN401 - before validation, anything
    for option in options if isinstance(options, list) else []:
        if contains_searched(option):
            raise broken(f"an option of a choice is a fixed value, got {shown(option)}")
    return options


def _distinct(options: list[Any]) -> list[Any]:
    seen: set[str] = set()
    for option in options:
        known = json.dumps(plain(option), sort_keys=True)
        if known in seen:
            raise broken(f"the options of a choice differ from each other, got {shown(plain(option))} twice")
        seen.add(known)
    return options


def _choice(option: CoreSchema, *, per_block: bool) -> CoreSchema:
    options = core_schema.no_info_before_validator_function(
        _fixed_options,
        core_schema.no_info_after_validator_function(
            _distinct, core_schema.list_schema(option, min_length=1, strict=True)
        ),
    )
    return _mapping({"choice": _field(options)}, per_block=per_block)


def _checked_range(node: dict[str, Any]) -> dict[str, Any]:
    """Both ends belong to a range, so it must run upwards and its steps must lead from one to the other."""
    keyword = "int" if "int" in node else "float"
    low, high = node[keyword]
    step = node.get("step")
    if low > high:
        raise broken(f"a range goes from low to high, got [{low}, {high}]", f"Write [{high}, {low}].")
    if node.get("scale") == "log" and low <= 0:
        raise broken(f"a log scale needs bounds above 0, got {low}", "Raise the lower bound or leave scale out.")
    if node.get("scale") == "log" and step is not None:
        raise broken(f"a log scale has no step, got step {step}", "Leave one of them out.")
    if step is not None and keyword == "float":
        steps = (high - low) / step
        if not math.isfinite(steps) or steps > MOST_STEPS:
            raise broken(f"a range has at most {MOST_STEPS} steps, got a step of {step}", "Leave step out.")
        if abs(steps - round(steps)) > 1e-6:
            end = float(f"{low + math.floor(steps) * step:.12g}")
            raise broken(f"steps of {step} lead from {low} to {high}, got a rest", f"End the range at {end}.")
    if step is not None and keyword == "int" and (high - low) % step:
        end = high - (high - low) % step
        raise broken(f"steps of {step} lead from {low} to {high}, got a rest", f"End the range at {end}.")
    return node


def _probes(domain: IntRange | FloatRange) -> list[tuple[int, int | float]]:
    """Values, each with the end that answers for it, that stand for all of a range when the field's rules are tried."""
    count = size(domain)
    ends: list[tuple[int, int | float]] = [(0, domain.low), (1, domain.high)]
    if count is None:
        return [*ends, (0, domain.low + (domain.high - domain.low) * 0.618)]
    return [*ends, *((0, value_at(domain, index)) for index in range(1, min(count - 1, 50)))]


def _within_field(node: dict[str, Any], fixed: core_schema.ValidatorFunctionWrapHandler) -> dict[str, Any]:
    """Refuse a range with values that the field itself would refuse, at the end that is to blame."""
    keyword = "int" if "int" in node else "float"
    domain = domain_of(node)
    for index, probe in _probes(domain) if isinstance(domain, IntRange | FloatRange) else []:
        try:
            fixed(probe)
        except ValidationError as error:
            first = error.errors()[0]
            known = PydanticCustomError("rule", "{rule}", first.get("ctx", {})) if first["type"] == "rule" else None
            details = InitErrorDetails(type=known or first["type"], loc=(keyword, index), input=probe)
            if known is None and "ctx" in first:
                details["ctx"] = first["ctx"]
            raise ValidationError.from_exception_data("range", [details]) from None
    return node


def _range(keyword: str, bound: CoreSchema, step: CoreSchema, fixed: CoreSchema, *, per_block: bool) -> CoreSchema:
    fields = {
        keyword: _field(core_schema.list_schema(bound, min_length=2, max_length=2, strict=True)),
        "step": _field(step, required=False),
    }
    if keyword == "float":
        fields["scale"] = _field(core_schema.literal_schema(["linear", "log"]), required=False)
    node = core_schema.no_info_after_validator_function(_checked_range, _mapping(fields, per_block=per_block))
    return core_schema.chain_schema([node, core_schema.no_info_wrap_validator_function(_within_field, fixed)])


class _SearchedSchema:
    """The annotation behind `Searched` and `PerBlock`."""

    def __init__(self, *, per_block: bool) -> None:
        self.per_block = per_block

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        fixed, per_block = handler(source), self.per_block
        whole, number = core_schema.int_schema, core_schema.float_schema
        choices: dict[Any, CoreSchema] = {
            FIXED: fixed,
            "<choice>": _choice(fixed, per_block=per_block),
            "<int>": _range("int", whole(strict=True), whole(ge=1, strict=True), fixed, per_block=per_block),
            "<float>": _range("float", number(strict=True), number(gt=0, strict=True), fixed, per_block=per_block),
        }
        return core_schema.tagged_union_schema(
            choices, discriminator=_keyword, serialization=core_schema.plain_serializer_function_ser_schema(plain)
        )


def block_tag(value: object) -> str:
    """Tells a list with one entry for each block from a value for all blocks."""
    return LIST if isinstance(value, list) else FIXED


Searched = Annotated[T, _SearchedSchema(per_block=False)]
EachBlock = Annotated[T, _SearchedSchema(per_block=True)]
PerBlock = Annotated[
    Annotated[EachBlock[T], Tag(FIXED)] | Annotated[list[Searched[T]], Field(min_length=1), Tag(LIST)],
    Discriminator(block_tag),
]
"""A value for all blocks, or a list with one entry for each block."""
