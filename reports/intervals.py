"""How sure a trial's score is: its 95 % interval, for the few images or for the few folds that it was measured on."""

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from cnnsearch.reports.scores import accuracy_interval
from cnnsearch.search.records import TrialRecord


@dataclass(frozen=True)
class Interval:
    """From where to where a score may lie, with 95 % confidence.

    Attributes:
        low, high: its ends.
        of: what it allows for: that the `images` are few, or that the `folds` are.
    """

    low: float
    high: float
    of: Literal["images", "folds"]


def folds_error(scores: tuple[float, ...]) -> float | None:
    """Half of the 95 % interval of a mean over the folds of one cross-validation; None under two folds.

    Folds share most of their training images, so they differ less than independent draws would: the variance is that
    of C. Nadeau and Y. Bengio, Inference for the generalization error, Machine Learning 52, 2003.
    """
    count = len(scores)
    if count < 2:
        return None
    from scipy.special import stdtrit

    return float(stdtrit(count - 1, 0.975)) * stdev(scores) * math.sqrt(1 / count + 1 / (count - 1))


def score_interval(trial: TrialRecord, metric: str, images: int | None) -> Interval | None:
    """The interval of a trial's score: over its folds, else of an accuracy on so many images; None where nothing gives
    one."""
    is_share = metric == "val_accuracy"
    if trial.score is None:
        return None
    if (error := folds_error(trial.fold_scores)) is not None:
        mean = fmean(trial.fold_scores)
        low, high = mean - error, mean + error
        return Interval(max(low, 0.0), min(high, 1.0), "folds") if is_share else Interval(low, high, "folds")
    if not images or not is_share or not 0 <= trial.score <= 1:
        return None
    return Interval(*accuracy_interval(round(trial.score * images), images), "images")
