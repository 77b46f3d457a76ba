"""Curves and figures of probabilities: ROC, precision and recall, calibration, in few lines of NumPy.

scikit-learn takes a second to import; the tests compare every figure with its.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
BINS = 15
"""Of equal width: as in C. Guo et al., On calibration of modern neural networks, ICML 2017, arXiv:1706.04599."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Points of a curve, and the one number that stands for it.

    Attributes:
        x, y: (points,), each from 0 to 1; x never falls.
        area: AUC of a ROC curve, average precision of a precision-recall curve.
    """

    x: Numbers
    y: Numbers
    area: float


def roc(positive: Flags, scores: Numbers) -> Curve | None:
    """The share of positives found (y) over the share of negatives taken for positives (x), at each threshold.

    None where all are positive, or none is. Both arguments are (images,).
    """
    found, taken = _counts(positive, scores)
    if not len(found) or not found[-1] or found[-1] == taken[-1]:
        return None
    missed = taken - found
    x, y = np.append(0.0, missed / missed[-1]), np.append(0.0, found / found[-1])
    return Curve(x, y, float(np.trapezoid(y, x)))


def precision_recall(positive: Flags, scores: Numbers) -> Curve | None:
    """Precision (y) over recall (x), at each threshold, the highest first; its area is the average precision.

    None without any positive. The average precision is the mean of the precisions, each counted by how much the recall
    grows there, without interpolation.
    """
    found, taken = _counts(positive, scores)
    if not len(found) or not found[-1]:
        return None
    precision, recall = found / taken, found / found[-1]
    area = float(np.sum(np.diff(recall, prepend=0.0) * precision))
    return Curve(np.append(0.0, recall), np.append(precision[0], precision), area)


def _counts(positive: Flags, scores: Numbers) -> tuple[Numbers, Numbers]:
    """At each threshold, from the highest on: how many positives are found, and how many images are taken for some."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # of those with equal scores
    return np.cumsum(positive[order])[last].astype(np.float64), (last + 1).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Calibration:
    """How sure a model is, and how often it is right when it is so sure.

    Attributes:
        images: how many fall into each bin, (bins,).
        confidence: their mean probability of what is predicted, (bins,); NaN in an empty bin.
        accuracy: the share of them that is right, (bins,); NaN in an empty bin.
        error: the expected calibration error: the mean distance between both, each bin counted by its images.
    """

    images: NDArray[np.int64]
    confidence: Numbers
    accuracy: Numbers
    error: float


def calibration(right: Flags, confidence: Numbers, bins: int = BINS) -> Calibration:
    """The calibration of at least one answer; both arguments are (images,).

    Bins have equal widths from 0 to 1, each without its lower edge and with its upper one.

    Raises:
        ValueError: there is none.
    """
    if not len(right):
        raise ValueError("a calibration needs at least one image, got 0")
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    images = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(place, confidence, bins) / images
        accuracy = np.bincount(place, right, bins) / images
    error = float(np.nansum(images * np.abs(mean - accuracy)) / len(right))
    return Calibration(images, mean, accuracy, error)


def mean_curve(curves: list[Curve], points: int = 201) -> Curve:
    """The mean of curves at equal distances of x; its area is the mean of theirs (macro average)."""
    x = np.linspace(0.0, 1.0, points)
    y = np.mean([_at(curve, x) for curve in curves], axis=0)
    return Curve(x, y, float(np.mean([curve.area for curve in curves])))


def _at(curve: Curve, x: Numbers) -> Numbers:
    """A curve's height at each x; where it is upright, its top."""
    keep = np.append(np.diff(curve.x) > 0, True)
    heights: Numbers = np.interp(x, curve.x[keep], curve.y[keep])
    return heights


def shortened(curve: Curve, most: int = 400) -> Curve:
    """The same with at most so many points, its ends among them, for a drawing."""
    if len(curve.x) <= most:
        return curve
    kept = np.unique(np.linspace(0, len(curve.x) - 1, most).round().astype(int))
    return Curve(curve.x[kept], curve.y[kept], curve.area)
