"""The ranking for other programs: JSON and CSV with raw values under stable names."""

import csv
import io
import json

from cnnsearch.reports.ranking.ranking import Ranking, Value
from cnnsearch.search.csv_file import cell


def as_json(ranking: Ranking, top: int | None) -> str:
    """A list of objects, one for each trial, all with the same keys; what a trial does not have is null."""
    return json.dumps([dict(zip(ranking.columns, row, strict=True)) for row in _rows(ranking, top)], indent=2)


def as_csv(ranking: Ranking, top: int | None) -> str:
    """A header and a line for each trial; what a trial does not have is empty."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([cell(name) for name in ranking.columns])
    lines.writerows([cell(value) for value in row] for row in _rows(ranking, top))
    return text.getvalue().removesuffix("\n")


def _rows(ranking: Ranking, top: int | None) -> list[list[Value]]:
    return [[line.values.get(column) for column in ranking.columns] for line in ranking.lines[:top]]
