"""The two numeric parameters that matter most against each other: a smoothed map of the objective, the trials on it."""

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.dimensions import Dimension, dimensions
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Frame, drawing, framed
from cnnsearch.reports.charts.marks import bar, dot
from cnnsearch.reports.charts.numerals import four_digits
from cnnsearch.reports.charts.results import Results, sentences
from cnnsearch.reports.charts.shading import shade_of, value_ramp
from cnnsearch.reports.charts.thinning import MOST_DOTS, thinned
from cnnsearch.reports.charts.weighing import LEAST, weigh_all
from cnnsearch.reports.markup import Element
from cnnsearch.search.records import TrialRecord

_HEIGHT = 380.0
_ACROSS, _UPWARD = 40, 24
"""Cells of the map."""
_REACH = 0.09
"""The width of a trial's influence, as a share of an axis."""
_LEAST_WEIGHT = 0.02
"""A cell further from any trial stays empty: there nobody knows."""


def contours(results: Results) -> Chart | None:
    """The map; None with fewer than ten trials that have both parameters, or without two numeric ones that differ."""
    varied = [each for each in dimensions(results) if each.is_numeric and _differs(results, each)]
    shares = weigh_all(results, varied)
    pairs = [pair for pair in combinations(varied, 2) if len(_both(results, pair)) >= LEAST]
    if not pairs:
        return None
    x, y = max(pairs, key=lambda pair: sum(shares.get(each.name, 0.0) for each in pair))
    trials = thinned(_both(results, (x, y)), MOST_DOTS)
    frame = framed(Axis(x.scale, x.title), Axis(y.scale, y.title), Box(0, 0, WIDTH, _HEIGHT))
    told = sentences(
        f"{results.main.metric} over {x.title} and {y.title}, smoothed; a dot is a trial, its shade its own value. "
        "Where no trial is near, the map is empty.",
        results.beyond,
        trials.told,
    )
    dots = [_dot(results, frame, (x, y), trial) for trial in reversed(trials.kept)]
    parts = [*frame.surround(), *_map(results, frame, (x, y), trials.kept), *dots, *value_ramp(results, 0, _HEIGHT + 8)]
    return Chart("contours", f"{x.title} and {y.title}", told, drawing(parts, told, _HEIGHT + 28))


def _differs(results: Results, dimension: Dimension) -> bool:
    return len({trial.values[dimension.name] for trial in dimension.active(results.ranked)}) > 1


def _both(results: Results, pair: Sequence[Dimension]) -> list[TrialRecord]:
    known = [trial for trial in results.ranked if results.value(trial) is not None]
    return [trial for trial in known if all(each.name in trial.values for each in pair)]


def _dot(results: Results, frame: Frame, pair: Sequence[Dimension], trial: TrialRecord) -> Element:
    at = frame.at(trial.values[pair[0].name], trial.values[pair[1].name])
    values = ", ".join(f"{each.title} {four_digits(_number(trial, each))}" for each in pair)
    told = f"{results.told(trial)}; {values}"
    is_best = trial is results.best
    kind = "best ringed" if is_best else f"{shade_of(results, results.value(trial) or 0.0)} ringed"
    return dot(at, 5 if is_best else 3.5, kind, told, trial.number)


def _number(trial: TrialRecord, dimension: Dimension) -> float:
    return float(trial.values[dimension.name] or 0.0)


def _map(results: Results, frame: Frame, pair: Sequence[Dimension], trials: Sequence[TrialRecord]) -> Iterable[Element]:
    """A cell for each place that is near a trial; neighbours of one shade in a row are one mark."""
    wide, high = frame.plot.width / _ACROSS, frame.plot.height / _UPWARD
    for row, shades in enumerate(_shades(results, pair, trials)):
        start = 0
        for column in range(1, _ACROSS + 1):
            if column == _ACROSS or shades[column] != shades[start]:
                if shades[start]:
                    left, top = frame.plot.left + start * wide, frame.plot.bottom - (row + 1) * high
                    yield bar(left, top, (column - start) * wide + 0.3, high + 0.3, shades[start])
                start = column


def _shades(results: Results, pair: Sequence[Dimension], trials: Sequence[TrialRecord]) -> list[list[str]]:
    """The class of each cell, in rows from below; empty far from any trial."""
    places = np.array([[each.scale.share(trial.values[each.name]) for each in pair] for trial in trials])
    ends = results.scale.low, results.scale.high
    values = np.clip([results.value(trial) or 0.0 for trial in trials], *ends)
    means, near = smoothed(places, values)
    return [
        [shade_of(results, mean) if weight > _LEAST_WEIGHT else "" for mean, weight in zip(*row, strict=True)]
        for row in zip(means.tolist(), near.tolist(), strict=True)
    ]


def smoothed(
    places: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean of the values around each cell, weighted by nearness, and how near the nearest is.

    Nadaraya, "On Estimating Regression", 1964, with a normal kernel.

    Args:
        places: shape (trials, 2), from 0 to 1.
        values: shape (trials,).

    Returns:
        Two arrays of the shape (24, 40), from the low ends up; nearness is 1 at a trial.
    """
    across = np.exp(-((((np.arange(_ACROSS) + 0.5) / _ACROSS)[:, None] - places[:, 0]) ** 2) / (2 * _REACH**2))
    upward = np.exp(-((((np.arange(_UPWARD) + 0.5) / _UPWARD)[:, None] - places[:, 1]) ** 2) / (2 * _REACH**2))
    weights = upward @ across.T
    near = np.max(upward[:, None, :] * across[None, :, :], axis=2)
    return (upward * values) @ across.T / np.maximum(weights, 1e-300), near
