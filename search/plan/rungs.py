"""What trials that climb rungs take, if as many of them pass each rung as its pruner is meant to let pass."""

from collections.abc import Sequence
from dataclasses import replace

from cnnsearch.search.engine.climbing import bracket_sizes
from cnnsearch.search.plan.estimate import Load
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.pruners import Asha, Hyperband, Median, Percentile, Pruner


def rung_shares(pruner: Pruner, rungs: int, trials: int) -> list[float]:
    """For each rung, the share of trials that make it.

    `asha` lets one in three climb on, and always one; with `hyperband` the trials of a bracket begin on a rung of
    their own; `median` lets every second one climb on, `percentile` its share, and both the first few in any case.
    Whom `threshold` ends nobody can foresee: it counts as none.
    """
    (settings,) = pruner.taken().values()
    match settings:
        case Hyperband(reduction=reduction):
            return _over_brackets(rungs, reduction)
        case Asha(reduction=reduction):
            return [max(float(reduction) ** -rung, 1 / trials) for rung in range(rungs)]
        case Median(startup=startup):
            passing = settings.percentile / 100 if isinstance(settings, Percentile) else 0.5
            return _above(rungs, passing, max(startup, 1), trials)
    return [1.0] * rungs


def _over_brackets(rungs: int, reduction: int) -> list[float]:
    sizes = bracket_sizes(rungs, reduction)
    made = [
        sum(size * float(reduction) ** (bracket - rung) for bracket, size in enumerate(sizes) if bracket <= rung)
        for rung in range(rungs)
    ]
    return [each / sum(sizes) for each in made]


def _above(rungs: int, passing: float, startup: int, trials: int) -> list[float]:
    there = [float(trials)]
    while len(there) < rungs:
        whole = min(startup, there[-1])
        there.append(whole + (there[-1] - whole) * passing)
    return [each / trials for each in there]


def climb(loads: Sequence[Load], rungs: Sequence[Rung], passing: Sequence[float]) -> tuple[list[Load], list[float]]:
    """The loads of a trial on all of its rungs, and for each of their epochs the share of trials that make it.

    Args:
        loads: of its phases on the last rung.
        rungs: the cheapest first.
        passing: for each rung, the share of trials that make it.
    """
    on_rungs = [(_on_rung(load, rung), share) for rung, share in zip(rungs, passing, strict=True) for load in loads]
    return [load for load, _ in on_rungs], [share for load, share in on_rungs for _ in range(load.epochs)]


def _on_rung(load: Load, rung: Rung) -> Load:
    """Below the last rung one fold is trained on; larger images cost more in proportion to their pixels."""
    if rung.is_last:
        return load
    images, pixels = max(1, round(load.train * rung.share)), rung.work / rung.share
    return replace(load, folds=1, train=images, training_flops=load.training_flops * pixels, flops=load.flops * pixels)


def work_share(rungs: Sequence[Rung], passing: Sequence[float], folds: int) -> float:
    """The epochs that a trial makes on all of its rungs, counted by their work, as a share of a whole training's."""
    made = [rung.work * share * (folds if rung.is_last else 1) for rung, share in zip(rungs, passing, strict=True)]
    return sum(made) / folds
