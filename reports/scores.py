"""How good a model is on a part it was not trained on: scores with a 95 % interval, and scores of each class."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.intervals import accuracy_interval
from cnnsearch.reports.predictions import Predictions


def part_scores(predictions: Predictions, part: str) -> dict[str, Any] | None:
    """A part's scores as JSON values; None where the part has no images.

    `accuracy` with its 95 % `interval`, `loss` (mean log loss in nats), `macro_f1` (mean over the classes that occur),
    `images`, and for each class `precision`, `recall`, `f1` and `images`. A precision without any prediction of the
    class, and a recall without any image of it, is null.
    """
    from sklearn.metrics import f1_score

    rows = predictions.of(part)
    if not len(rows):
        return None
    correct = int((rows.labels == rows.predicted).sum())
    return {
        "accuracy": correct / len(rows),
        "interval": list(accuracy_interval(correct, len(rows))),
        "loss": log_loss(rows.labels, rows.probabilities),
        "macro_f1": float(f1_score(rows.labels, rows.predicted, average="macro", zero_division=0)),
        "images": len(rows),
        "classes": _class_scores(rows),
    }


def log_loss(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """The mean negative log probability of the true class in nats.

    Sigmoid outputs need not sum to one: each row is brought to a sum of one first, as Keras' crossentropy does.
    """
    from sklearn.metrics import log_loss as mean_log_loss

    count = probabilities.shape[1]
    clipped = np.clip(probabilities, 1e-7, 1.0)
    shares = clipped / clipped.sum(axis=1, keepdims=True)
    if count == 1:
        return 0.0
    return float(mean_log_loss(labels, shares, labels=list(range(count))))


def _class_scores(rows: Predictions) -> dict[str, dict[str, float | int | None]]:
    from sklearn.metrics import precision_recall_fscore_support

    indices = list(range(len(rows.classes)))
    precision, recall, f1, images = precision_recall_fscore_support(
        rows.labels, rows.predicted, labels=indices, zero_division=0
    )
    taken = np.bincount(rows.predicted, minlength=len(indices))
    return {
        name: {
            "precision": float(precision[k]) if taken[k] else None,
            "recall": float(recall[k]) if images[k] else None,
            "f1": float(f1[k]) if taken[k] or images[k] else None,
            "images": int(images[k]),
        }
        for k, name in enumerate(rows.classes)
    }
