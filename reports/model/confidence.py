"""How sure a model is and how often it is right then: reliability diagram, and the photos by confidence."""

from collections.abc import Iterator

import numpy as np

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.frame import WIDTH, Axis, Box, Frame, Key, drawing, framed, legend
from cnnsearch.reports.charts.marks import bar, line
from cnnsearch.reports.charts.scales import Linear, linear_over
from cnnsearch.reports.markup import Element
from cnnsearch.reports.model.curves import BINS, Calibration, Flags, Numbers, calibration
from cnnsearch.reports.predictions import Predictions

_HEIGHT = 320.0
_HISTOGRAM_BINS = 20
_SURE = 0.9


def answers(rows: Predictions) -> tuple[Flags, Numbers]:
    """Whether each answer is right, and its probability as a share of all classes, each (images,).

    Sigmoid outputs of several classes need not sum to one.
    """
    places = np.arange(len(rows))
    total = rows.probabilities.sum(axis=1)
    confidence = rows.probabilities[places, rows.predicted] / np.where(total > 0, total, 1.0)
    return rows.labels == rows.predicted, np.clip(confidence, 0.0, 1.0)


def reliability_chart(rows: Predictions) -> Chart:
    """How often answers of a confidence are right, in 15 bins; the nearer to the diagonal, the better calibrated."""
    found = calibration(*answers(rows))
    told = _told(found, len(rows))
    x, y = Axis(Linear(0, 1), "probability of the answer"), Axis(Linear(0, 1), "share that is right")
    keys = [
        Key("completed", "right"),
        Key("completed faint", "right beyond the probability"),
        Key("failed faint", "missing to the probability"),
    ]
    named, high = legend(keys, 50, _HEIGHT + 6, WIDTH - 60)
    frame = framed(x, y, Box(0, 0, WIDTH, _HEIGHT))
    diagonal = line([frame.at(0, 0), frame.at(1, 1)], "dim dashed", "as often right as sure")
    parts = [*frame.surround(), *_bins(frame, found), diagonal, *named]
    return Chart("calibration", "Is it as often right as it is sure?", told, drawing(parts, told, _HEIGHT + 6 + high))


def _told(found: Calibration, images: int) -> str:
    full = found.images > 0
    over = float(np.sum(found.images[full] * (found.confidence - found.accuracy)[full])) / images
    tendency = "more sure than right" if over > 0 else "less sure than right"
    return (
        f"Expected calibration error {found.error:.4f} ({BINS} bins, {images:,} images): so far on average the "
        f"probability of an answer is from how often such answers are right; on the whole it is {tendency} by "
        f"{abs(over):.4f}."
    )


def _bins(frame: Frame, found: Calibration) -> Iterator[Element]:
    wide = frame.plot.width / BINS
    for k in np.flatnonzero(found.images).tolist():
        left, sure, right = frame.plot.left + k * wide, float(found.confidence[k]), float(found.accuracy[k])
        told = f"{found.images[k]:,} images, {sure:.1%} sure, {right:.1%} right"
        low, high = frame.y_at(min(sure, right)), frame.y_at(max(sure, right))
        yield bar(left + 1, low, wide - 2, frame.plot.bottom - low, "completed", told)
        yield bar(left + 1, high, wide - 2, low - high, "failed faint" if sure > right else "completed faint", told)


def confidence_chart(rows: Predictions) -> Chart:
    """How many photos have an answer of which probability, the right and the wrong ones."""
    right, confidence = answers(rows)
    edges = np.linspace(0, 1, _HISTOGRAM_BINS + 1)
    rights, _ = np.histogram(confidence[right], edges)
    wrongs, _ = np.histogram(confidence[~right], edges)
    sure = confidence >= _SURE
    told = (
        f"{int(sure.sum()):,} of {len(rows):,} answers have a probability of {_SURE:.0%} or more; "
        f"{int((sure & ~right).sum()):,} of these are wrong."
    )
    y = Axis(linear_over([0, *(rights + wrongs).tolist()], least=0, whole=True), "images")
    frame = framed(Axis(Linear(0, 1), "probability of the answer"), y, Box(0, 0, WIDTH, _HEIGHT))
    named, high = legend([Key("completed", "right"), Key("failed", "wrong")], 50, _HEIGHT + 6, WIDTH - 60)
    wide, bars = frame.plot.width / _HISTOGRAM_BINS, []
    for k, (good, bad) in enumerate(zip(rights.tolist(), wrongs.tolist(), strict=True)):
        left, label = frame.plot.left + k * wide, f"{edges[k]:.0%} to {edges[k + 1]:.0%}: {good} right, {bad} wrong"
        foot, middle, top = frame.plot.bottom, frame.y_at(bad), frame.y_at(good + bad)
        bars += [bar(left + 1, middle, wide - 2, foot - middle, "failed", label)] if bad else []
        bars += [bar(left + 1, top, wide - 2, middle - top, "completed", label)] if good else []
    parts = [*frame.surround(), *bars, *named]
    return Chart("confidence", "How sure it is", told, drawing(parts, told, _HEIGHT + 6 + high))
