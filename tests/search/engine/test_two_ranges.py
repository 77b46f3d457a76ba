"""Searches of KerasTuner's hyperparameters that have one name and, under other conditions, other ranges."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest
from optuna.storages import InMemoryStorage
from sklearn.datasets import load_digits

from cnnsearch import OptunaOracle
from cnnsearch.search.engine.samplers.named import METHODS
from cnnsearch.search.records import Epoch, Failure, Status, TrialRecord

BEST = keras_tuner.Objective("val_accuracy", "max")
RANGES = {"flat": range(1, 4), "deep": range(10, 12)}


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    keras.utils.clear_session()


def space() -> keras_tuner.HyperParameters:
    """Seven configurations: a depth of other numbers in each kind, and where it is the second one, a norm."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", list(RANGES))
    for name, numbers in RANGES.items():
        with hp.conditional_scope("kind", [name]):
            hp.Int("depth", numbers[0], numbers[-1])
            with hp.conditional_scope("depth", [numbers[1]]):
                hp.Boolean("norm")
    return hp


def oracle(sampler: Any = "random", hyperparameters: Any = None, **settings: Any) -> OptunaOracle:
    made = OptunaOracle(BEST, hyperparameters=hyperparameters, sampler=sampler, **{"seed": 3, **settings})
    made.verbose = 0
    return made


def run(one: OptunaOracle, most: int = 20) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < most and (trial := one.create_trial("a")).status == "RUNNING":
        values = dict(trial.hyperparameters.values)
        found.append(values)
        epoch = Epoch(1, {"val_accuracy": values["depth"] / 20}, 1.0)
        one.report(trial.trial_id, epoch)
        one.conclude(trial, TrialRecord(int(trial.trial_id), {}, Status.COMPLETED, epochs=(epoch,)))
    return found


@pytest.mark.parametrize("sampler", [name for name in METHODS if name != "cmaes"])
def test_every_sampler_draws_each_from_its_own_range_and_nothing_twice(sampler: str) -> None:
    one = oracle(sampler, space())
    drawn = run(one)
    assert all(values["depth"] in RANGES[values["kind"]] for values in drawn)
    assert all(("norm" in values) == (values["depth"] == RANGES[values["kind"]][1]) for values in drawn)
    assert len({tuple(values.items()) for values in drawn}) == len(drawn) == 7
    assert one.exhausted == "all 7 configurations were tried"
    assert one.get_best_trials()[0].hyperparameters.values["depth"] == 11


def test_a_killed_search_goes_on_with_their_names_and_learns_from_both() -> None:
    whole = run(oracle("gp", space()))
    storage = InMemoryStorage()
    pieces = run(oracle("gp", space(), storage=storage), most=3)
    oracle("gp", space(), storage=storage).create_trial("a")  # is killed while it runs
    again = oracle("gp", space(), storage=storage)
    assert [trial.hyperparameters.values for trial in again.trials.values()] == pieces
    assert [*pieces, *run(again)] == whole
    named = {name for trial in again.study.trials() for name in trial.params}
    assert named == {"kind", "depth", "depth (kind: deep)", "norm"}


def test_a_start_is_told_in_keras_tuner_s_names() -> None:
    starts = [{"kind": "deep", "depth": 11, "norm": True}, {"depth": 3}]
    drawn = run(oracle("random", space(), start_from=starts))
    assert drawn[0] == starts[0]
    assert drawn[1] == {"kind": "flat", "depth": 3} or drawn[1]["kind"] == "deep"
    assert len(drawn) == 7


def test_reject_hears_keras_tuner_s_names() -> None:
    heard: list[dict[str, Any]] = []
    one = oracle("random", space(), reject=lambda values: heard.append(dict(values)))
    assert run(one) == heard


def test_a_process_that_died_over_one_is_given_one_more_trial() -> None:
    one = oracle("grid", space(), max_consecutive_failed_trials=99)
    first = one.create_trial("a")
    one.conclude(first, TrialRecord(0, {}, Status.FAILED, Failure.CRASH))
    assert len(run(one)) == 7


# In KerasTuner's own hands.


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    kind, depth = hp.Choice("kind", list(RANGES)), 0
    for name, numbers in RANGES.items():
        with hp.conditional_scope("kind", [name]):
            depth = hp.Int("depth", numbers[0], numbers[-1]) or depth
    layers = [keras.layers.Flatten(), keras.layers.Dense(depth, "relu" if kind == "deep" else "tanh")]
    model = keras.Sequential([keras.Input((8, 8)), *layers, keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


def test_a_plain_tuner_builds_from_both_ranges_and_goes_on() -> None:
    digits = load_digits()
    x, y = (digits.images[:100] / 16).astype("float32"), digits.target[:100]
    for trials in 2, 9:
        one = oracle("gp", max_trials=trials, storage="sqlite:///my.db")
        tuner = keras_tuner.Tuner(oracle=one, hypermodel=build, directory="kt", project_name=str(trials))
        tuner.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
    assert [str(record.status) for record in one.study.records()] == ["completed"] * 5
    values = [trial.hyperparameters.values for trial in one.trials.values()]
    assert sorted((each["kind"], each["depth"]) for each in values) == [
        *(("deep", depth) for depth in RANGES["deep"]),
        *(("flat", depth) for depth in RANGES["flat"]),
    ]
    (best,) = tuner.get_best_hyperparameters()
    assert tuner.hypermodel.build(best).layers[1].units == best.get("depth")
