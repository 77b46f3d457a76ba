"""Which trials a person wants to see: conditions such as `optimizer=adam` or `seconds<=60`."""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnnsearch.reports.ranking.cells import texts_of
from cnnsearch.reports.ranking.names import columns_of, either, told_name
from cnnsearch.reports.ranking.ranking import Line, Ranking, Value
from cnnsearch.reports.vocabulary import Meaning
from cnnsearch.reports.wording import value_text
from cnnsearch.spaces.errors import CnnSearchError, Problem

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
_FORM = re.compile(r"(?P<name>[^=!<>]+?)\s*(?P<sign><=|>=|!=|==|=|<|>)\s*(?P<value>.*)", re.DOTALL)
_BLANK = ("", "null")
_LISTED = 8
"""Values that are named where no trial has the one that was asked for."""


@dataclass(frozen=True)
class Condition:
    """One condition: a column, one of `=`, `!=`, `<`, `<=`, `>`, `>=`, and what it is compared with.

    Attributes:
        columns: the column, or the entries of blocks that stand together.
        sign: how they are compared.
        wanted: with what.
        name: what the columns are called.
        of_parameter: whether they are parameters.
    """

    columns: Meaning
    sign: str
    wanted: str
    name: str
    of_parameter: bool

    def holds(self, line: Line) -> bool:
        """Whether a trial keeps to it. A blank cell equals nothing but an empty text, and has no order."""
        if self.sign in _ORDERS:
            known = _number(line.values.get(self.columns[0]))
            return known is not None and _ORDERS[self.sign](known, float(self.wanted))
        return self.is_equal(line) is (self.sign == "=")

    def is_equal(self, line: Line) -> bool:
        """Whether a trial has what a person wrote: the value itself, or what the table shows of it."""
        value = line.values.get(self.columns[0])
        if len(self.columns) == 1 and _equals(value, self.wanted):
            return True
        is_known = value is not None or len(self.columns) > 1
        return is_known and self.wanted.lower() in (text.lower() for text in self.texts(line))

    def texts(self, line: Line) -> tuple[str, ...]:
        """What the table may show of a trial in these columns."""
        return texts_of(line, self.columns, self.of_parameter)

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.wanted}"


def condition_of(text: str, ranking: Ranking) -> Condition:
    """The condition that a person wrote.

    Raises:
        CnnSearchError: it has another form, names no column, or orders what are no numbers.
    """
    parts = _FORM.fullmatch(text.strip())
    if parts is None:
        rule = f"a condition is a name, one of = != < <= > >= and a value, got {text!r}."
        raise CnnSearchError(str(Problem("--where", rule, "Write one such as optimizer=adam or 'seconds<60'.")))
    columns, sign = columns_of(ranking, parts["name"], "--where"), parts["sign"]
    name = told_name(ranking, columns)
    if sign in _ORDERS and _number(parts["value"]) is None:
        rule = f"{sign} compares with a number, got {parts['value']!r}."
        raise CnnSearchError(str(Problem(f"--where {name}", rule, "Use = or != for a text.")))
    if sign in _ORDERS and len(columns) > 1:
        rule = f"{sign} compares one value with a number, got the entries of several blocks."
        raise CnnSearchError(str(Problem(f"--where {name}", rule, f"Write {either(columns)}.")))
    return Condition(columns, sign.replace("==", "="), parts["value"], name, columns[0] in ranking.parameters)


def kept(ranking: Ranking, conditions: Sequence[Condition]) -> Ranking:
    """The same table with the trials alone that keep to all conditions; their ranks stay."""
    lines = [line for line in ranking.lines if all(condition.holds(line) for condition in conditions)]
    return replace(ranking, lines=tuple(lines))


def unknown_value(condition: Condition, ranking: Ranking) -> str:
    """That no trial of the table has the value that is asked for, and which there are, the nearest first; else empty.

    Such a condition may be right, where nothing has failed yet; more often something is spelled otherwise.
    """
    is_order = condition.sign in _ORDERS
    if is_order or condition.wanted in _BLANK or not ranking.lines or any(map(condition.is_equal, ranking.lines)):
        return ""
    texts = dict.fromkeys(filter(None, (condition.texts(line)[0] for line in ranking.lines)))
    values = sorted(texts, key=lambda text: _distance(text, condition.wanted))
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    there = f"There are {', '.join(values[:_LISTED])}{more}." if values else "None has any."
    return f"--where {condition.name}: no trial has {condition.wanted!r}. {there}"


def _distance(text: str, wanted: str) -> float:
    """How far a value is from another one: by their difference, or as texts."""
    from difflib import SequenceMatcher  # only where something is wrong

    one, other = _number(text), _number(wanted)
    if one is not None and other is not None:
        return abs(one - other)
    return 1 - SequenceMatcher(None, text.lower(), wanted.lower()).ratio()


def _number(value: Value) -> float | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return None if math.isnan(found) else found


def _equals(value: Value, wanted: str) -> bool:
    """Whether a value is what a person wrote: the same text, the same number, or the same in three digits."""
    if value is None:
        return wanted in _BLANK
    if not isinstance(value, float | int) or isinstance(value, bool):
        return value_text(value).lower() == wanted.lower()
    number = _number(wanted)
    return number is not None and (number == value or (value % 1 != 0 and number == float(f"{value:.3g}")))
