"""The section that names a network of one's own making: a function or a keras_tuner.HyperModel, and its arguments."""

import json
import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, model_validator

from cnnsearch.spaces.sections import json_schema
from cnnsearch.spaces.sections.rules import KEY_RULE, broken, rejection, violation
from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.values import contains_searched, shown

ARGUMENT_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)


def _import_path(value: str) -> str:
    module, colon, function = value.partition(":")
    if not colon or not all(part.isidentifier() for part in [*module.split("."), *function.split(".")]):
        raise broken(f"a function of one's own is package.module:function, got {value[:80]!r}")
    return value


def _argument(value: Any) -> Any:  # noqa: ANN401 - any value of a file
    """An argument is a plain value, searched as a whole or not at all."""
    if contains_searched(value):
        raise broken(f"an argument is fixed, or searched as a whole, got {shown(value)}", "Give that its own argument.")
    if "NaN" in (text := json.dumps(value)) or "Infinity" in text:
        raise broken(f"numbers are finite, got {shown(value)}")
    return value


def _argument_names(arguments: dict[str, Any]) -> dict[str, Any]:
    """Names are parts of parameters' dotted names."""
    wrong = [name for name in arguments if not ARGUMENT_NAME.fullmatch(name)]
    if wrong:
        rule = "an argument's name has letters, digits, _ and -, got "
        raise rejection("arguments", [violation((name,), rule + shown(name), None, kind=KEY_RULE) for name in wrong])
    return arguments


Arguments = Annotated[dict[str, Searched[Annotated[Any, AfterValidator(_argument)]]], AfterValidator(_argument_names)]


class Custom(Section):
    """A network of one's own making, by a function or a keras_tuner.HyperModel. Needs --allow-code."""

    mend_schema: ClassVar[json_schema.MendSchema] = staticmethod(json_schema.or_function)

    function: Annotated[str, AfterValidator(_import_path), json_schema.Form(json_schema.import_path)]
    """`package.module:name` of a function that is called with (images, **arguments) and gives feature maps, or of a
    keras_tuner.HyperModel, which builds the whole model."""
    arguments: Arguments = Field(default={})
    """The function's arguments by name, each fixed or searched; of a HyperModel, its hyperparameters."""

    @model_validator(mode="before")
    @classmethod
    def _function_alone(cls, value: Any) -> Any:  # noqa: ANN401 - before validation, anything
        return {"function": value} if isinstance(value, str) else value
