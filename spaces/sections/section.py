"""What all sections of a space document have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_serializer, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from cnnsearch.spaces.sections.json_schema import MendSchema, described, one_of_the_kinds, unchanged
from cnnsearch.spaces.sections.rules import broken
from cnnsearch.spaces.values import Kinds, Stack, is_searched, shown


class Section(BaseModel):
    """What every section has in common: unknown keys and wrong types are errors, and a read section never changes."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)

    counted_by: ClassVar[str] = ""
    """The field that says how many entries its lists have; empty for most sections."""
    wants_settings: ClassVar[bool] = False
    """Whether its bare name says too little, though none of its keys is required."""
    mend_schema: ClassVar[MendSchema] = staticmethod(unchanged)
    """Tells the JSON schema what a validator of the section takes besides its fields."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(schema)
        whole = handler.resolve_ref_schema(found)
        described(cls, whole)
        for name, field in cls.model_fields.items():
            if isinstance(field.default, Section):
                whole["properties"][name].update(_default(whole["properties"][name].pop("default"), field.default))
        cls.mend_schema(whole)
        return found

    @model_validator(mode="after")
    def _defaults_beside_conditions(self) -> Self:
        for name, value in self:
            if isinstance(value, dict) and self.falls_back(name):
                _fall_back(value, type(self).model_fields[name].default)
        return self

    @classmethod
    def falls_back(cls, name: str) -> bool:
        """Whether a field has a default, which holds where the `when` of its value does not."""
        return not cls.model_fields[name].is_required()


def _fall_back(node: dict[str, Any], default: Any) -> None:  # noqa: ANN401 - any value of a section
    """Write the default out as what holds where a condition does not; in the options of a choice, too."""
    if not is_searched(node):
        return
    if "when" in node:
        node.setdefault("otherwise", default)
    options = node.get("choice")
    kinds = options.kinds if isinstance(options, Kinds) else ()
    for name, option in options.items() if isinstance(options, dict) else ():
        if isinstance(option, dict) and name not in kinds:
            _fall_back(option, default)


class Branches(Section):
    """A section that is one of several kinds: `{adam: {learning_rate: 0.001}}`. The kinds that are not taken are None.

    `adam` alone is short for `{adam: {}}`. In a space a choice over several of them may stand in its place.
    """

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, value: Any) -> Any:  # noqa: ANN401 - before validation, anything
        known = ", ".join(cls.model_fields)
        if isinstance(value, str):
            value = {value: {}}
        if isinstance(value, Mapping) and len(value) != 1:
            raise broken(
                f"exactly one of {known} stands here, got {shown(list(value))}", "Put several of them under `choice:`."
            )
        if isinstance(value, Mapping):
            return {key: {} if kind is None else kind for key, kind in value.items()}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = super().__get_pydantic_json_schema__(schema, handler)
        one_of_the_kinds(cls, handler.resolve_ref_schema(found))
        return found

    @model_serializer(mode="plain")
    def _fold(self) -> dict[str, Any]:
        return {name: plain(section) for name, section in self.taken().items()}

    @classmethod
    def falls_back(cls, name: str) -> bool:  # noqa: ARG003 - a kind that is taken is there
        """Never: the default of a kind is that another one is taken."""
        return False

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """The names that may stand here."""
        return tuple(cls.model_fields)

    @property
    def kind(self) -> str:
        """The name of the kind that is there."""
        return next(iter(self.taken()))

    def taken(self) -> dict[str, Any]:
        """The one kind that is there, by name: its section, or a choice between several forms of it."""
        found = {name: getattr(self, name) for name in self.kinds()}
        return {name: section for name, section in found.items() if section is not None}


def _default(plain_default: Any, section: Section) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """What a schema says of a section that is left out: a kind by its bare name; nothing of one's keys, which have
    defaults of their own."""
    if not isinstance(section, Branches):
        return {}
    (name, kind), *_ = section.taken().items()
    return {"default": plain_default if kind.model_fields_set else name}


def plain(value: Any) -> Any:  # noqa: ANN401 - any value of a section
    """The value as the mappings, lists and scalars that YAML knows; kinds and stacks stay marked."""
    if isinstance(value, Branches):
        return Kinds({name: plain(section) for name, section in value.taken().items()}, value.kinds())
    if isinstance(value, Section):
        values = {name: plain(getattr(value, name)) for name in type(value).model_fields}
        return Stack(values, value.counted_by) if value.counted_by else values
    if isinstance(value, Kinds):
        return Kinds({key: plain(child) for key, child in value.items()}, value.kinds)
    if isinstance(value, Mapping):
        return {key: plain(child) for key, child in value.items()}
    return [plain(child) for child in value] if isinstance(value, list | tuple) else value
