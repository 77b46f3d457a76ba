"""What a trial's epochs amount to: its best epoch and its score; over folds, the mean of each fold's best value."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from cnnsearch.search.records import PHASE, Epoch, FoldScore, Objective, TrialRecord
from cnnsearch.spaces.rungs import Rung


@dataclass(frozen=True)
class Outcome:
    """A trial's score.

    Attributes:
        score: the best value of the objective; over folds the mean of each fold's best value.
        best_epoch: the number of the epoch with it; over folds that of the first fold, whose model is kept.
        folds: the best epoch of each fold; none where there are no folds.
        rung: the highest one reached, whose epochs alone count; None where there are no rungs.
    """

    score: float
    best_epoch: int
    folds: tuple[FoldScore, ...] = ()
    rung: Rung | None = None


def outcome_of(epochs: Sequence[Epoch], objective: Objective) -> Outcome | None:
    """What epochs amount to; None where none of them has a finite value of the objective.

    A fold that has not begun, since the trial was pruned or the time was up, does not count.
    """
    highest = max((epoch.rung for epoch in epochs if _has_value(epoch, objective)), key=_height, default=None)
    on_it = [epoch for epoch in epochs if epoch.rung == highest]
    ordered = sorted(on_it, key=lambda epoch: (epoch.fold or 0, epoch.number))
    found = [(fold, best_epoch(tuple(group), objective)) for fold, group in groupby(ordered, lambda e: e.fold)]
    best = [(fold, epoch) for fold, epoch in found if epoch is not None]
    if not best:
        return None
    folds = tuple(FoldScore(fold, e.number, e.metrics[objective.metric]) for fold, e in best if fold is not None)
    return Outcome(fmean(epoch.metrics[objective.metric] for _, epoch in best), best[0][1].number, folds, highest)


def _height(rung: Rung | None) -> int:
    return 0 if rung is None else rung.number


def _has_value(epoch: Epoch, objective: Objective) -> bool:
    return math.isfinite(epoch.metrics.get(objective.metric, math.nan))


def best_epoch(epochs: Sequence[Epoch], objective: Objective) -> Epoch | None:
    """The epoch with the best finite objective, the first of them where several are alike."""
    best: Epoch | None = None
    for epoch in epochs:
        if _has_value(epoch, objective) and _is_better(epoch, best, objective):
            best = epoch
    return best


def _is_better(epoch: Epoch, than: Epoch | None, objective: Objective) -> bool:
    metric = objective.metric
    return objective.better(epoch.metrics[metric], than.metrics[metric] if than else None)


def phases_to_best(trial: TrialRecord, objective: Objective) -> tuple[int, ...]:
    """How many epochs of each phase led to a trial's model, with folds in the first one, whose model is kept.

    A phase begins with the best weights of the one before, so of that only the epochs up to its best one count. Where
    the first phase was the best, the second counts none. Empty where there is one phase only.
    """
    epochs = [epoch for epoch in trial.epochs if epoch.rung == trial.rung and epoch.fold in (None, 1)]
    first = [epoch for epoch in epochs if epoch.metrics.get(PHASE) == 1]
    best, head = best_epoch(epochs, objective), best_epoch(first, objective)
    if best is None or head is None:
        return ()
    return head.number, max(0, best.number - len(first))
