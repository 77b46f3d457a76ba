"""A small run with two branches, a tie, and a failure."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cnnsearch.reports.ranking.ranking import RankedRun, Ranking, ranking_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord

ACCURACY = Objectives.around(Objective.of("val_accuracy"))
ADAM, SGD = "optimizer.adam.learning_rate", "optimizer.sgd.learning_rate"


def scored(number: int, score: float, weights: int = 100, /, **changes: object) -> TrialRecord:
    values = {
        "optimizer": "adam",
        "model.scratch.filters.0": 8,
        "model.scratch.filters.1": 16,
        "model.scratch.batch_norm": True,
        ADAM: 0.00123456,
    }
    epochs = (Epoch(1, {"val_accuracy": score, "val_loss": 1 - score}, 1.5),)
    made = TrialRecord(number, values, Status.COMPLETED, score=score, best_epoch=1, epochs=epochs, parameters=weights)
    return TrialRecord(**{**made.__dict__, "seconds": 10.0 - number, "data": "f00d-8x8x1-stretch", **changes})


def of_two(trials: list[TrialRecord], *runs: str) -> Ranking:
    """These trials by accuracy and weights, as those of one run or of several."""
    goals = (Objective("val_accuracy", "max"), Objective("parameters", "min"))
    objectives = Objectives(goals, goals[0])
    known = [replace(trial, objective_values=objectives.values(trial)) for trial in trials]
    return ranking_of([RankedRun(name, known, objectives) for name in runs or ("basic-001",)])


@pytest.fixture
def trials() -> list[TrialRecord]:
    """Five trials: 1 is the best, 0 and 2 tie, 3 failed, 4 runs."""
    values = {"optimizer": "sgd", "model.scratch.filters.0": 4, "model.scratch.batch_norm": True, SGD: 0.1}
    return [
        scored(0, 0.5, 200),
        scored(1, 0.75, values=values),
        scored(2, 0.5, 100, status=Status.PRUNED),
        TrialRecord(3, values, Status.FAILED, "oom", seconds=2.0),
        TrialRecord(4, values, Status.RUNNING),
    ]


@pytest.fixture
def ranking(trials: list[TrialRecord]) -> Ranking:
    """Of the run `basic-001`, with 20 validation images."""
    return ranking_of([RankedRun("basic-001", trials, ACCURACY, {"f00d": 20})])


@pytest.fixture
def numbers() -> Callable[[Ranking], list[int]]:
    """The numbers of a ranking's trials in their order."""
    return lambda ranking: [line.trial.number for line in ranking.lines]
