"""Studies that the tests of charts share, drawn from a real space with branches."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.charts.spans import Span
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import FloatRange, nth, size

ACCURACY = Objective.of("val_accuracy")
SPACE = """
version: 1
data: {source: "sample:digits"}
model:
  choice:
    scratch: {blocks: {int: [2, 4]}, filters: {choice: [16, 32, 64], per: block}, dropout: {float: [0.0, 0.4]}}
    mobilenet: {trainable_from: {choice: [none, all]}}
optimizer:
  choice:
    sgd: {learning_rate: {float: [1.0e-3, 1.0e-1], scale: log}, momentum: {float: [0.0, 0.95]}}
    adam: {learning_rate: {float: [1.0e-5, 1.0e-2], scale: log}}
training: {epochs: 8, batch_size: {choice: [32, 64]}}
"""
_ENDINGS = (Status.COMPLETED,) * 5 + (Status.PRUNED,) * 3 + (Status.STOPPED_EARLY, Status.FAILED)


@pytest.fixture(scope="session")
def space() -> Space:
    """A space with branches and logarithmic ranges."""
    return loads_space(SPACE, "branches")


def values_in(space: Space, chance: random.Random) -> dict[str, Any]:
    """Values of all active parameters."""
    found: dict[str, Any] = {}
    for parameter, conditions in space.plan:
        if all(condition.holds(found) for condition in conditions):
            domain = parameter.domain
            if isinstance(domain, FloatRange):
                low, high = (math.log(domain.low), math.log(domain.high)) if domain.scale == "log" else (0, domain.high)
                value = chance.uniform(low, high)
                found[parameter.name] = math.exp(value) if domain.scale == "log" else value
            else:
                found[parameter.name] = nth(domain, chance.randrange(size(domain) or 1))
    return found


@pytest.fixture(scope="session")
def results(space: Space) -> Callable[..., Results]:
    """Makes a study of so many trials of the space, on four slots; `changes` are put into every trial."""

    def make(count: int, most: int = 8, **changes: Any) -> Results:
        chance = random.Random(count)
        trials = tuple(replace(_trial(number, space, chance, most), **changes) for number in range(count))
        spans = tuple(
            Span(trial.number, f"gpu:{trial.number % 4}", 1e9 + 20 * k, 1e9 + 20 * k + 18, trial.status)
            for k, trial in enumerate(trials)
        )
        return Results(trials, Objectives.around(ACCURACY), space.parameters, spans)

    return make


def _trial(number: int, space: Space, chance: random.Random, most: int) -> TrialRecord:
    values, status = values_in(space, chance), chance.choice(_ENDINGS)
    rate = next(value for name, value in values.items() if name.endswith("learning_rate"))
    goal = 0.9 - 0.05 * abs(math.log10(rate) + 3) + chance.gauss(0, 0.01)
    count = most if status is Status.COMPLETED else chance.randint(1, most)
    epochs = tuple(Epoch(k, {"val_accuracy": goal * (1 - math.exp(-k / 2))}, 2.0) for k in range(1, count + 1))
    failed = status is Status.FAILED
    return TrialRecord(
        number,
        values,
        status,
        reason=chance.choice(("oom", "nan")) if failed else "",
        message="no memory for 2.1 GiB" if failed else "",
        score=None if failed else epochs[-1].metrics["val_accuracy"],
        best_epoch=count,
        seconds=2.0 * count,
        parameters=round(10 ** chance.uniform(4, 7)),
        epochs=epochs,
    )
