"""OptunaOracle in KerasTuner's own hands: a plain tuner, on real digits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import optuna
import pytest
from optuna.pruners import ThresholdPruner
from sklearn.datasets import load_digits

from cnnsearch import OptunaOracle, PruningCallback
from cnnsearch.search.records import Status

BEST = keras_tuner.Objective("val_accuracy", "max")


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    keras.utils.clear_session()


def build(hp: keras_tuner.HyperParameters) -> keras.Model:
    layers = [keras.layers.Flatten()]
    kind = hp.Choice("kind", ["wide", "deep"])
    with hp.conditional_scope("kind", ["wide"]):
        if kind == "wide":
            layers.append(keras.layers.Dense(hp.Int("units", 8, 32, step=8), "relu"))
    with hp.conditional_scope("kind", ["deep"]):
        if kind == "deep":
            layers += [keras.layers.Dense(8, "relu") for _ in range(hp.Int("layers", 1, 2))]
    model = keras.Sequential([keras.Input((8, 8)), *layers, keras.layers.Dense(10, "softmax")])
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return model


@pytest.fixture(scope="session")
def digits() -> tuple[Any, Any]:
    found = load_digits()
    return (found.images[:400] / 16).astype("float32"), found.target[:400]


def search(oracle: OptunaOracle, digits: tuple[Any, Any], *callbacks: Any, epochs: int = 2) -> keras_tuner.Tuner:
    x, y = digits
    tuner = keras_tuner.Tuner(oracle=oracle, hypermodel=build, directory="kt", project_name="digits")
    held_out = (x[300:], y[300:])
    tuner.search(x[:300], y[:300], validation_data=held_out, epochs=epochs, callbacks=list(callbacks), verbose=0)
    return tuner


def oracle(**settings: Any) -> OptunaOracle:
    made = OptunaOracle(objective=BEST, seed=7, storage="sqlite:///my.db", **settings)
    made.verbose = 0
    return made


def test_a_plain_tuner_searches_and_goes_on_from_its_storage(
    digits: tuple[Any, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    first = oracle(max_trials=2)
    search(first, digits)
    second = oracle(max_trials=4)
    assert sorted(second.trials) == ["0000", "0001"]
    tuner = search(second, digits)
    study = optuna.load_study(study_name="cnnsearch", storage="sqlite:///my.db")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 4
    for trial in study.trials:
        assert ("units" in trial.params) == (trial.params["kind"] == "wide")
        assert ("layers" in trial.params) == (trial.params["kind"] == "deep")
    scores = [trial.score for trial in second.get_best_trials(4)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == study.best_value
    assert tuner.get_best_hyperparameters()[0].values == study.best_params
    capsys.readouterr()
    tuner.results_summary(2)
    assert f"Score: {study.best_value}" in capsys.readouterr().out


def test_a_pruner_ends_trials_of_a_plain_tuner(digits: tuple[Any, Any]) -> None:
    pruning = oracle(max_trials=2, pruner=ThresholdPruner(lower=0.999))
    search(pruning, digits, PruningCallback(pruning), epochs=5)
    records = pruning.study.records()
    assert [(trial.status, len(trial.epochs)) for trial in records] == [(Status.PRUNED, 1)] * 2
    assert all(trial.score is not None for trial in records)
    study = optuna.load_study(study_name="cnnsearch", storage="sqlite:///my.db")
    assert [trial.state.name for trial in study.trials] == ["PRUNED"] * 2


def test_a_trial_that_trained_all_its_epochs_is_not_pruned(digits: tuple[Any, Any]) -> None:
    looking = oracle(max_trials=2, pruner=ThresholdPruner(lower=0.999, n_warmup_steps=2))
    search(looking, digits, PruningCallback(looking), epochs=2)
    records = looking.study.records()
    assert [(trial.status, len(trial.epochs)) for trial in records] == [(Status.COMPLETED, 2)] * 2
    study = optuna.load_study(study_name="cnnsearch", storage="sqlite:///my.db")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 2
    assert [trial.status for trial in looking.trials.values()] == ["COMPLETED"] * 2


def test_the_callback_reports_every_epoch_that_is_not_pruned(digits: tuple[Any, Any]) -> None:
    reporting = oracle(max_trials=1)
    search(reporting, digits, PruningCallback(reporting), epochs=3)
    (trial,) = reporting.study.records()
    assert [epoch.number for epoch in trial.epochs] == [1, 2, 3]
    assert set(trial.epochs[0].metrics) >= {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert trial.score == max(epoch.metrics["val_accuracy"] for epoch in trial.epochs)
