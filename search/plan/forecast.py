"""Times the models that stand for a space, and reckons from them what its search will take."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.plan.budgets import confirming, time_of_trials, trials_within_epochs, within_trial_time
from cnnsearch.search.plan.estimate import Load, Pace, Range, TrialTime, fit, search_seconds, trials_within
from cnnsearch.search.plan.features import Features, features_of, making_rates
from cnnsearch.search.plan.measure import timing_of
from cnnsearch.search.plan.models import ModelPlan, PhasePlan
from cnnsearch.search.plan.pruning import epoch_shares
from cnnsearch.search.plan.rungs import climb, rung_shares, work_share
from cnnsearch.search.trial.batches import EVALUATION_BATCH
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.phases import most_epochs, phases
from cnnsearch.spaces.rungs import comparing, rungs_of
from cnnsearch.spaces.space import Space

_FASTEST_CORE = 1e11
"""FLOPs in a second that no core of a processor surpasses by much."""


@dataclass(frozen=True)
class Clocks:
    """With what models are timed: their space and images, a slot, and somebody who is told what is done next."""

    space: Space
    datasets: Datasets
    slot: Slot
    progress: Callable[[str], None]


@dataclass(frozen=True)
class Forecast:
    """What a search's budget gives, without its pruner and with it.

    Attributes:
        epoch: seconds of an epoch, from the quickest chance draw to the slowest.
        start: seconds that a phase of a trial needs before its first epoch.
        error: the share by which the time of a model may be wrong.
        share: of all epochs, what trials make under the pruner.
        whole: seconds for all trials, or as many as the epochs of the search allow, without pruning, the making of
            features included.
        pruned: the same with pruning.
        whole_in_time: trials within the time limit without pruning; None where there is no limit.
        pruned_in_time: trials within the time limit with pruning.
        whole_in_epochs: trials that the epochs of the search allow without pruning; None where there is no such limit.
        pruned_in_epochs: the same with pruning.
        confirm: seconds for the retrainings that confirm the best trials; None where none are asked for. They come on
            top of `whole` and `pruned`, and a time limit has room for them.
    """

    epoch: Range
    start: float
    error: float
    share: float
    whole: Range
    pruned: Range
    whole_in_time: Range | None
    pruned_in_time: Range | None
    whole_in_epochs: int | None = None
    pruned_in_epochs: int | None = None
    confirm: Range | None = None


def timed(models: Mapping[str, ModelPlan], clocks: Clocks) -> dict[str, ModelPlan]:
    """The same models with their times, or why they have none; each is timed once, those of the least work first."""
    known: list[ModelPlan] = []
    for role, model in sorted(models.items(), key=lambda item: _work(item[1])):
        if all(other.values != model.values for other in known):
            clocks.progress(f"timing: {role}")
            known.append(_timed(model, clocks, known))
    return {role: next(other for other in known if other.values == model.values) for role, model in models.items()}


def _work(model: ModelPlan) -> float:
    return model.work * model.batch_size


def _timed(model: ModelPlan, clocks: Clocks, known: Sequence[ModelPlan]) -> ModelPlan:
    configuration = clocks.space.configuration(model.values)
    done: list[PhasePlan] = []
    try:
        dataset = clocks.datasets.of(configuration.data)
        for phase, plan, load in zip(phases(configuration), model.phases, loads_of(model, dataset), strict=True):
            expected = _expected(load, [*known, replace(model, phases=tuple(done))], clocks.slot)
            measured = timing_of(phase, dataset.reference(), clocks.slot, load, expected)
            done.append(replace(plan, measured=measured))
    except CnnSearchError as error:  # too large or too slow for this machine, or images that cannot be read at its size
        return replace(model, phases=(*done, *model.phases[len(done) :]), untimed=str(error))
    return replace(model, phases=tuple(done))


def _expected(load: Load, known: Sequence[ModelPlan], slot: Slot) -> float:
    """The least seconds that three steps and two validation batches take, at the best pace so far.

    With fewer than two phases before, at a pace that no processor surpasses: the smallest model says little of others.
    Steps on features are mostly waiting, so they say nothing of others.
    """
    work = load.training_flops * load.batch_size
    before = [(model, phase, phase.measured) for model in known for phase in model.phases if not phase.is_fed_features]
    timed = [(model, phase, measured) for model, phase, measured in before if measured]
    if len(timed) < 2:
        return 0.0 if slot.is_gpu else 3 * work / (_FASTEST_CORE * (os.cpu_count() or 1))
    step = min(m.step / (phase.size.training_flops * model.batch_size) for model, phase, m in timed)
    forward = min(measured.forward / phase.flops for _, phase, measured in timed)
    return 3 * step * work + 2 * load.validation_batch * forward * load.flops


def loads_of(model: ModelPlan, dataset: Dataset) -> list[Load]:
    """The work in the epochs of each phase of a model's training on these images."""
    steps = model.steps_per_epoch
    return [
        Load(
            training_flops=phase.size.training_flops,
            flops=phase.flops,
            trainable=phase.size.trainable,
            batch_size=model.batch_size,
            train=len(dataset.rows("train")) if steps is None else steps * model.batch_size,
            validation=len(dataset.rows("validation")) * model.views,
            validation_batch=EVALUATION_BATCH * model.views,
            epochs=phase.epochs,
            folds=dataset.folds or 1,
            kind=phase.kind,
        )
        for phase in model.phases
    ]


def forecast(
    space: Space, models: Sequence[ModelPlan], stands: Sequence[ModelPlan], dataset: Dataset, slots: int, trials: int
) -> Forecast | None:
    """What the budget of a space gives if its trials are like these models; None where none of `stands` was timed."""
    paces = [pace for model in stands for pace in _paces(model, dataset)]
    if not paces:
        return None
    search = space.document.search
    cost = fit(paces, only=not space.parameters)
    rates = making_rates(stands)
    loads = [loads_of(model, dataset) for model in models]
    epochs = [cost.epoch(load) for each in loads for load in each]
    climbs, share = _under_pruning(space, loads, trials, dataset.folds or 1)
    features = [features_of(model, dataset, rates) for model in models]
    longest = [max(map(cost.epoch, each)) for each in loads]

    def timed_with(courses: Sequence[tuple[Sequence[Load], Sequence[float] | None]]) -> list[TrialTime]:
        seconds = [cost.trial(*course) for course in courses]
        limited = map(within_trial_time, seconds, [search.trial_time] * len(seconds), longest)
        return [_trial(one, made) for one, made in zip(limited, features, strict=True)]

    whole, pruned = timed_with([(each, None) for each in loads]), timed_with(climbs)
    made = [float(sum(load.epochs * load.folds for load in each)) for each in loads]
    in_epochs = trials_within_epochs(trials, search.epochs, made)
    pruned_in_epochs = trials_within_epochs(trials, search.epochs, [one * share for one in made])
    confirm = confirming(search.confirm, trials, [cost.trial(each, None) for each in loads], slots, cost.error)
    limit = time_of_trials(search.time, confirm)
    return Forecast(
        epoch=Range(min(epochs), max(epochs)),
        start=cost.start,
        error=cost.error,
        share=share,
        whole=search_seconds(whole, in_epochs, slots, cost.error),
        pruned=search_seconds(pruned, pruned_in_epochs, slots, cost.error),
        whole_in_time=trials_within(limit, whole, slots, cost.error) if limit else None,
        pruned_in_time=trials_within(limit, pruned, slots, cost.error) if limit else None,
        whole_in_epochs=in_epochs if search.epochs else None,
        pruned_in_epochs=pruned_in_epochs if search.epochs else None,
        confirm=confirm,
    )


def _under_pruning(
    space: Space, loads: Sequence[Sequence[Load]], trials: int, folds: int
) -> tuple[list[tuple[Sequence[Load], Sequence[float]]], float]:
    """What each of these trials does under the pruner of the space, and the share of all epochs that they make."""
    search = space.document.search
    rungs = rungs_of(search)
    if rungs:
        passing = rung_shares(search.pruner, len(rungs), trials)
        return [climb(each, rungs, passing) for each in loads], work_share(rungs, passing, folds)
    shares = epoch_shares(comparing(search), most_epochs(space.document), trials, folds)
    return [(each, shares) for each in loads], fmean(shares)


def _paces(model: ModelPlan, dataset: Dataset) -> list[Pace]:
    return [
        Pace(load, measured.start, measured.step, measured.forward, measured.epoch)
        for load, phase in zip(loads_of(model, dataset), model.phases, strict=True)
        if (measured := phase.measured)
    ]


def _trial(seconds: float, features: Features) -> TrialTime:
    return TrialTime(seconds + sum(features.own.values()), features.shared)
