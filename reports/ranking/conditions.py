"""Which trials a person wants to see: conditions such as `optimizer=adam` or `seconds<=60`."""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnnsearch.reports.ranking.names import column_of
from cnnsearch.reports.ranking.ranking import Ranking, Value
from cnnsearch.reports.wording import value_text
from cnnsearch.spaces.errors import CnnSearchError, Problem

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_FORM = re.compile(r"(?P<name>[^=!<>]+?)\s*(?P<sign><=|>=|!=|=|<|>)\s*(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """One condition: a column, one of `=`, `!=`, `<`, `<=`, `>`, `>=`, and what it is compared with."""

    column: str
    sign: str
    wanted: str

    def holds(self, value: Value) -> bool:
        """Whether a cell keeps to it. A blank cell equals nothing but an empty text, and has no order."""
        if self.sign in _ORDERS:
            known = _number(value)
            return known is not None and _ORDERS[self.sign](known, float(self.wanted))
        return _equals(value, self.wanted) is (self.sign == "=")

    def __str__(self) -> str:
        return f"{self.column}{self.sign}{self.wanted}"


def condition_of(text: str, ranking: Ranking) -> Condition:
    """The condition that a person wrote.

    Raises:
        CnnSearchError: it has another form, names no column, or orders what are no numbers.
    """
    parts = _FORM.fullmatch(text.strip())
    if parts is None:
        rule = f"a condition is a name, one of = != < <= > >= and a value, got {text!r}."
        raise CnnSearchError(str(Problem("--where", rule, "Write one such as optimizer=adam or 'seconds<60'.")))
    column = column_of(ranking, parts["name"], "--where")
    if parts["sign"] in _ORDERS and _number(parts["value"]) is None:
        rule = f"{parts['sign']} compares with a number, got {parts['value']!r}."
        raise CnnSearchError(str(Problem(f"--where {column}", rule, "Use = or != for a text.")))
    return Condition(column, parts["sign"], parts["value"])


def kept(ranking: Ranking, conditions: Sequence[Condition]) -> Ranking:
    """The same table with the trials alone that keep to all conditions; their ranks stay."""
    lines = [line for line in ranking.lines if all(c.holds(line.values.get(c.column)) for c in conditions)]
    return replace(ranking, lines=tuple(lines))


def _number(value: Value) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return None if math.isnan(found) else found


def _equals(value: Value, wanted: str) -> bool:
    """Whether a cell is what a person wrote: the same number, the same text, or a number as the table shows it."""
    if value is None:
        return wanted in ("", "null")
    if not isinstance(value, float | int) or isinstance(value, bool):
        return value_text(value).lower() == wanted.lower()
    return _number(wanted) == value or value_text(value) == wanted
