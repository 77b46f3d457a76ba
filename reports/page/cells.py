"""A cell of the leaderboard: the value as `trials.csv` has it, and as a person reads it."""

from dataclasses import dataclass
from math import isfinite

from cnnsearch.reports.columns import HEADINGS, TAKEN
from cnnsearch.reports.inert import visible
from cnnsearch.reports.tables import TrialsTable
from cnnsearch.reports.wording import count_text, short_names, status_name, time_text, value_text, value_with_unit
from cnnsearch.search.records import PHASE, Status
from cnnsearch.spaces.values import Scalar

Raw = str | int | float | None
_LABELS = {**HEADINGS, "status": "status"}
_IN_SIZES = ("score", "score_deviation")
_ASIDE = ("reason", "precision", "jit", "data", "fold_scores")
_STAMP = 8
"""Signs of an image stamp that are shown; the rest is in its title."""


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard.

    Attributes:
        name: as `trials.csv` has it.
        label: a few words over it.
        kind: `fact`, `metric`, `parameter` or `aside`; the last are left out on paper.
    """

    name: str
    label: str
    kind: str


def columns_of(table: TrialsTable) -> list[Column]:
    """The columns in the order of the page: facts, parameters, metrics, and what is asked for least."""
    short = short_names(table.parameters, TAKEN)
    kinds = dict.fromkeys(table.parameters, "parameter") | dict.fromkeys(table.metrics, "metric")
    found = [
        Column(name, short.get(name, _LABELS.get(name, name.replace("_", " "))), kinds.get(name, _kind(name)))
        for name in table.columns
    ]
    order = ("fact", "parameter", "metric", "aside")
    return sorted(found, key=lambda column: order.index(column.kind))


def _kind(name: str) -> str:
    return "aside" if name in _ASIDE else "fact"


def raw_of(value: object) -> Raw:
    """The value itself, where JSON knows it; true and false as `trials.csv` writes them."""
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    return None if value is None else visible(str(value))


def text_of(column: Column, value: object) -> str:
    """What a person reads; empty where a trial has no such value."""
    if value is None:
        return ""
    match column.name, value:
        case "status", str():
            return status_name(Status(value))
        case "seconds", int() | float():
            return time_text(value)
        case "parameters", int():
            return count_text(value)
        case "data", str():
            return visible(value[:_STAMP])
    return visible(_value(column, value))


def _value(column: Column, value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and column.kind == "metric" and column.name not in ("learning_rate", PHASE):
        return value_with_unit(column.name, float(str(value)))
    if is_number and column.name in _IN_SIZES:
        return f"{value:.4f}"
    if is_number and column.name in ("latency", "model_size"):
        return value_with_unit(column.name, float(str(value)))
    return value_text(value) if isinstance(value, Scalar) else str(value)
