"""From the times of a few models to those of a whole search: plain values in, ranges of seconds out.

Nobody knows such numbers exactly beforehand. Each estimate is a range, and says what it takes for granted.
"""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean, median, pstdev

import numpy as np
from scipy.optimize import nnls

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
    """The work in the epochs of one phase of a model's training.

    What its frozen part does is in it only where that runs in each step: on features that are kept, it does not.

    Attributes:
        training_flops: of one image in a training step.
        flops: of one view of a validation image.
        trainable: weights that each step moves.
        batch_size: images in a training step.
        train: training images in an epoch.
        validation: views of validation images in an epoch.
        validation_batch: views in a batch of them.
        epochs: that the phase makes at most.
        folds: how many trainings a trial is.
        kind: what loads have in common that run at one pace, such as `vgg16 from block5_conv1`.
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
    kind: str = ""

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
    """A measured phase: seconds of its start, of a step, of a view of a validation image, and of an epoch of them."""

    load: Load
    start: float
    step: float
    forward: float
    epoch: float


def epoch_seconds(load: Load, step: float, forward: float) -> float:
    """An epoch from the seconds of one training step and of one view of a validation image."""
    return load.steps * step + load.validation * forward


@dataclass(frozen=True)
class Cost:
    """Seconds by work; none of them is below 0, so more work never takes less time.

    Attributes:
        step: of any step, however small.
        flop: of a training FLOP.
        weight: of a weight that a step moves.
        forward: of a FLOP on validation images.
        start: before the first epoch of a phase.
        paces: for each kind of load that was measured, how much longer it takes than these numbers say.
        error: the share by which an estimate may be wrong.
    """

    step: float
    flop: float
    weight: float
    forward: float
    start: float
    paces: Mapping[str, float] = field(default_factory=dict)
    error: float = 0.0

    def epoch(self, load: Load) -> float:
        """Seconds of one epoch with its validation."""
        step = self.step + self.flop * load.training_flops * load.batch_size + self.weight * load.trainable
        seconds = load.steps * step + load.looks * self.step + self.forward * load.flops * load.validation
        return seconds * self.paces.get(load.kind, 1.0)

    def trial(self, loads: Sequence[Load], shares: Sequence[float] | None = None) -> float:
        """Seconds of a trial of these phases; every fold and every phase starts anew.

        Args:
            loads: of its phases, in their order.
            shares: for each epoch of all phases, how many of a hundred such trials make it, as a share of 1; None for
                all of them.
        """
        seconds, begun = 0.0, 0
        for load in loads:
            made = [1.0] * load.epochs if shares is None else shares[begun : begun + load.epochs]
            seconds += load.folds * (made[0] * self.start + sum(made) * self.epoch(load))
            begun += load.epochs
        return seconds


@dataclass(frozen=True)
class TrialTime:
    """How long one trial takes.

    Attributes:
        seconds: of itself.
        features: seconds of what it shares with others by its key: only the first trial of a search that asks for it
            takes them.
    """

    seconds: float
    features: Mapping[str, float] = field(default_factory=dict)


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
    forward = median(max(0.0, p.forward - step / p.load.validation_batch) / p.load.flops for p in paces)
    rough = Cost(step, flop, weight, forward, median(p.start for p in paces))
    # What belongs to an epoch and to no step, such as its beginning and its end, goes into all of it.
    factor = math.exp(fmean(math.log(p.epoch / rough.epoch(p.load)) for p in paces))
    even = Cost(step * factor, flop * factor, weight * factor, forward * factor, rough.start)
    kinds: dict[str, list[float]] = {}
    for p in paces:
        kinds.setdefault(p.load.kind, []).append(math.log(p.epoch / even.epoch(p.load)))
    least = _LEAST_ERROR if only or all(len(logs) > 1 for logs in kinds.values()) else _LONE_ERROR
    spread = pstdev(log - fmean(logs) for logs in kinds.values() for log in logs)
    found = {kind: math.exp(fmean(logs)) for kind, logs in kinds.items()}
    return replace(even, paces=found, error=max(least, math.expm1(spread)))


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


def search_seconds(drawn: Sequence[TrialTime], trials: int, slots: int, error: float) -> Range:
    """How long a search of so many trials takes on so many slots, if its trials are like these.

    Nine of ten searches by chance lie within it, widened by the error either way.
    """
    source = random.Random(0)
    low, high = _nine_of_ten([_length(source.choices(drawn, k=trials), slots) for _ in range(_SEARCHES)])
    return Range(low / (1 + error), high * (1 + error))


def trials_within(limit: float, drawn: Sequence[TrialTime], slots: int, error: float) -> Range:
    """How many trials like these nine of ten searches make within a time limit, the error taken either way.

    A search makes one trial on each slot, however short its time is.
    """
    source = random.Random(0)
    slow, _ = _nine_of_ten([_count(drawn, limit / (1 + error), slots, source) for _ in range(_SEARCHES)])
    _, quick = _nine_of_ten([_count(drawn, limit * (1 + error), slots, source) for _ in range(_SEARCHES)])
    return Range(max(slots, slow), max(slots, quick))


def _nine_of_ten(found: list[float]) -> tuple[float, float]:
    found.sort()
    return found[len(found) // 20], found[-1 - len(found) // 20]


def made_by(trials: Iterable[TrialTime]) -> dict[str, float]:
    """Seconds of all features that these trials share, by their keys."""
    return {key: seconds for trial in trials for key, seconds in trial.features.items()}


def _length(trials: Sequence[TrialTime], slots: int) -> float:
    """Trials run side by side, while those that want the same features wait for the one that makes them.

    No search is shorter than its longest trial.
    """
    seconds = [trial.seconds for trial in trials]
    return sum(made_by(trials).values()) + max(sum(seconds) / slots, *seconds)


def _count(drawn: Sequence[TrialTime], limit: float, slots: int, source: random.Random) -> float:
    """How many trials drawn one after the other end within the limit."""
    mean = fmean(trial.seconds for trial in drawn) / slots
    if limit > _MANY * mean:  # where so many fit, chance evens out
        return max(0.0, limit - sum(made_by(drawn).values())) // mean
    spent, count, made = 0.0, -1, set[str]()
    while spent <= limit:
        trial = source.choice(drawn)
        spent += trial.seconds / slots + sum(s for key, s in trial.features.items() if key not in made)
        made.update(trial.features)
        count += 1
    return count
