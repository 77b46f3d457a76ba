"""Times the models that stand for a space, and reckons from them what its search will take."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.plan.estimate import (
    Load,
    Pace,
    Range,
    fit,
    kept_share,
    search_seconds,
    trials_within,
)
from cnnsearch.search.plan.measure import timing_of
from cnnsearch.search.plan.models import ModelPlan
from cnnsearch.search.trial.batches import EVALUATION_BATCH
from cnnsearch.spaces.errors import CnnSearchError
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
        start: seconds that a trial needs before its first epoch.
        error: the share by which the time of a model may be wrong.
        share: of all epochs, what trials make under the pruner.
        whole: seconds for all trials without pruning.
        pruned: seconds for all trials with pruning.
        whole_in_time: trials within the time limit without pruning; None where there is no limit.
        pruned_in_time: trials within the time limit with pruning.
    """

    epoch: Range
    start: float
    error: float
    share: float
    whole: Range
    pruned: Range
    whole_in_time: Range | None
    pruned_in_time: Range | None


def timed(models: Mapping[str, ModelPlan], clocks: Clocks) -> dict[str, ModelPlan]:
    """The same models with their times, or why they have none; each is timed once, those of the least work first."""
    known: list[ModelPlan] = []
    for role, model in sorted(models.items(), key=lambda item: _work(item[1])):
        if all(other.values != model.values for other in known):
            clocks.progress(f"timing the {role} model")
            known.append(_timed(model, clocks, known))
    return {role: next(other for other in known if other.values == model.values) for role, model in models.items()}


def _work(model: ModelPlan) -> float:
    return model.size.training_flops * model.batch_size


def _timed(model: ModelPlan, clocks: Clocks, known: Sequence[ModelPlan]) -> ModelPlan:
    configuration = clocks.space.configuration(model.values)
    try:
        dataset = clocks.datasets.of(configuration.data)
        load, expected = load_of(model, dataset), _expected(model, known, clocks.slot)
        return replace(model, measured=timing_of(configuration, dataset.reference(), clocks.slot, load, expected))
    except CnnSearchError as error:  # too large or too slow for this machine, or images that cannot be read at its size
        return replace(model, untimed=str(error))


def _expected(model: ModelPlan, known: Sequence[ModelPlan], slot: Slot) -> float:
    """The least seconds that three steps and two validation batches take, at the best pace so far.

    With fewer than two models before, at a pace that no processor surpasses: the smallest model says little of others.
    """
    timed = [(other, other.measured) for other in known if other.measured]
    if len(timed) < 2:
        return 0.0 if slot.is_gpu else 3 * _work(model) / (_FASTEST_CORE * (os.cpu_count() or 1))
    step = min(measured.step / _work(other) for other, measured in timed)
    forward = min(measured.forward / other.size.flops for other, measured in timed)
    return 3 * step * _work(model) + 2 * EVALUATION_BATCH * forward * model.size.flops


def load_of(model: ModelPlan, dataset: Dataset) -> Load:
    """The work in a model's epochs on these images."""
    steps = model.steps_per_epoch
    return Load(
        training_flops=model.size.training_flops,
        flops=model.size.flops,
        trainable=model.size.trainable,
        batch_size=model.batch_size,
        train=len(dataset.rows("train")) if steps is None else steps * model.batch_size,
        validation=len(dataset.rows("validation")),
        validation_batch=EVALUATION_BATCH,
        epochs=model.epochs,
        folds=dataset.folds or 1,
    )


def forecast(
    space: Space, models: Sequence[ModelPlan], stands: Sequence[ModelPlan], dataset: Dataset, slots: int, trials: int
) -> Forecast | None:
    """What the budget of a space gives if its trials are like these models; None where none of `stands` was timed."""
    paces = [
        Pace(load_of(model, dataset), m.start, m.step, m.forward, m.epoch) for model in stands if (m := model.measured)
    ]
    if not paces:
        return None
    search = space.document.search
    cost = fit(paces, only=not space.parameters)
    loads = [load_of(model, dataset) for model in models]
    epochs = [cost.epoch(load) for load in loads]
    share = kept_share(search.pruner, max(load.epochs for load in loads), trials, dataset.folds or 1)
    whole, pruned = ([cost.trial(load, part) for load in loads] for part in (1.0, share))
    limit = search.time
    return Forecast(
        epoch=Range(min(epochs), max(epochs)),
        start=cost.start,
        error=cost.error,
        share=share,
        whole=search_seconds(whole, trials, slots, cost.error),
        pruned=search_seconds(pruned, trials, slots, cost.error),
        whole_in_time=trials_within(limit, whole, slots, cost.error) if limit else None,
        pruned_in_time=trials_within(limit, pruned, slots, cost.error) if limit else None,
    )
