"""Parallel coordinates: every trial a line through the values of its parameters, up to its value of the objective.

A line leaves out the axes of parameters that its trial does not have: it goes straight on to the next one it has.
"""

from collections.abc import Iterable, Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.dimensions import Dimension, dimensions
from cnnsearch.reports.charts.frame import WIDTH, drawing
from cnnsearch.reports.charts.marks import Point, dot, line, rule, shade, words
from cnnsearch.reports.charts.results import Results, sentences
from cnnsearch.reports.charts.scales import Categories, Scale
from cnnsearch.reports.charts.shading import ramp
from cnnsearch.reports.charts.thinning import MOST_LINES, thinned
from cnnsearch.reports.charts.weighing import weigh_all
from cnnsearch.reports.charts.words import NAME, fitted, width
from cnnsearch.reports.markup import Element
from cnnsearch.search.records import TrialRecord
from cnnsearch.spaces.values import Scalar

_MOST_AXES = 10
_PLOT = 300.0
_MOST_NAME = 130.0
_SIDE = 44.0
_PALEST = 0.8
"""The worst trial has the shade of a fifth: a line of the palest ones would not be seen."""
_SLANT = 0.57
"""The sine of the 35 degrees that the names of axes are turned by."""


def parallel_coordinates(results: Results) -> Chart | None:
    """The ranked trials as lines; None with fewer than two of them, or without parameters that differ."""
    varied = dimensions(results)
    if len(results.ranked) < 2 or not varied:
        return None
    chosen = _chosen(results, varied)
    lines = thinned(results.ranked, MOST_LINES)
    told = sentences(
        f"Each line is a trial, from its parameters to its {results.main.metric}; the better, the stronger. "
        f"Trial {results.ranked[0].number} is the best. A line passes by the axes of parameters that it does not have.",
        "" if len(chosen) == len(varied) else f"{len(chosen)} of {len(varied)} parameters, those that matter most.",
        results.beyond,
        lines.told,
    )
    names = [each.title for each in chosen] + [results.main.metric]
    top = 18 + min(_MOST_NAME, max(width(name, NAME) for name in names)) * _SLANT
    axes = _axes(chosen, results.scale, top)
    least = len(lines.kept) - 1
    ranked = list(enumerate(lines.kept))
    drawn = [m for place, trial in reversed(ranked) for m in _line(results, axes, trial, 1 - _PALEST * place / least)]
    labels = [mark for axis, name in zip(axes, names, strict=True) for mark in axis.labels(name)]
    rules = [rule((axis.x, top), (axis.x, top + _PLOT), "axis") for axis in axes]
    parts = [*rules, *drawn, *labels, *ramp("worst trial", "best trial", _SIDE, top + _PLOT + 18)]
    drawn_all = drawing(parts, told, top + _PLOT + 38)
    return Chart("parallel_coordinates", "All parameters at once", told, drawn_all)


def _chosen(results: Results, varied: Sequence[Dimension]) -> list[Dimension]:
    """The parameters that matter most, in the order of the space; where nothing is known, those most trials have."""
    shares = weigh_all(results, varied)
    order = sorted(varied, key=lambda each: (-shares.get(each.name, 0.0), -len(each.active(results.ranked))))
    kept = {each.name for each in order[:_MOST_AXES]}
    return [each for each in varied if each.name in kept]


class _Upright:
    """An axis of one parameter, or of the objective where there is no name."""

    def __init__(self, name: str, scale: Scale, x: float, top: float, room: float) -> None:
        self.name, self.scale, self.x, self._top, self._room = name, scale, x, top, room

    def at(self, value: Scalar) -> Point:
        return self.x, self._top + _PLOT - self.scale.share(value) * _PLOT

    def labels(self, name: str) -> Iterable[Element]:
        """The name above, slanted, and values beside the axis."""
        yield words((self.x, self._top - 10), fitted(name, _MOST_NAME, NAME), "name", "start", self.name or name, -35)
        is_list = isinstance(self.scale, Categories)
        for tick in self.scale.ticks(16 if is_list else 6):
            y = self._top + _PLOT - tick.share * _PLOT
            text = fitted(tick.text, self._room)
            yield words((self.x + 5, y + 4), text, "tick halo", "start", tick.text)


def _axes(chosen: Sequence[Dimension], scale: Scale, top: float) -> list[_Upright]:
    between = (WIDTH - 2 * _SIDE - 30) / len(chosen)
    each = [
        _Upright(dimension.name, dimension.scale, _SIDE + place * between, top, between - 8)
        for place, dimension in enumerate(chosen)
    ]
    return [*each, _Upright("", scale, _SIDE + len(chosen) * between, top, _SIDE + 20)]


def _line(results: Results, axes: Sequence[_Upright], trial: TrialRecord, goodness: float) -> Iterable[Element]:
    value = results.value(trial)
    if value is None:
        return
    points = [axis.at(trial.values[axis.name]) for axis in axes[:-1] if axis.name in trial.values]
    end = axes[-1].at(value)
    is_best = trial is results.best
    kind = "best strong" if is_best else shade(goodness)
    yield line([*points, end], kind, results.told(trial), trial.number)
    if is_best:
        yield from (dot(point, 3.5, "best ringed", "", trial.number) for point in (*points, end))
