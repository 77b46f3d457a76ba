"""A metric over the epochs of two trainings: as a line of blocks in the terminal, and as a chart."""

import math
from collections.abc import Sequence

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Key, drawing, framed, legend
from cnnsearch.reports.charts.marks import line, series
from cnnsearch.reports.charts.scales import linear_over
from cnnsearch.reports.comparison.comparison import Comparison
from cnnsearch.reports.comparison.sides import Side
from cnnsearch.search.records import Epoch

_BLOCKS = "▁▂▃▄▅▆▇█"
_HEIGHT = 320.0


def curve(epochs: Sequence[Epoch], metric: str) -> list[float]:
    """The values of the first fold, on the highest rung: what the kept model came from. Absent ones are NaN."""
    rung = epochs[-1].rung if epochs else None
    fold = epochs[0].fold if epochs else None
    own = [epoch for epoch in epochs if epoch.rung == rung and epoch.fold == fold]
    return [float(epoch.metrics.get(metric, math.nan)) for epoch in own]


def sparkline(values: Sequence[float], low: float, high: float, most: int = 60) -> str:
    """The values as blocks of eight heights between two bounds; longer ones are thinned, and the last one stays."""
    step = max(1, math.ceil(len(values) / most))
    shown = [*values[step - 1 :: step]] if len(values) % step == 0 else [*values[step - 1 :: step], values[-1]]
    return "".join(_block(value, low, high) for value in shown)


def _block(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return " "
    share = (value - low) / (high - low) if high > low else 0.5
    return _BLOCKS[min(7, max(0, int(share * 8)))]


def bounds(curves: Sequence[Sequence[float]]) -> tuple[float, float]:
    """The least and the greatest finite value of all curves; 0 and 1 where there is none."""
    known = [value for values in curves for value in values if math.isfinite(value)]
    return (min(known), max(known)) if known else (0.0, 1.0)


def curves_chart(comparison: Comparison) -> Chart | None:
    """Both curves over each other; None where there is nothing to draw."""
    metric = comparison.metric
    curves = [curve(side.epochs, metric) for side in comparison.sides]
    known = [value for values in curves for value in values if math.isfinite(value)]
    if not metric or not known:
        return None
    keys = [Key(series(index), side.name) for index, side in enumerate(comparison.sides)]
    drawn, below = legend(keys, 0, _HEIGHT, WIDTH)
    x = Axis(linear_over([1.0, *(float(len(values)) for values in curves)], whole=True), "epoch")
    frame = framed(x, Axis(linear_over(known), metric), Box(0, 0, WIDTH, _HEIGHT - 8))
    lines = []
    for index, (side, values) in enumerate(zip(comparison.sides, curves, strict=True)):
        points = [frame.at(float(k), value) for k, value in enumerate(values, start=1) if math.isfinite(value)]
        lines += [line(points, f"{series(index)} strong", side.name)] if points else []
    told = "; ".join(_told(side, values, metric) for side, values in zip(comparison.sides, curves, strict=True)) + "."
    parts = [*frame.surround(), *lines, *drawn]
    return Chart("compared_curves", f"{metric} over the epochs", told, drawing(parts, told, _HEIGHT + below))


def _told(side: Side, values: Sequence[float], metric: str) -> str:
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return f"{side.name} has no {metric}"
    return f"{side.name} went from {known[0]:.4f} to {known[-1]:.4f} in {len(values)} epochs"
