"""From the times of a few models to those of a whole search: plain values in, ranges of seconds out.

Nobody knows such numbers exactly beforehand. Each estimate is a range, and says what it takes for granted.
"""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from cnnsearch.search.engine.samplers import REDUCTION, STARTUP, first_look

_LEAST_ERROR = 0.3
"""What two timings of the same model on a shared machine easily differ by."""
_LONE_ERROR = 0.5
"""What a cost model that was fitted to one model only may be wrong by on others."""
_MANY = 1000
_SEARCHES = 200
"""Searches that are played through to see how much chance moves their length."""


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both in the same unit."""

    low: float
    high: float


@dataclass(frozen=True)
class Load:
    """The work in one model's epochs.

    Attributes:
        training_flops: of one image in a training step.
        flops: of one image forward.
        trainable: weights that each step moves.
        batch_size: images in a training step.
        train: training images in an epoch.
        validation: validation images in an epoch.
        validation_batch: images in a batch of them.
        epochs: that a training makes at most.
        folds: how many trainings a trial is.
    """

    training_flops: float
    flops: float
    trainable: int
    batch_size: int
    train: int
    validation: int
    validation_batch: int
    epochs: int
    folds: int = 1

    @property
    def steps(self) -> int:
        """Training steps in an epoch."""
        return -(-self.train // self.batch_size)

    @property
    def looks(self) -> int:
        """Validation batches in an epoch."""
        return -(-self.validation // self.validation_batch)


@dataclass(frozen=True)
class Pace:
    """A measured model: seconds of its start, of a step and of a validation image, and of an epoch made of them."""

    load: Load
    start: float
    step: float
    forward: float
    epoch: float


def epoch_seconds(load: Load, step: float, forward: float) -> float:
    """An epoch from one training step's seconds and one validation image's."""
    return load.steps * step + load.validation * forward


@dataclass(frozen=True)
class Cost:
    """Seconds by work; none of them is below 0, so more work never takes less time.

    Attributes:
        step: of any step, however small.
        flop: of a training FLOP.
        weight: of a weight that a step moves.
        forward: of a FLOP on validation images.
        start: before a trial's first epoch.
        error: the share by which an estimate may be wrong.
    """

    step: float
    flop: float
    weight: float
    forward: float
    start: float
    error: float = 0.0

    def epoch(self, load: Load) -> float:
        """Seconds of one epoch with its validation."""
        step = self.step + self.flop * load.training_flops * load.batch_size + self.weight * load.trainable
        return load.steps * step + load.looks * self.step + self.forward * load.flops * load.validation

    def trial(self, load: Load, share: float = 1.0) -> float:
        """Seconds of a trial that makes this share of its epochs; every fold starts anew."""
        return max(1.0, share * load.folds) * self.start + share * load.folds * load.epochs * self.epoch(load)


def fit(paces: Sequence[Pace], *, only: bool = False) -> Cost:
    """The cost model that is relatively nearest to the measured models.

    Args:
        only: whether nothing but the measured models is to be estimated.

    Raises:
        ValueError: nothing was measured.
    """
    if not paces:
        raise ValueError("a cost model is fitted to one measured model or more, got none")
    step, flop, weight = _coefficients(paces)
    forward = statistics.median(max(0.0, p.forward - step / p.load.validation_batch) / p.load.flops for p in paces)
    rough = Cost(step, flop, weight, forward, statistics.median(p.start for p in paces))
    # What belongs to an epoch and to no step, such as its beginning and its end, goes into all of it.
    logs = [math.log(p.epoch / rough.epoch(p.load)) for p in paces]
    middle = statistics.fmean(logs)
    least = _LEAST_ERROR if only or len(paces) > 1 else _LONE_ERROR
    error = max(least, math.expm1(statistics.pstdev(logs)))
    factor = math.exp(middle)
    return Cost(step * factor, flop * factor, weight * factor, forward * factor, rough.start, error)


def _coefficients(paces: Sequence[Pace]) -> tuple[float, float, float]:
    """Seconds of a step, of a training FLOP and of a trained weight, by least squares with nothing below 0."""
    if len(paces) == 1:  # one number cannot tell the three apart
        load = paces[0].load
        return 0.0, paces[0].step / (load.training_flops * load.batch_size), 0.0
    # Each row is divided by the time it stands for, so that a fast model counts as much as a slow one.
    rows = [(1 / p.step, p.load.training_flops * p.load.batch_size / p.step, p.load.trainable / p.step) for p in paces]
    table = np.array(rows)
    scale = table.max(axis=0)  # seconds of a FLOP and of a step are far apart
    scale[scale == 0] = 1.0
    step, flop, weight = nnls(table / scale, np.ones(len(paces)))[0] / scale
    return float(step), float(flop), float(weight)


def kept_share(pruner: str, epochs: int, trials: int, folds: int = 1) -> float:
    """The share of all epochs that trials make under a pruner, if as many of them pass each look as it is meant to.

    `asha` lets one in three pass at each look, and always one; `median` ends every second one at its first look, after
    five whole trials. What else is pruned is not counted. All looks are in the first fold: who passes makes the others.
    """
    if folds > 1:
        return (kept_share(pruner, epochs, trials) + (folds - 1) * _survivors(pruner, epochs, trials)) / folds
    first = min(first_look(epochs), epochs)
    if pruner == "asha":
        return _halving(first, epochs, trials) / epochs
    if pruner == "median":
        whole = min(STARTUP, trials)
        return (whole * epochs + (trials - whole) * (epochs + first) / 2) / (trials * epochs)
    return 1.0


def _survivors(pruner: str, epochs: int, trials: int) -> float:
    """The share of trials that a pruner lets make all of their epochs."""
    first = min(first_look(epochs), epochs)
    if first == epochs or pruner not in ("asha", "median"):
        return 1.0
    if pruner == "median":
        whole = min(STARTUP, trials)
        return (whole + (trials - whole) / 2) / trials
    share, look = 1.0, first
    while look < epochs:
        share, look = max(share / REDUCTION, 1 / trials), min(look * REDUCTION, epochs)
    return share


def _halving(first: int, epochs: int, trials: int) -> float:
    """Epochs of a trial in the mean under successive halving."""
    mean, share, look = float(first), 1.0, first
    while look < epochs:
        share = max(share / REDUCTION, 1 / trials)
        following = min(look * REDUCTION, epochs)
        mean += share * (following - look)
        look = following
    return mean


def search_seconds(seconds: Sequence[float], trials: int, slots: int, error: float) -> Range:
    """How long a search of so many trials takes on so many slots, if its trials are like these.

    Nine of ten searches by chance lie within it, widened by the error either way.
    """
    source = random.Random(0)
    low, high = _nine_of_ten([_length(source.choices(seconds, k=trials), slots) for _ in range(_SEARCHES)])
    return Range(low / (1 + error), high * (1 + error))


def trials_within(limit: float, seconds: Sequence[float], slots: int, error: float) -> Range:
    """How many trials like these nine of ten searches make within a time limit, the error taken either way.

    A search makes one trial on each slot, however short its time is.
    """
    source = random.Random(0)
    slow, _ = _nine_of_ten([_count(seconds, limit * slots / (1 + error), source) for _ in range(_SEARCHES)])
    _, quick = _nine_of_ten([_count(seconds, limit * slots * (1 + error), source) for _ in range(_SEARCHES)])
    return Range(max(slots, slow), max(slots, quick))


def _nine_of_ten(found: list[float]) -> tuple[float, float]:
    found.sort()
    return found[len(found) // 20], found[-1 - len(found) // 20]


def _length(seconds: Sequence[float], slots: int) -> float:
    """Trials run side by side: no search is shorter than its longest trial."""
    return max(sum(seconds) / slots, *seconds)


def _count(seconds: Sequence[float], limit: float, source: random.Random) -> float:
    """How many trials drawn one after the other end within the limit."""
    mean = statistics.fmean(seconds)
    if limit > _MANY * mean:  # where so many fit, chance evens out
        return limit // mean
    spent, count = source.choice(seconds), 0
    while spent <= limit:
        spent, count = spent + source.choice(seconds), count + 1
    return count
