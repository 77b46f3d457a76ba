"""A comparison as JSON, and as a page of its own."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cnnsearch.reports.charts.style import page_style
from cnnsearch.reports.comparison.comparison import Comparison, OnlyOne
from cnnsearch.reports.comparison.curves import curve, curves_chart
from cnnsearch.reports.comparison.sides import Side
from cnnsearch.reports.comparison.wording import (
    Row,
    missing_told,
    parameter_rows,
    parameters_told,
    part_told,
    score_rows,
)
from cnnsearch.reports.doctor.style import HOUSE
from cnnsearch.reports.markup import Element, element, page
from cnnsearch.reports.page.figure import figure_of
from cnnsearch.search.writing import write_text

_MOST_IMAGES = 200
"""Rows of a table on the page; JSON has all images."""
_STYLE = """
table { margin: 8px 0 20px; border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 5px 14px;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; vertical-align: top; }
th { color: var(--dim); font-weight: 500; }
"""


def as_json(comparison: Comparison) -> str:
    """One object: `sides`, `parameters`, `scores` by part, `parts` with McNemar's test and all images."""
    metric = comparison.metric
    content = {
        "sides": [_side(side, metric) for side in comparison.sides],
        "metric": metric,
        "parameters": [{"name": d.name, "a": d.first, "b": d.second} for d in comparison.parameters or ()],
        "scores": {part: [asdict(s) if s else None for s in pair] for part, pair in comparison.scores.items()},
        "parts": [asdict(part) for part in comparison.parts],
        "missing": missing_told(comparison),
    }
    return json.dumps(content, indent=2)


def _side(side: Side, metric: str) -> dict[str, Any]:
    score = side.trial.score if side.trial else None
    values = [None if math.isnan(value) else value for value in curve(side.epochs, metric)]
    return {"name": side.name, "told": side.told, "score": score, "curve": values if metric else []}


def write_page(path: Path, comparison: Comparison) -> None:
    """Write the comparison as one HTML file that needs no other.

    Raises:
        UnwritableFile: the system does not let us write there.
    """
    write_text(path, page(_head(), _body(comparison)))


def _head() -> Element:
    style = element("style")
    style.text = HOUSE + page_style() + _STYLE  # its line ends stay
    wide = element("meta", name="viewport", content="width=device-width, initial-scale=1")
    return element("head", element("meta", charset="utf-8"), wide, element("title", "Two models compared"), style)


def _body(comparison: Comparison) -> Element:
    first, second = comparison.sides
    names = [
        element("p", f"{letter}: {side.name} ({side.told})") for letter, side in zip("AB", (first, second), strict=True)
    ]
    chart = curves_chart(comparison)
    rows = parameter_rows(comparison)
    sections = [
        _section("Scores", _table("", score_rows(comparison))),
        _section("Parameters that differ", _table("", rows) if rows else element("p", parameters_told(comparison))),
        *([_section("Curves", figure_of(chart))] if chart else []),
        _section("Images that only one gets right", *_images(comparison)),
    ]
    return element("body", element("main", element("h1", "Two models compared"), *names, *sections))


def _section(title: str, *body: Element) -> Element:
    return element("section", element("h2", title), *body)


def _table(heading: str, rows: Sequence[Row]) -> Element:
    head = element("tr", *(element("th", name, scope="col") for name in (heading, "A", "B")))
    return element(
        "table", head, *(element("tr", *(element("td", cell) for cell in row)) for row in rows), class_="card"
    )


def _images(comparison: Comparison) -> Iterator[Element]:
    yield from (element("p", line) for line in missing_told(comparison))
    for part in comparison.parts:
        yield element("h3", f"{part.part.capitalize()} part")
        yield from (element("p", line) for line in part_told(part, "A", "B"))
        for name, images in (("A", part.first), ("B", part.second)):
            if images:
                yield _named(f"Only {name} gets right", images)
            if (left := len(images) - _MOST_IMAGES) > 0:
                yield element("p", f"{left} more: --json names all", class_="dim")


def _named(title: str, images: Sequence[OnlyOne]) -> Element:
    head = element("tr", *(element("th", name, scope="col") for name in (title, "class", "the other says")))
    cells = ((each.image, each.label, f"{each.taken_for} ({each.probability:.2f})") for each in images[:_MOST_IMAGES])
    return element(
        "table", head, *(element("tr", *(element("td", cell) for cell in row)) for row in cells), class_="card"
    )
