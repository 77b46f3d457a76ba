"""How good a model is on a part it was not trained on: scores with a 95 % interval, and scores of each class."""

import math
from statistics import NormalDist, fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.predictions import Predictions

_NORMAL = NormalDist().inv_cdf(0.975)
"""Standard deviations on either side of the middle of a 95 % interval."""


def accuracy_interval(correct: int, total: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy (low, high): E. B. Wilson, Probable inference, JASA 22, 1927.

    Raises:
        ValueError: there is no image, or more are correct than there are.
    """
    if total < 1:
        raise ValueError(f"an interval needs at least one image, got {total}")
    if not 0 <= correct <= total:
        raise ValueError(f"of {total} images at most all are correct, got {correct}")
    share, spread = correct / total, _NORMAL**2 / total
    middle = (share + spread / 2) / (1 + spread)
    half = _NORMAL * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return (0.0 if correct == 0 else middle - half), (1.0 if correct == total else middle + half)


def part_scores(predictions: Predictions, part: str) -> dict[str, Any] | None:
    """A part's scores as JSON values; None where the part has no images.

    `accuracy` with its 95 % `interval`, `loss` (mean log loss in nats), `macro_f1` (mean over the classes that occur),
    `images`, and for each class `precision`, `recall`, `f1` and `images`. A precision without any prediction of the
    class, and a recall without any image of it, is null.
    """
    rows = predictions.of(part)
    if not len(rows):
        return None
    correct = int((rows.labels == rows.predicted).sum())
    classes = _class_scores(rows)
    occurring = [scores["f1"] for scores in classes.values() if scores["f1"] is not None]
    return {
        "accuracy": correct / len(rows),
        "interval": list(accuracy_interval(correct, len(rows))),
        "loss": log_loss(rows.labels, rows.probabilities),
        "macro_f1": fmean(occurring),
        "images": len(rows),
        "classes": classes,
    }


def log_loss(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """The mean negative log probability of the true class in nats.

    Sigmoid outputs need not sum to one: each row is brought to a sum of one first, as Keras' crossentropy does.
    """
    clipped = np.clip(probabilities, 1e-7, 1.0)
    shares = clipped / clipped.sum(axis=1, keepdims=True)
    return float(-np.log(np.take_along_axis(shares, labels[:, None], axis=1)).mean())


def _class_scores(rows: Predictions) -> dict[str, dict[str, float | int | None]]:
    count = len(rows.classes)
    images, taken = np.bincount(rows.labels, minlength=count), np.bincount(rows.predicted, minlength=count)
    right = np.bincount(rows.labels[rows.labels == rows.predicted], minlength=count)
    return {
        name: {
            "precision": _share(right[k], taken[k]),
            "recall": _share(right[k], images[k]),
            "f1": _share(2 * right[k], images[k] + taken[k]),
            "images": int(images[k]),
        }
        for k, name in enumerate(rows.classes)
    }


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None
