"""Trials on rungs, on real digits: cheap trainings first, each with fresh weights; the last is the one asked for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset, DatasetReference
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import Built, Done, EpochDone, RungDone, Trained
from cnnsearch.search.trial.training import run_trial
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.rungs import climbed, on_rung
from tests.search.trial.parent import Parent

ACCURACY = Objective.of("val_accuracy")
DIGITS = {"source": "sample:digits", "image_size": [8, 8], "color": "gray"}
SHARES = {"data": [0.1, 1.0]}


Train = Callable[..., tuple[Parent, Path]]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Datasets:
    return Datasets(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def train(datasets: Datasets, tmp_path: Path) -> Train:
    """`train(Parent(), fidelity, **training)`: the parent of an ended trial, and its model's file."""

    def trained(parent: Parent, fidelity: dict[str, Any] | None = None, **training: Any) -> tuple[Parent, Path]:
        job = job_of(datasets, fidelity, DIGITS, training)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.keras"
        run_trial(parent, replace(job, model=path))
        return parent, path

    return trained


def job_of(
    datasets: Datasets, fidelity: dict[str, Any] | None, data: dict[str, Any], training: dict[str, Any]
) -> TrialJob:
    sections = {
        "model": {"scratch": {"blocks": 1, "filters": 4, "dropout": 0.2}},
        "augment": {"translation": 0.1},
        "optimizer": {"adam": {"learning_rate": 0.01}},
        "training": {"epochs": 2, "batch_size": 128, "early_stopping": None} | training,
        "search": {"fidelity": fidelity},
    }
    configuration = Configuration.model_validate({"data": data, **sections})

    def images(wanted: Configuration) -> DatasetReference:
        return datasets.of(wanted.data).reference()

    rungs = tuple((r, images(on_rung(configuration, r)).of_share(r.share)) for r in climbed(configuration))
    return TrialJob(configuration, images(configuration), ("train",), "validation", ACCURACY, 5, Path(), rungs=rungs)


def on(parent: Parent, rung: int | None) -> list[dict[str, float]]:
    """The metrics of each epoch on a rung."""
    return [dict(e.metrics) for e in parent.epochs if (e.rung.number if e.rung else None) == rung]


def weights_in(path: Path) -> list[np.ndarray[Any, Any]]:
    weights: list[np.ndarray[Any, Any]] = keras.saving.load_model(path, compile=False).get_weights()
    return weights


def test_the_last_rung_is_the_training_without_fidelity_to_the_last_digit(train: Train) -> None:
    climber, kept = train(Parent(), SHARES)
    plain, asked_for = train(Parent())
    assert on(climber, 3) == on(plain, None)
    assert all(np.array_equal(*pair) for pair in zip(weights_in(kept), weights_in(asked_for), strict=True))
    assert climber.ended.score == plain.ended.score


def test_each_rung_has_all_epochs_and_ends_with_a_question(train: Train) -> None:
    parent, _ = train(Parent(), SHARES)
    rung = [EpochDone, EpochDone, RungDone, Built]
    assert [type(message) for message in parent.heard] == [Built, *rung, *rung, EpochDone, EpochDone, Trained, Done]
    assert [(e.rung.number if e.rung else 0, e.number) for e in parent.epochs] == [
        (rung, number) for rung in (1, 2, 3) for number in (1, 2)
    ]
    assert [message.is_last for message in parent.told(EpochDone)] == [*[False] * 5, True]


def test_a_rung_is_the_training_on_its_share_of_the_images(train: Train, datasets: Datasets) -> None:
    parent, _ = train(Parent(), SHARES)
    job = job_of(datasets, None, DIGITS, {})
    alone = Parent(keep=False)
    run_trial(alone, replace(job, dataset=job.dataset.of_share(0.1)))  # type: ignore[arg-type]
    assert on(parent, 1) == on(alone, None)


def test_small_images_come_first(train: Train) -> None:
    parent, model = train(Parent(), {"image_size": [4, 8]})
    plain, _ = train(Parent())
    assert [epoch.rung.fidelity for epoch in parent.epochs if epoch.rung] == ["4x4", "4x4", "8x8", "8x8"]
    assert on(parent, 2) == on(plain, None)
    assert keras.saving.load_model(model, compile=False).input_shape == (None, 8, 8, 1)


def test_a_trial_that_climbs_no_further_keeps_the_model_of_its_rung(train: Train, datasets: Datasets) -> None:
    parent, path = train(Parent(at=1), {"image_size": [4, 8]})
    assert [type(message) for message in parent.heard] == [Built, EpochDone, EpochDone, RungDone, Trained, Done]
    assert parent.ended.reason == "prune"
    found = outcome_of(parent.epochs, ACCURACY)
    assert found is not None
    assert found.rung is not None
    assert (found.rung.number, found.score) == (1, parent.ended.score)
    model, small = keras.saving.load_model(path), dataset_at(datasets, 4)
    rows = small.rows("validation")
    scores = model.evaluate(small.images[rows], small.labels[rows], verbose=0, return_dict=True)
    assert scores["accuracy"] == pytest.approx(found.score)


def dataset_at(datasets: Datasets, size: int) -> Dataset:
    return datasets.of(Configuration.model_validate({"data": DIGITS | {"image_size": size}, "model": "scratch"}).data)


def test_a_trial_that_is_stopped_within_a_rung_is_not_asked_about_it(train: Train) -> None:
    parent, _ = train(Parent(3, keep=False), SHARES)
    assert [epoch.rung.number for epoch in parent.epochs if epoch.rung] == [1, 1, 2]
    assert [type(message) for message in parent.heard[-3:]] == [EpochDone, Trained, Done]


def test_early_stopping_ends_a_rung_not_the_trial(train: Train) -> None:
    rule = {"monitor": "val_loss", "patience": 1, "min_delta": 10.0}
    parent, _ = train(Parent(), {"data": [0.4, 1.0]}, epochs=5, early_stopping=rule)
    assert [epoch.rung.number for epoch in parent.epochs if epoch.rung] == [1, 1, 2, 2]
    assert parent.ended.reason == "no better val_loss for 1 epochs"


def test_of_a_trial_with_folds_the_last_rung_alone_has_them(tmp_path: Path) -> None:
    datasets = Datasets(tmp_path)
    parent, plain = Parent(keep=False), Parent(keep=False)
    for asked, fidelity in ((parent, {"data": [0.4, 1.0]}), (plain, None)):
        run_trial(asked, job_of(datasets, fidelity, DIGITS | {"folds": 2}, {"epochs": 1}))  # type: ignore[arg-type]
    assert [(e.rung.number, e.fold) for e in parent.epochs if e.rung] == [(1, None), (2, 1), (2, 2)]
    assert on(parent, 2) == on(plain, None)
    assert parent.ended.score == plain.ended.score
