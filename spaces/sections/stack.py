"""What blocks and dense layers have in common: stacks of them whose length may be searched, and the layers' values."""

from typing import Annotated, Any, Literal

from pydantic import Field

from cnnsearch.spaces.sections.rules import rejection, violation
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.values import counts

Rate = Annotated[float, Field(ge=0, lt=1)]
Penalty = Annotated[float, Field(ge=0)]
Activation = Literal[
    "relu", "elu", "gelu", "leaky_relu", "linear", "mish", "relu6", "selu", "sigmoid", "silu", "softplus", "tanh"
]


def entry_of(value: Any, index: int) -> Any:  # noqa: ANN401 - any of a stack's values
    """The value of a configuration's block or layer, counted from 0: a list has one for each, others hold for all."""
    return value[index] if isinstance(value, list) else value


def check_entries(section: Section) -> None:
    """Check that a list in a stack has an entry for each block or layer.

    Raises:
        ValidationError: one has more or fewer.
    """
    most = max(counts(getattr(section, section.counted_by)), default=0)
    wrong = [
        violation(
            (name,), f"a list here has one entry for each of up to {most} {section.counted_by}, got {len(value)}", None
        )
        for name, value in section
        if isinstance(value, list) and len(value) != most
    ]
    if wrong:
        raise rejection(type(section).__name__, wrong)


def check_count(section: Section) -> None:
    """Check that the number of a stack's entries does not depend on other values.

    Raises:
        ValidationError: it has a `when`.
    """
    count = getattr(section, section.counted_by)
    if isinstance(count, dict) and "when" in count:
        rule = f"`when` cannot stand on {section.counted_by}, which decides what other values there are, got one"
        advice = "Make branches of the whole section: {choice: {shallow: {...}, deep: {...}}}."
        raise rejection(type(section).__name__, [violation((section.counted_by,), rule, None, advice)])
