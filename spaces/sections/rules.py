"""Rules of our own, as the errors that pydantic collects from all over a document."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

Location = tuple[str | int, ...]
RULE, KEY_RULE = "rule", "key_rule"
"""Error types of ours: about a value, and about a key."""


def broken(rule: str, advice: str = "", kind: str = RULE) -> PydanticCustomError:
    """A rule of our own that the value in hand does not keep."""
    # The text comes from people's files: pydantic would take braces in it for places to fill in.
    return PydanticCustomError(kind, "{rule}", {"rule": rule, "advice": advice})


def violation(location: Location, rule: str, found: Any, advice: str = "", kind: str = RULE) -> InitErrorDetails:  # noqa: ANN401
    """The same with its place."""
    return InitErrorDetails(type=broken(rule, advice, kind), loc=location, input=found)


def moved(errors: Iterable[ErrorDetails], *prefix: str | int) -> list[InitErrorDetails]:
    """Errors of a part of a value, as errors of the whole."""
    found = []
    for error in errors:
        ours = error["type"] in (RULE, KEY_RULE)
        context = error.get("ctx", {})
        kind = PydanticCustomError(error["type"], "{rule}", context) if ours else error["type"]
        details = InitErrorDetails(type=kind, loc=(*prefix, *error["loc"]), input=error["input"])
        if not ours and context:
            details["ctx"] = context
        found.append(details)
    return found


def first_problem(error: ValidationError) -> str:
    """What is wrong first, in a few words."""
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    message = "no such name" if first["type"] == "extra_forbidden" else first["msg"]
    return f"{place}: {message}" if place else message


def rejection(title: str, violations: Sequence[InitErrorDetails]) -> ValidationError:
    """A pydantic error of several violations."""
    return ValidationError.from_exception_data(title, list(violations))
