"""Importances are those of optuna.importance, on real studies, with branches and without."""

import math
import warnings
from collections.abc import Callable

import optuna
import pytest

from cnnsearch.reports.charts.dimensions import Dimension, dimensions
from cnnsearch.reports.charts.ped_anova import importances
from cnnsearch.reports.charts.results import Results
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.parameters import Parameter
from cnnsearch.spaces.values import Choice, FloatRange, IntRange

LOSS = Objective("loss", "min")
PARAMETERS = (
    Parameter("kind", Choice(("a", "b", "c"))),
    Parameter("rate", FloatRange(1e-5, 1e-1, None, "log")),
    Parameter("share", FloatRange(0.0, 0.9)),
    Parameter("stepped", FloatRange(0.0, 0.5, 0.1)),
    Parameter("units", IntRange(16, 256, 16)),
    Parameter("depth", IntRange(1, 9)),
    Parameter("filters", IntRange(16, 512, scale="log")),
)


def flat(trial: optuna.Trial) -> float:
    rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    share = trial.suggest_float("share", 0.0, 0.9)
    stepped = trial.suggest_float("stepped", 0.0, 0.5, step=0.1)
    units = trial.suggest_int("units", 16, 256, step=16)
    depth = trial.suggest_int("depth", 1, 9)
    filters = trial.suggest_int("filters", 16, 512, log=True)
    kind = {"a": 0.0, "b": 0.3, "c": 0.1}[trial.suggest_categorical("kind", ["a", "b", "c"])]
    slight = units / 1000 + depth / 50 + math.log2(filters) / 20
    return abs(math.log10(rate) + 3) + share * 0.2 + stepped * 0.1 + kind + slight


def branching(trial: optuna.Trial) -> float:
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    if kind == "c":
        return 1.0 + trial.suggest_float("share", 0.0, 0.9)
    rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    return abs(math.log10(rate) + 3) + (trial.suggest_int("depth", 1, 9) / 9 if kind == "a" else 0.5)


def studied(objective: Callable[[optuna.Trial], float], count: int, seed: int) -> tuple[optuna.Study, Results]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    study.optimize(objective, n_trials=count)
    records = tuple(TrialRecord(t.number, t.params, Status.COMPLETED, score=t.value) for t in study.trials)
    return study, Results(records, Objectives.around(LOSS), PARAMETERS)


def optunas(study: optuna.Study, quantile: float) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the evaluator is experimental
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile)
        return optuna.importance.get_param_importances(study, evaluator=evaluator)


@pytest.mark.parametrize(("objective", "count", "seed"), [(flat, 40, 1), (flat, 300, 2), (branching, 200, 3)])
@pytest.mark.parametrize("quantile", [0.1, 0.25])
def test_shares_are_those_of_optuna(
    objective: Callable[[optuna.Trial], float], count: int, seed: int, quantile: float
) -> None:
    study, results = studied(objective, count, seed)
    top = results.ranked[: math.ceil(quantile * count)]
    found = importances(dimensions(results), top, results.ranked)
    assert found == pytest.approx(optunas(study, quantile), rel=1e-6, abs=1e-9)


def test_what_matters_comes_first() -> None:
    _, results = studied(flat, 200, 4)
    assert next(iter(importances(dimensions(results), results.ranked[:20], results.ranked))) == "rate"


def test_where_the_best_are_all_nothing_is_said() -> None:
    _, results = studied(flat, 30, 5)
    found = importances(dimensions(results), results.ranked, results.ranked)
    assert set(found.values()) == {0.0}


def test_a_parameter_that_none_of_the_best_has_is_worth_nothing() -> None:
    _, results = studied(branching, 100, 6)
    with_share = [trial for trial in results.ranked if "share" in trial.values]
    without = [trial for trial in results.ranked if "share" not in trial.values]
    share = Dimension("share", "share", FloatRange(0.0, 0.9))
    rate = Dimension("rate", "rate", FloatRange(1e-5, 1e-1, None, "log"))
    assert importances([share, rate], without[:5], [*without, *with_share]) == {"rate": 1.0, "share": 0.0}


def test_values_of_a_list_in_a_space_are_looked_up_by_their_label() -> None:
    text = "version: 1\ndata: {source: 'sample:digits'}\nmodel: {scratch: {}}\n"
    text += "head: {dense: {choice: [[], [64], [64, 32]]}}\n"
    space = loads_space(text, "lists")
    labels = ["[]", "[64]", "[64, 32]"]
    trials = tuple(
        TrialRecord(k, {"head.dense": labels[k % 3]}, Status.COMPLETED, score=float(k % 3)) for k in range(30)
    )
    results = Results(trials, Objectives.around(LOSS), space.parameters)
    assert importances(dimensions(results), results.ranked[:10], results.ranked) == {"head.dense": 1.0}
