"""Pictures of a model: which class is taken for which."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.inert import visible
from cnnsearch.reports.predictions import Predictions
from cnnsearch.search.writing import write_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WITH_SHARES, _WITH_COUNTS = 12, 30
"""Up to so many classes a cell has room for count and share, or for the count."""


def confusion_counts(rows: Predictions) -> NDArray[np.int64]:
    """How often a class (row) is taken for which class (column), shape (classes, classes)."""
    size = len(rows.classes)
    return np.bincount(rows.labels * size + rows.predicted, minlength=size * size).reshape(size, size)


def write_confusion_matrix(path: Path, predictions: Predictions) -> None:
    """Draw the test part's confusion matrix, or the validation part's where there is no test part, as PNG.

    A cell's color is its share of the row; up to 12 classes it says count and share, up to 30 the count.
    Without any image no picture is written, and an older one goes away.
    """
    part = "test" if len(predictions.of("test")) else "validation"
    rows = predictions.of(part)
    if not len(rows):
        path.unlink(missing_ok=True)
        return
    correct = int((rows.labels == rows.predicted).sum())
    title = f"{part.capitalize()} part: {correct} of {len(rows)} images right ({correct / len(rows):.1%})"
    counts = confusion_counts(rows)
    write_beside(path, lambda beside: _draw(beside, counts, rows.classes, title))


def _draw(path: Path, counts: NDArray[np.int64], classes: Sequence[str], title: str) -> None:
    # Figure and canvas of its own: pyplot keeps every figure, and is not for threads.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    size = len(classes)
    side = min(max(4.0, 1.5 + 0.55 * size), 22.0) if size <= _WITH_COUNTS else min(6 + 0.16 * size, 40.0)
    figure = Figure(figsize=(side + 1.6, side + 0.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Among many cells a mistake is small and has no number: there the colors of small shares are spread.
    norm = PowerNorm(0.5 if size > _WITH_COUNTS else 1.0, vmin=0.0, vmax=1.0)
    picture = axes.imshow(shares, cmap="Blues", norm=norm)
    bar = figure.colorbar(picture, ax=axes, fraction=0.046 if size <= _WITH_COUNTS else 0.02, pad=0.03)
    bar.set_label("share of the row")
    axes.set_title(title, fontsize=12, loc="left")
    _label_axes(axes, classes)
    if size <= _WITH_COUNTS:
        _fill_cells(axes, counts, shares)
    with warnings.catch_warnings():
        # A class named in a script that no installed font has is drawn as boxes; that is no reason to fail.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure.savefig(path, format="png", bbox_inches="tight", pad_inches=0.15)


def _label_axes(axes: "Axes", classes: Sequence[str]) -> None:
    names = [_short(name) for name in classes]
    fontsize = 10 if len(names) <= _WITH_SHARES else 8 if len(names) <= _WITH_COUNTS else 6
    axes.set_xticks(range(len(names)), names, fontsize=fontsize, rotation=0 if _narrow(names) else 90)
    axes.set_yticks(range(len(names)), names, fontsize=fontsize)
    for tick in [*axes.get_xticklabels(), *axes.get_yticklabels()]:
        tick.set_parse_math(False)  # a `$` in a class name is a `$`
    axes.set_xlabel("taken for")
    axes.set_ylabel("true class")


def _narrow(names: Sequence[str]) -> bool:
    return len(names) <= _WITH_SHARES and max(map(len, names)) <= 8


def _short(name: str, length: int = 24) -> str:
    text = visible(name)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _fill_cells(axes: "Axes", counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    with_share = len(counts) <= _WITH_SHARES
    for (row, column), count in np.ndenumerate(counts):
        if not count:
            continue
        share = shares[row, column]
        text = f"{count}\n{share:.0%}" if with_share else str(count)
        color = "white" if share > 0.55 else "black"
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=9 if with_share else 7)
