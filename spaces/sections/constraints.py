"""What models must keep to: the limits of `search.constraints`, such as `<= 10ms`, and values with their units."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from cnnsearch.spaces.nearest import among, nearest
from cnnsearch.spaces.sections.objectives import (
    KERAS_METRICS,
    MEASURES,
    WORDS,
    cut_short,
    direction_of,
    known_metric,
)
from cnnsearch.spaces.sections.rules import KEY_RULE, broken, rejection, violation
from cnnsearch.spaces.values import shown

_UNITS: Mapping[str, Mapping[str, float]] = {
    "parameters": {"": 1},
    "latency": {"us": 1e-6, "ms": 1e-3, "s": 1},
    "model_size": {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30},
}
_EXAMPLES = {"parameters": "<= 1e6", "latency": "<= 10ms", "model_size": "<= 5MB"}
_LIMIT = re.compile(r"\s*([<>=!]*)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\s\d]*)\s*")
_ZEROS = {"k": "e3", "K": "e3", "M": "e6", "G": "e9", "%": "e-2"}
"""What people write behind a number, as its exponent."""
_LONGEST = 100


@dataclass(frozen=True)
class Limit:
    """What a model must keep to.

    Attributes:
        name: a metric such as `val_macro_f1`, or one of `MEASURES`.
        sign: `<=` or `>=`.
        bound: in weights, seconds or bytes; of a metric, its value.
    """

    name: str
    sign: str
    bound: float

    def violation(self, value: float | None) -> float:
        """By how much of the bound a value is on its wrong side; 0 where it keeps to it, or is not known."""
        if value is None:
            return 0.0
        over = value - self.bound if self.sign == "<=" else self.bound - value
        return max(0.0, over / (abs(self.bound) or 1.0))

    def complaint(self, value: float) -> str:
        """That a value breaks it: `latency 14.2 ms > 10 ms`."""
        sign = ">" if self.sign == "<=" else "<"
        found, bound = measured(self.name, value), measured(self.name, self.bound)
        if found == bound:  # rounded alike
            found, bound = f"{value:.10g}", f"{self.bound:.10g}"
        return f"{self.name} {found} {sign} {bound}"


def measured(name: str, value: float) -> str:
    """A value with its unit: `14.2 ms`, `4.9 MB`, `1,000,000`, `0.8123`."""
    if name == "parameters":
        return f"{value:,.0f}"
    if name == "latency":
        return f"{value * 1e3:.3g} ms" if value < 1 else f"{value:.3g} s"
    if name == "model_size":
        for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if value >= 0.9995 * size:
                return f"{value / size:.3g} {unit}"
        return f"{value:.0f} B"
    return f"{value:.4f}"


def parse_limit(name: str, text: str) -> Limit:
    """The limit in a text such as `<= 10ms`.

    Raises:
        PydanticCustomError: it is no limit for this name.
    """
    example = _EXAMPLES.get(name, ">= 0.8")
    found = _LIMIT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise broken(f"a limit is a sign, a number and its unit, got {shown(text)}", f'Write it like "{example}".')
    sign, number, unit = found.groups()
    if sign not in ("<=", ">="):
        rule = f"a limit begins with <= or >=, got {shown(sign or text)}"
        least = ">" in sign or (not sign and name not in MEASURES and direction_of(name) == "max")
        raise broken(rule, f'Write "{">=" if least else "<="} {number}{unit}".')
    units = _UNITS.get(name, {"": 1})
    if unit not in units:
        raise _wrong_unit(name, unit, f"{sign} {number}")
    bound = float(number) * units[unit]
    if not abs(bound) < float("inf") or (name in MEASURES and bound <= 0):
        raise broken(f"the bound of {name} is a finite number over 0, got {number}", f'Write it like "{example}".')
    return Limit(name, sign, bound)


def _wrong_unit(name: str, unit: str, before: str) -> Exception:
    units = [known for known in _UNITS.get(name, {}) if known]
    if not units:
        meant = f"{before}{_ZEROS.get(unit, '')}"
        return broken(f"a limit of {name} is a number without a unit, got {unit!r}", f'Write "{meant}".')
    got = repr(unit) if unit else "none"
    near = nearest(unit, units) if unit else ""
    return broken(f"a limit of {name} has a unit, got {got}", f"{near}The units are {', '.join(units)}.")


def _texts(limits: object) -> object:
    """Numbers where a text is meant get a rule of their own: they lack the side."""
    if isinstance(limits, dict):
        for name, limit in limits.items():
            if isinstance(limit, int | float) and not isinstance(limit, bool):
                rule = f"a limit says on which side of it a model stays, got {shown(limit)}"
                raise rejection("constraints", [violation((name,), rule, limit, f'Write "<= {shown(limit)}" or ">=".')])
    return limits


def _checked_limits(limits: dict[str, str]) -> dict[str, str]:
    wrong = []
    for name, text in limits.items():
        if name not in MEASURES and not known_metric(name):
            every = (*WORDS, *(f"val_{metric}" for metric in KERAS_METRICS))
            rule = f"a constraint is on {', '.join(MEASURES)} or a metric, got {name!r}"
            wrong.append(
                violation((name,), rule, text, cut_short(name, every) or among(name, every, "Metrics:"), KEY_RULE)
            )
            continue
        try:
            parse_limit(name, text)
        except ValueError as error:
            context = getattr(error, "context", None) or {}
            wrong.append(violation((name,), context.get("rule", str(error)), text, context.get("advice", "")))
    if wrong:
        raise rejection("constraints", wrong)
    return {name: text.strip() for name, text in limits.items()}


_SCHEMA = {
    "type": "object",
    "propertyNames": {"pattern": f"^({'|'.join(MEASURES)}|val_[a-z0-9_]+)$"},
    "additionalProperties": {"type": "string", "pattern": r"^\s*(<=|>=)\s*[-+]?[0-9.]"},
}
Constraints = Annotated[
    dict[str, str], BeforeValidator(_texts), AfterValidator(_checked_limits), WithJsonSchema(_SCHEMA)
]
"""Limits as texts, by what they limit."""


def limits_of(constraints: Mapping[str, str]) -> tuple[Limit, ...]:
    """The limits in their texts."""
    return tuple(parse_limit(name, text) for name, text in constraints.items())
