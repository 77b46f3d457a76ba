"""In which order trials stand, where a person wants another one than their ranks'."""

from dataclasses import replace

from cnnsearch.reports.ranking.names import columns_of
from cnnsearch.reports.ranking.ranking import Line, Ranking, Value
from cnnsearch.reports.vocabulary import Meaning
from cnnsearch.search.records import PHASE

_NEITHER = ("learning_rate", PHASE)
"""What is logged with the metrics, and is neither better nor worse for being more."""


def ordered(ranking: Ranking, sort: str) -> Ranking:
    """The same table by a column: the better metric first, else the lesser value; `-seconds` is the other way round.

    Equal cells keep the order of the ranking, and blank ones stand at the end either way.

    Raises:
        CnnSearchError: the table has no such column.
    """
    columns = sorting_columns(ranking, sort)
    known = [line for line in ranking.lines if _values(line, columns)]
    blank = [line for line in ranking.lines if not _values(line, columns)]
    first_is_most = _more_is_better(ranking, columns[0])
    known.sort(key=lambda line: [*map(_key, _values(line, columns))], reverse=first_is_most is not sort.startswith("-"))
    return replace(ranking, lines=(*known, *blank))


def sorting_columns(ranking: Ranking, sort: str) -> Meaning:
    """The column that `--sort` names, with or without a minus, or the entries of blocks that stand together.

    Raises:
        CnnSearchError: the table has no such column.
    """
    return columns_of(ranking, sort.removeprefix("-"), "--sort")


def _more_is_better(ranking: Ranking, column: str) -> bool:
    if column in ("score", "low", "high", "mean", "mean_low", "mean_high"):
        return ranking.objectives.epoch.direction == "max"
    metric = column.removeprefix("metric.")
    return column in ranking.metrics and metric not in _NEITHER and ranking.objectives.direction(metric) == "max"


def _values(line: Line, columns: Meaning) -> list[Value]:
    return [value for value in map(line.values.get, columns) if value is not None]


def _key(value: Value) -> tuple[bool, float, str]:
    """Numbers before texts: a choice may mix them."""
    if isinstance(value, str) or value is None:
        return True, 0.0, value or ""
    return False, float(value), ""
