"""What a trial's epochs amount to: its best epoch and its score; over folds, the mean of each fold's best value."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from cnnsearch.search.records import PHASE, Epoch, FoldScore, Objective, TrialRecord


@dataclass(frozen=True)
class Outcome:
    """A trial's score.

    Attributes:
        score: the best value of the objective; over folds the mean of each fold's best value.
        best_epoch: the number of the epoch with it; over folds that of the first fold, whose model is kept.
        folds: the best epoch of each fold; none where there are no folds.
    """

    score: float
    best_epoch: int
    folds: tuple[FoldScore, ...] = ()


def outcome_of(epochs: Sequence[Epoch], objective: Objective) -> Outcome | None:
    """What epochs amount to; None where none of them has a finite value of the objective.

    A fold that has not begun, since the trial was pruned or the time was up, does not count.
    """
    ordered = sorted(epochs, key=lambda epoch: (epoch.fold or 0, epoch.number))
    found = [(fold, best_epoch(tuple(group), objective)) for fold, group in groupby(ordered, lambda e: e.fold)]
    best = [(fold, epoch) for fold, epoch in found if epoch is not None]
    if not best:
        return None
    folds = tuple(FoldScore(fold, e.number, e.metrics[objective.metric]) for fold, e in best if fold is not None)
    return Outcome(fmean(epoch.metrics[objective.metric] for _, epoch in best), best[0][1].number, folds)


def best_epoch(epochs: Sequence[Epoch], objective: Objective) -> Epoch | None:
    """The epoch with the best finite objective, the first of them where several are alike."""
    best: Epoch | None = None
    for epoch in epochs:
        score = epoch.metrics.get(objective.metric)
        if score is None or not math.isfinite(score):
            continue
        if objective.better(score, best.metrics[objective.metric] if best else None):
            best = epoch
    return best


def phases_to_best(trial: TrialRecord, objective: Objective) -> tuple[int, ...]:
    """How many epochs of each phase led to a trial's model, with folds in the first one, whose model is kept.

    A phase begins with the best weights of the one before, so of that only the epochs up to its best one count. Where
    the first phase was the best, the second counts none. Empty where there is one phase only.
    """
    epochs = [epoch for epoch in trial.epochs if epoch.fold in (None, 1)]
    first = [epoch for epoch in epochs if epoch.metrics.get(PHASE) == 1]
    best, head = best_epoch(epochs, objective), best_epoch(first, objective)
    if best is None or head is None:
        return ()
    return head.number, max(0, best.number - len(first))
