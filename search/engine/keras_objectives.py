"""KerasTuner's words for objectives and endings, and ours: what the oracle translates."""

from collections.abc import Mapping
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import TrialStatus
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, CmaEsSampler

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.samplers import Sampler


def objectives_of(objective: Any) -> Objectives:  # noqa: ANN401 - KerasTuner is not typed
    """What KerasTuner's objective, or its sum of several, asks for; the first one decides which epoch counts."""
    several = getattr(objective, "objectives", None) or [objective]
    every = tuple(Objective(each.name, each.direction) for each in several)
    return Objectives(every, every[0])


def keras_objective(objectives: Objectives) -> keras_tuner.Objective:
    """What KerasTuner needs to know: the metric that its trials are told of."""
    return keras_tuner.Objective(objectives.epoch.metric, objectives.epoch.direction)


def keras_status(ending: TrialRecord) -> str:
    """An ended trial as KerasTuner sees it: `COMPLETED` with a score, `INVALID` where it breaks a constraint."""
    if ending.status is Status.INFEASIBLE:
        return str(TrialStatus.INVALID)
    return str(TrialStatus.FAILED if ending.score is None else TrialStatus.COMPLETED)


def _is_cmaes(sampler: str | Mapping[str, Any] | Sampler | BaseSampler) -> bool:
    if isinstance(sampler, str | Mapping):
        return "cmaes" in ([sampler] if isinstance(sampler, str) else sampler)
    return sampler.cmaes is not None if isinstance(sampler, Sampler) else isinstance(sampler, CmaEsSampler)


def check_methods(
    objectives: Objectives, sampler: str | Mapping[str, Any] | Sampler | BaseSampler, pruner: BasePruner
) -> None:
    """Check that sampler and pruner can do with these objectives.

    Raises:
        CnnSearchError: a pruner compares one metric; CMA-ES ranks by one objective.
    """
    ranked = ", ".join(objectives.names)
    if not objectives.is_plain and not isinstance(pruner, NopPruner):
        raise CnnSearchError(
            f"pruner: it compares trials by the one metric they are ranked by, got objective {ranked}. "
            "Use the pruner none."
        )
    if len(objectives.all) > 1 and _is_cmaes(sampler):
        raise CnnSearchError(f"sampler cmaes: it ranks by one objective, got {ranked}. Use gp, nsga2 or nsga3.")
