"""Which class is taken for which, as a chart: of few classes with counts, of many the pairs most often mixed up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.files import png_bytes, svg_text
from cnnsearch.reports.charts.frame import WIDTH, drawing
from cnnsearch.reports.charts.marks import bar, shade, words
from cnnsearch.reports.charts.words import fitted, width
from cnnsearch.reports.markup import Element
from cnnsearch.reports.model.weighed import weighed
from cnnsearch.reports.predictions import Predictions
from cnnsearch.search.writing import write_beside

WITH_SHARES, WITH_COUNTS = 12, 30
"""Up to so many classes a cell has room for count and share, or for the count."""
_MOST_NAME, _MOST_TURNED = 150.0, 110.0
_TURNED = 44.0
"""Under so many units a name no longer fits above its column as it is, and is turned."""
_DARK = 0.5
"""From this share on a cell is so strong that its text takes the ground's colour."""


def confusion_counts(rows: Predictions) -> NDArray[np.int64]:
    """How often a class (row) is taken for which class (column), shape (classes, classes)."""
    size = len(rows.classes)
    return np.bincount(rows.labels * size + rows.predicted, minlength=size * size).reshape(size, size)


def confusion_chart(part: str, rows: Predictions) -> Chart:
    """The confusion matrix of at least one image: a cell's colour is its share of the true class, its row.

    Up to 12 classes a cell says count and share, up to 30 the count; of more, the colours of small shares are spread.
    """
    counts = confusion_counts(rows)
    told = f"{_score(part, counts)} {_most_mixed(counts, rows.classes)}".strip()
    parts, height = _matrix(counts, rows.classes)
    return Chart("confusion_matrix", "Which class is taken for which", told, drawing(parts, told, height))


def _score(part: str, counts: NDArray[np.int64]) -> str:
    right, images = int(np.trace(counts)), int(counts.sum())
    return f"{part.capitalize()} part: {right:,} of {images:,} images right ({right / images:.1%})."


def write_confusion_matrix(path: Path, predictions: Predictions) -> None:
    """Draw the test part's confusion matrix, or the validation part's where there is no test part, as PNG.

    Without any image no picture is written, and an older one goes away.
    """
    part, rows = weighed(predictions)
    if not len(rows):
        path.unlink(missing_ok=True)
        return
    drawn = png_bytes(svg_text(confusion_chart(part, rows)))
    write_beside(path, lambda beside: beside.write_bytes(drawn))


def most_mixed(counts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The pairs of a true class and another that it is taken for, the most frequent first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[: int((wrong > 0).sum())]
    return [(int(k) // len(counts), int(k) % len(counts)) for k in order]


def _most_mixed(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    pairs = most_mixed(counts)
    if not pairs:
        return "No class is taken for another."
    label, other = pairs[0]
    return f"Most often {classes[label]} is taken for {classes[other]}: {counts[label, other]:,} times."


@dataclass(frozen=True)
class _Grid:
    """Where the cells lie: from the left top on, each so wide and so high."""

    left: float
    top: float
    width: float
    height: float

    def at(self, row: float, column: float) -> tuple[float, float]:
        return self.left + column * self.width, self.top + row * self.height


def _matrix(counts: NDArray[np.int64], classes: Sequence[str]) -> tuple[list[Element], float]:
    """The parts of the drawing, and how high it is."""
    size, many = len(classes), len(classes) > WITH_COUNTS
    room = 0.0 if many else min(_MOST_NAME, max(map(width, classes))) + 8
    wide = min((WIDTH - room - 40) / size, 96.0)
    turned = wide < _TURNED
    top = 24.0 + (0.0 if many else min(room, _MOST_TURNED) if turned else 20.0)
    grid = _Grid(room + 24, top, wide, min(wide, 52.0))
    middle = top + grid.height * size / 2
    parts = [
        words((grid.left, 14), "taken for", "name"),
        words((14, middle), "true class", "name", "middle", turned=-90),
    ]
    parts += [] if many else _names(classes, grid, room, turned=turned)
    return [*parts, *_cells(counts, classes, grid)], top + grid.height * size + 14


def _names(classes: Sequence[str], grid: _Grid, room: float, *, turned: bool) -> Iterator[Element]:
    for k, name in enumerate(classes):
        (_, y), (x, _) = grid.at(k + 0.5, 0), grid.at(0, k + 0.5)
        yield words((grid.left - 6, y + 4), fitted(name, room), "tick", "end", name)
        if turned:
            yield words((x + 4, grid.top - 6), fitted(name, _MOST_TURNED - 10), "tick", "start", name, turned=-90)
        else:
            yield words((x, grid.top - 7), fitted(name, grid.width - 6), "tick", "middle", name)


def _cells(counts: NDArray[np.int64], classes: Sequence[str], grid: _Grid) -> Iterator[Element]:
    size, gap = len(classes), 1.0 if grid.width > 12 else 0.0
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    yield bar(grid.left, grid.top, grid.width * size, grid.height * size, "h0")
    for k, j in zip(*map(np.ndarray.tolist, np.nonzero(counts)), strict=True):
        share, (x, y) = float(shares[k, j]), grid.at(k, j)
        told = f"{classes[k]} taken for {classes[j]}: {counts[k, j]:,} ({share:.1%})"
        # Among many cells a mistake is small and has no number: there the colours of small shares are spread.
        strength = share if size <= WITH_COUNTS else share**0.5
        yield bar(x, y, grid.width - gap, grid.height - gap, shade(strength), told)
        yield from _cell_text(int(counts[k, j]), share, size, grid.at(k + 0.5, j + 0.5))


def _cell_text(count: int, share: float, size: int, middle: tuple[float, float]) -> Iterator[Element]:
    (x, y), kind = middle, "over" if share >= _DARK else ""
    if size <= WITH_SHARES:
        yield words((x, y - 1), f"{count:,}", kind, "middle")
        yield words((x, y + 13), f"{share:.0%}", kind, "middle")
    elif size <= WITH_COUNTS:
        yield words((x, y + 4), str(count), kind, "middle")
