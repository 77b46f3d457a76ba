"""The page's charts: a bar for each class, histograms of heights and widths. Drawn as HTML and SVG, without scripts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnsearch.reports.markup import Element, element

if TYPE_CHECKING:  # stands on a decoder of images
    from cnnsearch.search.doctor.balance import Counts

BINS = 24
MOST_BARS = 40
_WIDTH, _HEIGHT = 360, 110
"""Of a histogram's plot, in its own units."""


@dataclass(frozen=True)
class Bin:
    """So many images have a length from `low` to `high` pixels."""

    low: float
    high: float
    count: int


def bins(lengths: Sequence[int], most: int = BINS) -> list[Bin]:
    """A histogram whose bins grow by a factor: a size matters by how many times it is larger than another."""
    if not lengths:
        return []
    low, high = math.log(min(lengths)), math.log(max(lengths))
    if low == high:
        return [Bin(lengths[0], lengths[0], len(lengths))]
    counts = [0] * most
    for length in lengths:
        counts[min(most - 1, int((math.log(length) - low) / (high - low) * most))] += 1
    edges = [math.exp(low + (high - low) * place / most) for place in range(most + 1)]
    return [Bin(left, right, count) for left, right, count in zip(edges, edges[1:], counts, strict=False)]


def histogram(lengths: Sequence[int], title: str) -> Element:
    """A histogram of lengths in pixels, of which two differ, as an SVG picture with its ends written below."""
    found = bins(lengths)
    top = max(each.count for each in found)
    width = _WIDTH / len(found)
    bars = (_bar(each, place * width, width, top) for place, each in enumerate(found))
    plot = element("svg", *bars, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", preserveAspectRatio="none")
    ends = (f"{round(length):,} px" for length in (found[0].low, found[-1].high))
    axis = element("div", *(element("span", end) for end in ends), class_="axis")
    return element("figure", element("figcaption", title), plot, axis)


def _bar(each: Bin, left: float, width: float, top: int) -> Element:
    height = each.count / top * _HEIGHT
    told = f"{round(each.low):,} to {round(each.high):,} pixels: {each.count:,}"
    return element(
        "rect",
        element("title", told),
        x=f"{left + 0.5:.1f}",
        y=f"{_HEIGHT - height:.1f}",
        width=f"{width - 1:.1f}",
        height=f"{height:.1f}",
    )


def class_bars(counts: "Counts") -> Element:
    """A bar for each class, in pieces for its parts, with the numbers behind it."""
    most = max((sum(by_part.values()) for by_part in counts.values()), default=1) or 1
    rows = [_class_row(name, by_part, most) for name, by_part in list(counts.items())[:MOST_BARS]]
    rest = len(counts) - len(rows)
    more = element("p", f"and {rest:,} more classes", class_="dim") if rest else None
    return element("div", _legend(next(iter(counts.values()), {})), element("div", *rows, class_="bars"), more)


def _legend(by_part: Mapping[str, int]) -> Element | None:
    parts = [part for part in by_part if part]
    keys = (element("span", element("i", class_=part), part) for part in parts)
    return element("p", *keys, class_="legend") if parts else None


def _class_row(name: str, counts: Mapping[str, int], most: int) -> Element:
    pieces = (
        element("i", class_=part or "train", style=f"width:{count / most:.2%}", title=f"{part} {count:,}".strip())
        for part, count in counts.items()
    )
    numbers = " + ".join(f"{count:,}" for count in counts.values())
    return element(
        "div",
        element("span", name, class_="name", title=name),
        element("span", *pieces, class_="bar"),
        element("span", numbers, class_="number"),
        class_="row",
    )
