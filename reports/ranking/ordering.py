"""In which order trials stand, where a person wants another one than their ranks'."""

from dataclasses import replace

from cnnsearch.reports.ranking.names import column_of
from cnnsearch.reports.ranking.ranking import Ranking, Value


def ordered(ranking: Ranking, sort: str) -> Ranking:
    """The same table by a column: the better metric first, else the lesser value; `-seconds` is the other way round.

    Equal cells keep the order of the ranking, and blank ones stand at the end either way.

    Raises:
        CnnSearchError: the table has no such column.
    """
    column = sorting_column(ranking, sort)
    of_metric = ranking.objectives.direction(column) if column in ranking.metrics else None
    first_is_most = of_metric == "max" or (column in ("score", "mean") and ranking.objectives.epoch.direction == "max")
    known = [line for line in ranking.lines if line.values.get(column) is not None]
    blank = [line for line in ranking.lines if line.values.get(column) is None]
    known.sort(key=lambda line: _key(line.values[column]), reverse=first_is_most is not sort.startswith("-"))
    return replace(ranking, lines=(*known, *blank))


def sorting_column(ranking: Ranking, sort: str) -> str:
    """The column that `--sort` names, with or without a minus.

    Raises:
        CnnSearchError: the table has no such column.
    """
    return column_of(ranking, sort.removeprefix("-"), "--sort")


def _key(value: Value) -> tuple[bool, float, str]:
    """Numbers before texts: a choice may mix them."""
    if isinstance(value, str) or value is None:
        return True, 0.0, value or ""
    return False, float(value), ""
