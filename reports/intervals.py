"""How sure a score is: the 95 % intervals of an accuracy and of a mean over folds, in plain arithmetic."""

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from cnnsearch.search.records import TrialRecord

_NORMAL = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


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


def accuracy_interval(correct: float, total: int) -> tuple[float, float]:
    """The 95 % interval (low, high) of an accuracy on so many images: E. B. Wilson, Probable inference, JASA 22, 1927.

    Raises:
        ValueError: there is no image, or more are correct than there are.
    """
    if total < 1 or not 0 <= correct <= total:
        raise ValueError(
            f"an interval needs at least one image and no more correct than there are, got {correct} of {total}"
        )
    share, square = correct / total, _NORMAL**2
    middle = share + square / (2 * total)
    half = _NORMAL * math.sqrt(share * (1 - share) / total + square / (4 * total**2))
    low, high = (middle - half) / (1 + square / total), (middle + half) / (1 + square / total)
    return (0.0 if correct == 0 else low), (1.0 if correct == total else high)


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
    return Interval(*accuracy_interval(trial.score * images, images), "images")
