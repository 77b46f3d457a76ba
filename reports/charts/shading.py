"""How good a value is, as a shade: the better, the stronger."""

from collections.abc import Iterable

from cnnsearch.reports.charts.marks import bar, shade, words
from cnnsearch.reports.charts.numerals import four_digits
from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.charts.words import width
from cnnsearch.reports.markup import Element

_SHADES = 10


def shade_of(results: Results, value: float) -> str:
    """The class of a value of the main objective."""
    share = results.scale.share(value)
    return shade(share if results.main.direction == "max" else 1 - share)


def value_ramp(results: Results, left: float, top: float) -> Iterable[Element]:
    """A legend of the shades from the worst to the best value of the main objective."""
    ends = results.scale.low, results.scale.high
    worst, best = map(four_digits, ends if results.main.direction == "max" else reversed(ends))
    return ramp(f"{results.main.metric} {worst}", best, left, top)


def ramp(worst: str, best: str, left: float, top: float) -> Iterable[Element]:
    """A legend of the shades, between words for both ends."""
    start = left + width(worst) + 6
    yield words((left, top + 10), worst, "tick")
    yield from (bar(start + place * 14, top, 14, 11, f"h{place}") for place in range(_SHADES))
    yield words((start + 14 * _SHADES + 6, top + 10), best, "tick")
