"""The learning curves of all trials: pruned ones pale, failed ones ending in a cross, the best strong and on top."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Frame, Key, drawing, framed, legend
from cnnsearch.reports.charts.marks import Point, cross, dot, pieces
from cnnsearch.reports.charts.numerals import four_digits
from cnnsearch.reports.charts.results import Results, beyond_told, kind_of, scale_of, sentences, status_keys
from cnnsearch.reports.charts.scales import linear_over
from cnnsearch.reports.charts.thinning import MOST_LINES, thinned
from cnnsearch.reports.markup import Element
from cnnsearch.reports.wording import counted
from cnnsearch.search.records import PHASE, Status, TrialRecord

_HEIGHT = 360.0
_MANY = 60
"""More curves than these would be one surface: they are drawn paler."""


@dataclass(frozen=True)
class Curve:
    """The learning curve of a trial.

    Attributes:
        trial: whose it is.
        parts: what is drawn in one go, of (epoch, value): one for each fold and rung, and a new one after an epoch
            without a finite value. The epochs of a later rung follow those of the earlier one.
        turns: the first epochs of later phases, with their phase.
    """

    trial: TrialRecord
    parts: tuple[tuple[Point, ...], ...]
    turns: tuple[tuple[Point, int], ...] = ()


def curve_of(trial: TrialRecord, metric: str) -> Curve:
    """The learning curve of a trial in one metric."""
    parts: list[tuple[Point, ...]] = []
    turns: list[tuple[Point, int]] = []
    before, reached, phase, rung = 0, 0, 1.0, None
    for _, epochs in groupby(trial.epochs, key=lambda epoch: (epoch.rung, epoch.fold)):
        members = list(epochs)
        if members[0].rung != rung:
            before, rung = reached, members[0].rung
        points = [(before + epoch.number, epoch.metrics.get(metric, math.nan)) for epoch in members]
        parts += _whole(points)
        for point, epoch in zip(points, members, strict=True):
            if (own := epoch.metrics.get(PHASE, 1.0)) > phase and math.isfinite(point[1]):
                turns.append((point, int(own)))
                phase = own
        reached = max(reached, before + members[-1].number)
    return Curve(trial, tuple(parts), tuple(turns))


def _whole(points: Iterable[Point]) -> list[tuple[Point, ...]]:
    """The pieces of a curve between what has no finite value."""
    cut = groupby(points, key=lambda point: math.isfinite(point[1]))
    return [tuple(part) for is_finite, part in cut if is_finite]


def learning_curves(results: Results) -> Chart | None:
    """The curves of the metric that decides which epoch counts; None where no trial has an epoch of it."""
    objective = results.objectives.epoch
    ranked = {trial.number: None for trial in results.ranked}
    others = [trial for trial in results.trials if trial.number not in ranked and trial.epochs]
    shown = thinned([*results.ranked, *others], MOST_LINES)
    curves = [curve for trial in shown.kept if (curve := curve_of(trial, objective.metric)).parts]
    if not curves:
        return None
    values = [value for curve in curves for part in curve.parts for _, value in part]
    last = max(part[-1][0] for curve in curves for part in curve.parts)
    scale = scale_of(values, objective)
    frame = framed(
        Axis(linear_over((1, last), margin=0.01, whole=True), "epoch"),
        Axis(scale, objective.metric),
        Box(0, 0, WIDTH, _HEIGHT),
    )
    beyond = sum(not scale.low <= value <= scale.high for value in values)
    told = sentences(_told(results, curves), beyond_told(beyond), shown.told)
    keys, high = legend(_keys(results, curves), frame.plot.left, _HEIGHT + 6, frame.plot.width)
    kind = " crowded" if len(curves) > _MANY else ""
    drawn = [mark for curve in reversed(curves) for mark in _marks(results, frame, curve, kind)]
    return Chart(
        "learning_curves",
        "Learning curves",
        told,
        drawing([*frame.surround(), *drawn, *keys], told, _HEIGHT + high + 6),
    )


def _told(results: Results, curves: Sequence[Curve]) -> str:
    best, metric, trials = results.best, results.objectives.epoch.metric, counted(len(curves), "trial")
    if best is None or best.score is None:
        return f"{metric} after each epoch of {trials}, none of which has a score."
    where = f" in epoch {best.best_epoch}" if best.best_epoch is not None and best.rung is None else ""
    reached = f"Trial {best.number}, the best, reached {four_digits(best.score)}{where}."
    return f"{metric} after each epoch of {trials}. {reached}"


def _keys(results: Results, curves: Sequence[Curve]) -> list[Key]:
    best = [Key("best", f"trial {results.best.number}, the best")] if results.best else []
    return [*best, *status_keys(curve.trial for curve in curves if curve.trial is not results.best)]


def _marks(results: Results, frame: Frame, curve: Curve, more: str) -> Iterable[Element]:
    trial = curve.trial
    is_best = trial is results.best
    kind = "best strong" if is_best else f"{kind_of(trial.status)} thin{more}"
    placed = [[frame.at(*point) for point in part] for part in curve.parts]
    told = f"{results.told(trial)}, {counted(len(trial.epochs), 'epoch')}"
    yield pieces(placed, kind, told, trial.number)
    if trial.status is Status.FAILED:
        yield cross(placed[-1][-1], 3.5, "failed", f"{told}: {trial.reason}", trial.number)
    for point, phase in curve.turns if is_best else ():
        yield dot(frame.at(*point), 4, "best ringed", f"trial {trial.number}: phase {phase} begins", trial.number)
