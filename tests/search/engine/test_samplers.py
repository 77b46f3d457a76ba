"""Samplers by their names: what they draw, that they draw nothing twice, and that a kill changes nothing."""

import sys
from collections.abc import Callable
from itertools import count, product
from typing import Any

import keras_tuner
import optuna
import pytest
from keras_tuner.engine.trial import Trial
from optuna.storages import InMemoryStorage

from cnnsearch import CnnSearchError, OptunaOracle
from cnnsearch.search.engine.parameters import SearchSpace
from cnnsearch.search.engine.samplers.named import METHODS
from cnnsearch.search.records import Epoch, Failure, Status, TrialRecord

BEST = keras_tuner.Objective("val_accuracy", "max")
Score = Callable[[dict[str, Any]], float]
THERE = [name for name in METHODS if name != "cmaes"]
COUNTABLE = pytest.mark.parametrize("sampler", THERE)


def small() -> keras_tuner.HyperParameters:
    """Ten configurations: six flat ones, and four deep ones."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["flat", "deep"])
    with hp.conditional_scope("kind", ["flat"]):
        hp.Int("units", 8, 24, step=8)
        hp.Boolean("norm")
    with hp.conditional_scope("kind", ["deep"]):
        hp.Float("dropout", 0.0, 0.3, step=0.1)
    hp.Fixed("version", 2)
    return hp


def mixed() -> keras_tuner.HyperParameters:
    """Branches, ranges on two scales, choices: too many to list."""
    hp = small()
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    hp.Int("filters", 1, 64)
    return hp


def oracle(sampler: Any, space: keras_tuner.HyperParameters, storage: Any = None, **settings: Any) -> OptunaOracle:
    made = OptunaOracle(BEST, hyperparameters=space, sampler=sampler, storage=storage, **{"seed": 3, **settings})
    made.verbose = 0
    return made


def end(one: OptunaOracle, trial: Trial, score: float | None, reason: str = "") -> None:
    """End a trial with one epoch of this score, or as failed."""
    epochs = () if score is None else (Epoch(1, {"val_accuracy": score}, 1.0),)
    status = Status.COMPLETED if epochs else Status.FAILED
    for epoch in epochs:
        one.report(trial.trial_id, epoch)
    one.conclude(trial, TrialRecord(int(trial.trial_id), {}, status, reason, epochs=epochs))


def like(values: dict[str, Any]) -> float:
    """A score that is best in one corner."""
    return (values["kind"] == "deep") + values.get("dropout", 0.0) - abs(values.get("filters", 40) - 40) / 64


def run(one: OptunaOracle, most: int = 100, score: Score = like) -> list[dict[str, Any]]:
    """Trial after trial, until there is none or there are enough."""
    found = []
    while len(found) < most and (trial := one.create_trial("a")).status == "RUNNING":
        found.append(dict(trial.hyperparameters.values))
        end(one, trial, score(found[-1]))
    return found


def distinct(values: list[dict[str, Any]]) -> int:
    return len({tuple(sorted(one.items())) for one in values})


@COUNTABLE
def test_a_small_space_is_tried_whole_and_nothing_twice(sampler: str) -> None:
    one = oracle(sampler, small())
    drawn = run(one)
    assert len(drawn) == distinct(drawn) == 10
    assert one.exhausted == "all 10 configurations were tried"
    assert all(("units" in values) == (values["kind"] == "flat") for values in drawn)
    assert all(values["version"] == 2 for values in drawn)


@COUNTABLE
def test_a_large_space_is_searched_with_every_sampler(sampler: str) -> None:
    space = small() if sampler == "grid" else mixed()
    drawn = run(oracle(sampler, space), most=10 if sampler == "grid" else 40)
    assert distinct(drawn) == len(drawn) >= 10


@COUNTABLE
def test_what_is_drawn_while_other_trials_run_is_new(sampler: str) -> None:
    one = oracle(sampler, small())
    running = [one.create_trial(f"slot {slot}") for slot in range(12)]
    assert [trial.status for trial in running] == ["RUNNING"] * 10 + ["STOPPED"] * 2
    assert distinct([trial.hyperparameters.values for trial in running[:10]]) == 10


@pytest.mark.parametrize("sampler", THERE)
def test_a_search_that_is_killed_and_goes_on_draws_what_it_would_have_drawn(sampler: str) -> None:
    space = small if sampler == "grid" else mixed
    whole = run(oracle(sampler, space()), most=30)
    storage = InMemoryStorage()
    pieces = []
    for length in (1, 4, 11):
        pieces += run(oracle(sampler, space(), storage), most=length)
        oracle(sampler, space(), storage).create_trial("a")  # is killed while it runs
    pieces += run(oracle(sampler, space(), storage), most=30 - len(pieces))
    assert pieces == whole


@pytest.mark.parametrize("sampler", ["random", "gp", "tpe", "evolution"])
def test_another_seed_draws_others(sampler: str) -> None:
    assert run(oracle(sampler, mixed()), 5) == run(oracle(sampler, mixed()), 5)
    assert run(oracle(sampler, mixed()), 5) != run(oracle(sampler, mixed(), seed=4), 5)


def test_a_grid_goes_through_all_in_the_order_of_the_space() -> None:
    flat = [{"kind": "flat", "units": u, "norm": n} for u, n in product((8, 16, 24), (False, True))]
    deep = [{"kind": "deep", "dropout": dropout} for dropout in (0.0, 0.1, 0.2, 0.3)]
    assert run(oracle("grid", small())) == [{**values, "version": 2} for values in (*flat, *deep)]


def test_a_grid_comes_back_for_what_a_start_was_ahead_of() -> None:
    drawn = run(oracle("grid", small(), start_from=[{"kind": "deep", "dropout": 0.1}]))
    assert drawn[0] == {"kind": "deep", "dropout": 0.1, "version": 2}
    assert drawn[1] == {"kind": "flat", "units": 8, "norm": False, "version": 2}
    assert len(drawn) == distinct(drawn) == 10


def test_a_grid_asks_of_its_latest_trial_alone_whether_the_space_still_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one, asked = oracle("grid", small()), list[Any]()
    run(one, 5)
    draws = SearchSpace.draws
    monkeypatch.setattr(SearchSpace, "draws", lambda space, values: asked.append(values) or draws(space, values))
    assert one.create_trial("a").hyperparameters.values == {"kind": "flat", "units": 24, "norm": True, "version": 2}
    assert len(asked) == 1


def test_a_grid_refuses_what_cannot_be_listed() -> None:
    message = r"sampler: a grid lists every value, got rate without steps\. Give each a step or a choice"
    with pytest.raises(CnnSearchError, match=message):
        oracle("grid", mixed()).create_trial("a")


def test_a_failure_of_its_own_is_not_tried_again() -> None:
    one = oracle("random", small(), max_consecutive_failed_trials=99)
    for _ in range(10):
        end(one, one.create_trial("a"), None, Failure.NAN)
    assert one.create_trial("a").status == "STOPPED"


def test_a_process_that_died_is_given_one_more_trial() -> None:
    one = oracle("grid", small(), max_consecutive_failed_trials=99)
    first = one.create_trial("a")
    end(one, first, None, Failure.CRASH)
    drawn = run(one)
    assert drawn.count(first.hyperparameters.values) == 1
    assert len(drawn) == 10


def test_a_configuration_that_kills_two_processes_is_left_alone() -> None:
    one = oracle("grid", small(), max_consecutive_failed_trials=99)
    ended = 0
    while (trial := one.create_trial("a")).status == "RUNNING":
        end(one, trial, None, Failure.CRASH)
        ended += 1
    assert ended == 20


def test_impossible_ones_count_among_those_that_were_tried() -> None:
    one = oracle("random", small(), reject=lambda values: "flat" if values["kind"] == "flat" else None)
    assert len(run(one)) == 4
    assert one.exhausted == "all 10 configurations were tried"


def test_a_space_of_impossible_ones_is_an_error() -> None:
    one = oracle("random", small(), reject=lambda _: "no pixel is left")
    message = "a model must be possible, got none: all 10 configurations were tried. The last: no pixel is left"
    with pytest.raises(CnnSearchError, match=message):
        one.create_trial("a")


def test_a_start_that_was_tried_gives_its_place_to_a_draw() -> None:
    storage = InMemoryStorage()
    tried = run(oracle("grid", small(), storage), 1)
    drawn = run(oracle("grid", small(), storage, start_from=tried))
    assert len(drawn) == 9
    assert tried[0] not in drawn


def test_a_wider_space_is_not_exhausted_by_the_trials_of_the_narrow_one() -> None:
    storage = InMemoryStorage()
    run(oracle("random", small(), storage))
    assert len(run(oracle("random", mixed(), storage), 3)) == 3


@pytest.mark.parametrize("sampler", ["evolution", "gp", "local", "tpe"])
def test_a_search_that_learns_is_better_than_chance(sampler: str) -> None:
    def mean(name: str) -> float:
        found = [max(map(like, run(oracle(name, mixed(), seed=seed), 60)[30:])) for seed in range(4)]
        return sum(found) / 4

    assert mean(sampler) > mean("random")


@pytest.mark.parametrize("sampler", ["gp", "random", "qmc", "evolution", "tpe", "nsga2"])
def test_whole_numbers_on_a_log_scale_are_drawn_by_their_exponents(sampler: str) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 16, 1024, sampling="log")
    drawn = [values["units"] for values in run(oracle(sampler, hp), 30, score=lambda _: 0.5)]
    assert 9 <= sum(units < 128 for units in drawn) <= 21  # evenly it would be 3
    assert all(isinstance(units, int) for units in drawn)


@pytest.mark.parametrize("sampler", ["gp", "random", "qmc", "evolution"])
def test_a_reversed_log_scale_is_kept_to(sampler: str) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 1000, sampling="reverse_log")
    drawn = [values["units"] for values in run(oracle(sampler, hp), 30, score=lambda _: 0.5)]
    assert 9 <= sum(units > 969 for units in drawn) <= 21  # evenly it would be 1


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", optuna.samplers.RandomSampler(seed=1)])
def test_who_cannot_keep_to_a_reversed_log_scale_says_so(sampler: Any) -> None:
    hp = keras_tuner.HyperParameters()
    hp.Float("share", 0.5, 1.0, sampling="reverse_log")
    with pytest.warns(UserWarning, match="share: Optuna has no reverse_log, so this sampler draws evenly"):
        oracle(sampler, hp).create_trial("a")


def test_a_child_of_evolution_differs_from_a_living_parent_in_one_value() -> None:
    drawn = run(oracle({"evolution": {"population": 5, "tournament": 2}}, mixed()), 30)
    for number, child in enumerate(drawn[5:], 5):
        parents = drawn[number - 5 : number]
        same_branch = [p for p in parents if p["kind"] == child["kind"]]
        apart = [sum(child[name] != parent[name] for name in child) for parent in same_branch]
        assert 1 in apart or len(same_branch) < 5


def test_a_missing_library_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cmaes", None)
    message = r"sampler cmaes: it needs the library cmaes.*Run pip install 'cnnsearch\[cmaes\]'"
    with pytest.raises(CnnSearchError, match=message):
        oracle("cmaes", mixed())


def test_a_sampler_with_a_library_of_its_own_searches() -> None:
    pytest.importorskip("cmaes")
    assert distinct(run(oracle("cmaes", mixed()), 15)) == 15


def test_a_sampler_of_optunas_is_asked_like_ours() -> None:
    one = oracle(optuna.samplers.RandomSampler(seed=1), small())
    assert len(run(one)) == 10


def test_a_trial_is_written_whole() -> None:
    class Counting(InMemoryStorage):
        """Counts the trials that could be seen with some of their values only."""

        torn = count()

        def set_trial_param(self, *args: Any) -> None:
            next(self.torn)
            super().set_trial_param(*args)

    storage = Counting()
    run(oracle("tpe", mixed(), storage), 15)
    assert next(storage.torn) == 0
