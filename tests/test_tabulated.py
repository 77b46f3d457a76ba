"""The tabulated problem of the benchmarks is whole, and a simulated search says what its table says."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cnnsearch.spaces.sections.pruners import Pruner
from cnnsearch.spaces.sections.samplers import Sampler


@pytest.fixture
def simulated(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(checkout / "benchmarks")
    import simulated  # type: ignore[import-not-found]

    return simulated


@pytest.fixture
def table(simulated: ModuleType) -> Any:
    from tabulated.table import PROBLEMS, read  # type: ignore[import-not-found]

    return read(PROBLEMS[0])


def searched(simulated: ModuleType, table: Any, sampler: str, pruner: str, trials: int) -> Any:
    ways = (Sampler.model_validate(sampler), Pruner.model_validate(pruner))
    return simulated.searched(table, *ways, 1, lambda course: len(course.ends) < trials)


def test_the_table_has_every_configuration(table: Any) -> None:
    assert table.missing == []
    assert len(table.trained) >= 300
    whole = [trained for trained in table.trained.values() if not trained.failed]
    assert {len(trained.epochs) for trained in whole} == {table.space.document.training.epochs}
    assert all(trained.test and trained.weights for trained in whole)


def test_good_configurations_are_few(table: Any) -> None:
    assert table.scores[0] - table.scores[len(table.scores) // 2] > 0.1


def test_a_search_of_everything_spends_every_epoch_and_finds_the_best(simulated: ModuleType, table: Any) -> None:
    course = searched(simulated, table, "grid", "none", len(table.trained) + 1)
    assert len(course.ends) == len(table.trained)
    assert course.epochs == sum(len(trained.epochs) for trained in table.trained.values())
    assert course.best[-1] == table.scores[0]
    assert course.epochs_to(table.scores[0]) == course.best.index(table.scores[0]) + 1
    assert course.epochs_to(1.01) is None


def test_a_search_sees_the_curves_of_what_it_tries(simulated: ModuleType, table: Any) -> None:
    course = searched(simulated, table, "grid", "none", 1)
    first = next(iter(table.trained.values()))
    values = [epoch.metrics["val_accuracy"] for epoch in first.epochs]
    assert course.best == [max(values[: count + 1]) for count in range(len(values))]
    assert course.test[-1] == first.test


def test_a_pruner_spends_fewer_epochs_on_as_many_trials(simulated: ModuleType, table: Any) -> None:
    whole, pruned = (searched(simulated, table, "random", pruner, 20) for pruner in ("none", "asha"))
    assert len(pruned.ends) == len(whole.ends) == 20
    assert pruned.epochs < whole.epochs


@pytest.mark.parametrize("sampler", ["gp", "tpe"])
def test_the_same_seed_searches_the_same_way(simulated: ModuleType, table: Any, sampler: str) -> None:
    assert searched(simulated, table, sampler, "asha", 15) == searched(simulated, table, sampler, "asha", 15)
