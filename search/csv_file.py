"""The one way in which csv files are written: whole, exact, and harmless to open."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from cnnsearch.search.writing import write_beside

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cell(value: object) -> object:
    """A table's cell: a text that a spreadsheet would run as a formula gets a leading quote, numbers stay untouched."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], *, texts: bool = True) -> None:
    """Replace a csv file: UTF-8, floats so that reading them gives the same number, no cell that could run.

    Without `texts` its rows are written as they are: numbers, which takes half the time, or names that others gave and
    look for again.
    """

    def write(beside: Path) -> None:
        # A file name may hold bytes that are no UTF-8; written out, they cost neither the table nor its encoding.
        with beside.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow([cell(name) for name in header])
            safe = ([cell(value) if isinstance(value, str) else value for value in row] for row in rows)
            lines.writerows(safe if texts else rows)

    write_beside(path, write)
