"""How well a model tells each class, as a table: the worst classes first."""

from dataclasses import dataclass

import numpy as np

from cnnsearch.reports.markup import Element, element
from cnnsearch.reports.model.confusion import confusion_counts
from cnnsearch.reports.predictions import Predictions
from cnnsearch.reports.scores import accuracy_interval

MOST = 50
"""Of more classes only the worst stand in the table; `metrics.json` has all."""
_HEADINGS = ("class", "images", "precision", "recall", "95 % interval", "F1", "most often taken for")


@dataclass(frozen=True)
class ClassFigures:
    """How well a class is told.

    Attributes:
        name: of the class.
        images: how many there are of it.
        precision: the share that is right of those taken for it; None where none is.
        recall: the share of its images that is found; None without images.
        interval: the 95 % interval of the recall; None without images.
        f1: the harmonic mean of precision and recall; None where neither is known.
        confused: the class that its images are most often wrongly taken for, and how often; None for none.
    """

    name: str
    images: int
    precision: float | None
    recall: float | None
    interval: tuple[float, float] | None
    f1: float | None
    confused: tuple[str, int] | None


def class_figures(rows: Predictions) -> list[ClassFigures]:
    """The figures of every class, the one with the lowest recall first; those without images last."""
    counts = confusion_counts(rows)
    images, taken, right = counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist(), np.diag(counts).tolist()
    wrong = counts - np.diag(np.diag(counts))
    found = []
    for k, name in enumerate(rows.classes):
        other = int(wrong[k].argmax())
        found.append(
            ClassFigures(
                name=name,
                images=images[k],
                precision=right[k] / taken[k] if taken[k] else None,
                recall=right[k] / images[k] if images[k] else None,
                interval=accuracy_interval(right[k], images[k]) if images[k] else None,
                f1=2 * right[k] / (images[k] + taken[k]) if images[k] or taken[k] else None,
                confused=(rows.classes[other], int(wrong[k, other])) if wrong[k, other] else None,
            )
        )
    return sorted(found, key=lambda each: (each.recall is None, each.recall or 0.0, each.name))


def class_table(rows: Predictions) -> tuple[Element, ...]:
    """The table, and a line on what it leaves out."""
    figures = class_figures(rows)
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in _HEADINGS)))
    body = element("tbody", *(_row(each) for each in figures[:MOST]))
    table = element("div", element("table", head, body, class_="classes"), class_="scroll")
    if len(figures) <= MOST:
        return (table,)
    told = f"The {MOST} of {len(figures)} classes with the lowest recall; metrics.json has all."
    return table, element("p", told, class_="dim")


def _row(each: ClassFigures) -> Element:
    low, high = each.interval or (None, None)
    interval = "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
    confused = f"{each.confused[0]} ({each.confused[1]:,})" if each.confused else ""
    numbers = [f"{each.images:,}", _share(each.precision), _share(each.recall), interval, _share(each.f1)]
    cells = [element("td", text, class_="number") for text in numbers]
    return element("tr", element("th", each.name, scope="row"), *cells, element("td", confused))


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
