"""A comparison in the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cnnsearch.reports.comparison.comparison import Comparison, OnlyOne
from cnnsearch.reports.comparison.curves import bounds, curve, sparkline
from cnnsearch.reports.comparison.wording import (
    Row,
    missing_told,
    parameter_rows,
    parameters_told,
    part_told,
    score_rows,
)
from cnnsearch.reports.terminal import safe

MOST_IMAGES = 10
"""How many images of each kind are named."""


def as_text(comparison: Comparison) -> RenderableType:
    """Scores, parameters, curves, and the images that only one side gets right."""
    first, second = comparison.sides
    head = [safe(f"A: {first.name} ({first.told})", "bold"), safe(f"B: {second.name} ({second.told})", "bold"), Text()]
    rows = parameter_rows(comparison)
    parameters = _table("parameter", rows) if rows else safe(parameters_told(comparison))
    body = [_table("", score_rows(comparison)), Text(), parameters, *_curves(comparison), *_images(comparison)]
    return Group(*head, *body)


def _table(heading: str, rows: Sequence[Row]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in (heading, "A", "B"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(safe, row))
    return table


def _curves(comparison: Comparison) -> Iterator[RenderableType]:
    if not comparison.metric:
        return
    curves = [curve(side.epochs, comparison.metric) for side in comparison.sides]
    low, high = bounds(curves)
    yield Text()
    yield safe(f"{comparison.metric} over the epochs, from {low:.4f} to {high:.4f}", "dim")
    for name, values in zip("AB", curves, strict=True):
        yield safe(f"{name}  {sparkline(values, low, high)}  {values[-1]:.4f} at the end")


def _images(comparison: Comparison) -> Iterator[RenderableType]:
    yield Text()
    yield from (safe(line, "yellow") for line in missing_told(comparison))
    for part in comparison.parts:
        yield from map(safe, part_told(part, "A", "B"))
        for name, images in (("A", part.first), ("B", part.second)):
            yield from _named(f"only {name} gets right", images)


def _named(title: str, images: Sequence[OnlyOne]) -> Iterator[RenderableType]:
    if not images:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in (title, "class", "the other says"):
        table.add_column(name, overflow="fold")
    for each in images[:MOST_IMAGES]:
        table.add_row(safe(each.image), safe(each.label), safe(f"{each.taken_for} ({each.probability:.2f})"))
    yield table
    if (left := len(images) - MOST_IMAGES) > 0:
        yield safe(f"{left} more: --json names all", "dim")
