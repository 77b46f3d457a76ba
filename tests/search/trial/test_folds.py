"""Cross-validated trials on real digits: fresh weights in each fold, every image validated on once, one model kept."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Objective
from cnnsearch.search.seeds import fold_seed
from cnnsearch.search.trial.callbacks import Reporter
from cnnsearch.search.trial.course import Place, TrialJob
from cnnsearch.search.trial.failures import NotANumber
from cnnsearch.search.trial.messages import Built, Done, EpochDone, Trained, Verdict
from cnnsearch.search.trial.training import run_trial
from cnnsearch.spaces.document import Configuration, Data
from tests.search.trial.parent import Parent

FOLDS = {"source": "sample:digits", "image_size": [8, 8], "color": "gray", "folds": 2}
ACCURACY = Objective.of("val_accuracy")


Train = Callable[..., tuple[Parent, Path]]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data.model_validate(FOLDS), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def train(digits: Dataset, tmp_path: Path) -> Train:
    """`train(Parent(), fold=None, **training)`: the parent of a finished trial, and its model's file.

    With a fold, a plain trial on that fold alone, with its seed.
    """

    def trained(parent: Parent, fold: int | None = None, **training: Any) -> tuple[Parent, Path]:
        raw = {"epochs": 2, "batch_size": 128, "early_stopping": None} | training
        sections = {"model": {"scratch": {"blocks": 1, "filters": 4}}, "optimizer": {"adam": {"learning_rate": 0.01}}}
        data = FOLDS if fold is None else FOLDS | {"folds": None}
        configuration = Configuration.model_validate({"data": data, "training": raw, **sections})
        reference = digits.reference() if fold is None else digits.reference().of_fold(fold - 1)
        seed = 5 if fold is None else fold_seed(5, fold)
        model = tmp_path / f"model-{fold}.keras"
        run_trial(parent, TrialJob(configuration, reference, ("train",), "validation", ACCURACY, seed, model))
        return parent, model

    return trained


def test_a_trial_trains_on_each_fold_and_its_score_is_their_mean(train: Train) -> None:
    parent, _ = train(Parent())
    assert [type(message) for message in parent.heard] == [Built, *[EpochDone] * 4, Trained, Done]
    assert [(epoch.fold, epoch.number) for epoch in parent.epochs] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [message.is_last for message in parent.told(EpochDone)] == [False, False, False, True]
    found = outcome_of(parent.epochs, ACCURACY)
    assert found is not None
    assert [fold.fold for fold in found.folds] == [1, 2]
    assert parent.ended.score == pytest.approx(found.score) == pytest.approx(np.mean([f.score for f in found.folds]))


def test_each_fold_is_a_plain_training_on_its_share_with_fresh_weights_and_a_seed_of_its_own(train: Train) -> None:
    folds, _ = train(Parent())
    for fold in (1, 2):
        alone, _ = train(Parent(), fold=fold)
        assert [dict(e.metrics) for e in folds.epochs if e.fold == fold] == [dict(e.metrics) for e in alone.epochs]


def test_the_first_folds_best_model_is_kept(train: Train, digits: Dataset) -> None:
    parent, kept = train(Parent())
    _, first = train(Parent(), fold=1)
    models = [keras.saving.load_model(file, compile=False).get_weights() for file in (kept, first)]
    assert all(np.array_equal(one, other) for one, other in zip(*models, strict=True))
    rows = digits.rows("validation")
    loaded = keras.saving.load_model(kept)
    scores = loaded.evaluate(digits.images[rows], digits.labels[rows], verbose=0, return_dict=True)
    best = max(epoch.metrics["val_accuracy"] for epoch in parent.epochs if epoch.fold == 1)
    assert scores["accuracy"] == pytest.approx(best)


def test_a_verdict_ends_all_folds(train: Train) -> None:
    parent, model = train(Parent(1, Verdict.PRUNE, keep=False))
    assert [(epoch.fold, epoch.number) for epoch in parent.epochs] == [(1, 1)]
    assert (parent.ended.reason, model.exists()) == ("prune", False)
    parent, _ = train(Parent(3))
    assert [(epoch.fold, epoch.number) for epoch in parent.epochs] == [(1, 1), (1, 2), (2, 1)]
    assert parent.ended.reason == "stop"


def test_early_stopping_works_inside_each_fold_and_is_told_of_all(train: Train) -> None:
    rule = {"monitor": "val_loss", "patience": 1, "min_delta": 10.0}
    parent, _ = train(Parent(), epochs=5, early_stopping=rule)
    assert [(epoch.fold, epoch.number) for epoch in parent.epochs] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert parent.ended.reason == "no better val_loss for 1 epochs in 2 of 2 folds"


def test_every_image_but_those_of_the_test_part_is_validated_on_once(digits: Dataset) -> None:
    from cnnsearch.search.dataset.dataset import open_dataset

    folds = [open_dataset(digits.reference().of_fold(fold)) for fold in range(2)]
    validated = np.concatenate([fold.rows("validation") for fold in folds])
    assert sorted(validated) == sorted({*range(len(digits.names))} - {*digits.rows("test").tolist()})
    assert all(np.array_equal(fold.rows("test"), digits.rows("test")) for fold in folds)


class Asked:
    """A parent that must not be asked."""

    def ask(self, message: object) -> object:
        raise AssertionError(message)


@pytest.mark.parametrize(("fold", "where"), [(2, "after epoch 3 of fold 2"), (None, "after epoch 3")])
def test_a_loss_that_is_no_number_is_told_with_its_fold(fold: int | None, where: str) -> None:
    reporter = Reporter(Asked(), Place(fold))  # type: ignore[arg-type]
    reporter.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    reporter.model.compile("sgd", "mse")
    with pytest.raises(NotANumber, match=f"^val_loss is nan {where}$"):
        reporter.on_epoch_end(2, {"loss": 1.0, "val_loss": math.nan})
