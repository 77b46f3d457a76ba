"""HyperModels with a `fit` of their own that trains more than once, or in a loop of its own."""

from pathlib import Path
from typing import Any

import keras
import keras_tuner
import pytest

import cnnsearch


class Small(keras_tuner.HyperModel):  # type: ignore[misc]
    """A network of one layer."""

    def build(self, hp: Any) -> keras.Model:
        scale = 1 / hp.Choice("scale", [255, 128])
        layers = [keras.layers.Rescaling(scale), keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
        model = keras.Sequential([keras.Input(self.dataset.shape), *layers])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


@pytest.fixture
def search(tmp_path: Path) -> Any:
    """Search in an empty folder."""

    def of(hypermodel: Any, trials: int, settings: dict[str, Any]) -> cnnsearch.Run:
        asked = {"data.image_size": 8, "data.color": "gray", "training.epochs": 2, **settings}
        return cnnsearch.run(hypermodel, "sample:digits", trials=trials, set=asked, runs=tmp_path / "runs")

    return of


class Often(Small):
    """One that trains again and again."""

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        for _ in range(4):
            model.fit(*args, **kwargs)


@pytest.mark.parametrize(("epochs", "most"), [(2, 3), (2, 2), (1, 1), (1, 3)])
def test_a_fit_that_trains_more_than_once_keeps_to_the_limits(search: Any, epochs: int, most: int) -> None:
    run = search(Often(), trials=5, settings={"training.epochs": epochs, "search.epochs": most})
    assert [(str(trial.status), len(trial.epochs)) for trial in run.trials] == [("stopped_early", most)]
    assert run.trials[0].reason == "the epochs of the search are spent"


def test_a_fit_that_trains_more_than_once_is_pruned_before_it_goes_on(search: Any) -> None:
    pruner = {"threshold": {"lower": 0.999, "first": 1}}
    run = search(Often(), trials=1, settings={"training.epochs": 1, "search.pruner": pruner})
    assert [(str(trial.status), len(trial.epochs)) for trial in run.trials] == [("pruned", 1)]


def test_what_is_trained_to_its_end_is_completed_whatever_the_limits_and_the_pruner_say(search: Any) -> None:
    settings = {"search.epochs": 4, "search.pruner": {"threshold": {"lower": 0.999, "first": 4}}}
    run = search(Often(), trials=5, settings={"training.epochs": 1, **settings})
    assert [(str(trial.status), len(trial.epochs)) for trial in run.trials] == [("completed", 4)]


class ByHand(Small):
    """One with a loop of its own, which calls the callbacks and tells them nothing else."""

    def fit(self, hp: Any, model: keras.Model, *args: Any, callbacks: list[Any], epochs: int, **kwargs: Any) -> Any:
        for callback in callbacks:
            callback.set_model(model)
        for epoch in range(epochs):
            history = model.fit(*args, epochs=1, **kwargs).history
            for callback in callbacks:
                callback.on_epoch_end(epoch, {name: value[-1] for name, value in history.items()})


def test_a_loop_of_its_own_ends_with_the_epochs_that_it_was_given(search: Any) -> None:
    run = search(ByHand(), trials=5, settings={"search.epochs": 2, "training.early_stopping": None})
    assert [(str(trial.status), len(trial.epochs)) for trial in run.trials] == [("completed", 2)]
