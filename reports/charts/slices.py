"""The objective against each parameter, a small plot for each."""

from collections.abc import Iterable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.dimensions import Dimension, dimensions
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Frame, drawing, framed, legend
from cnnsearch.reports.charts.marks import dot
from cnnsearch.reports.charts.results import Results, kind_of, sentences, status_keys
from cnnsearch.reports.charts.scales import Categories
from cnnsearch.reports.charts.thinning import MOST_DOTS, thinned
from cnnsearch.reports.charts.weighing import weigh_all
from cnnsearch.reports.markup import Element
from cnnsearch.search.records import TrialRecord

_MOST, _COLUMNS = 12, 3
_PANEL = 190.0
_GOLDEN = 0.618
"""Multiples of the golden ratio spread evenly, so that dots of one category do not hide each other."""


def slices(results: Results) -> Chart | None:
    """A plot of the objective for each parameter, the most important first; None with fewer than two ranked trials."""
    varied = dimensions(results)
    if len(results.ranked) < 2 or not varied:
        return None
    shares = weigh_all(results, varied)
    order = sorted(varied, key=lambda each: (-shares.get(each.name, 0.0), -len(each.active(results.ranked))))[:_MOST]
    shown = thinned(results.ranked, max(100, 2 * MOST_DOTS // len(order)))
    told = sentences(
        f"{results.main.metric} of each trial against each of its parameters"
        + (", the most important first." if shares else "."),
        "" if len(order) == len(varied) else f"{len(order)} of {len(varied)} parameters.",
        results.beyond,
        shown.told,
    )
    rows = -(-len(order) // _COLUMNS)
    panels = [mark for place, each in enumerate(order) for mark in _panel(results, each, place, shown.kept)]
    keys, high = legend(status_keys(shown.kept), 0, rows * _PANEL + 6, WIDTH)
    return Chart("slices", "Each parameter by itself", told, drawing([*panels, *keys], told, rows * _PANEL + high + 6))


def _panel(results: Results, dimension: Dimension, place: int, trials: Sequence[TrialRecord]) -> Iterable[Element]:
    row, column = divmod(place, _COLUMNS)
    wide = WIDTH / _COLUMNS
    box = Box(column * wide, row * _PANEL, wide, _PANEL - 8)
    frame = framed(Axis(dimension.scale, dimension.title), Axis(results.scale), box)
    yield from frame.surround()
    for trial in reversed(dimension.active(trials)):
        value = results.value(trial)
        if value is not None:
            x = frame.x_at(trial.values[dimension.name]) + _aside(dimension, frame, trial.number)
            is_best = trial is results.best
            kind = "best ringed" if is_best else kind_of(trial.status)
            yield dot((x, frame.y_at(value)), 4 if is_best else 2.6, kind, results.told(trial), trial.number)


def _aside(dimension: Dimension, frame: Frame, number: int) -> float:
    """How far beside the middle of its category a trial's dot lies; nothing for numbers."""
    if not isinstance(dimension.scale, Categories):
        return 0.0
    part = frame.plot.width / len(dimension.scale.values)
    return ((number * _GOLDEN) % 1 - 0.5) * min(0.6 * part, 30)
