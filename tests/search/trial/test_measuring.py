"""What is measured of a model before its training, and what metrics its epochs are measured by."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.model.build import build_network
from cnnsearch.search.model.size import weight_bytes
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.trial.measuring import latency, measures_of
from cnnsearch.search.trial.messages import Built, Done, EpochDone
from cnnsearch.search.trial.training import TrialJob, run_trial
from cnnsearch.spaces.document import Configuration, Data
from tests.search.trial.parent import Parent


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Digits of which the second class is rare: 150 zeros, 30 ones, 90 twos."""
    images, labels = load_digits(return_X_y=True)
    rows = np.concatenate([np.flatnonzero(labels == k)[:most] for k, most in enumerate((150, 30, 90))])
    path = tmp_path_factory.mktemp("uneven") / "digits.npz"
    np.savez(path, images=(images[rows].reshape(-1, 8, 8) * 15).astype("uint8"), labels=labels[rows])
    data = Data.model_validate({"source": str(path), "image_size": [8, 8], "color": "gray"})
    return prepare_dataset(data, tmp_path_factory.mktemp("cache"))


def configuration(source: str, search: dict[str, Any], **sections: Any) -> Configuration:
    raw = {
        "data": {"source": source, "image_size": [8, 8], "color": "gray"},
        "model": {"scratch": {"blocks": 1, "filters": 8}},
        "training": {"epochs": 3, "batch_size": 32, "seed": 5, "early_stopping": None},
        "search": search,
    }
    return Configuration.model_validate(raw | sections)


def ran(dataset: Dataset, model: Path, search: dict[str, Any], **sections: Any) -> Parent:
    parent, wanted = Parent(), configuration(dataset.source, search, **sections)
    objective, measures = Objectives.of(wanted.search).epoch, measures_of(wanted.search)
    job = TrialJob(wanted, dataset.reference(), ("train",), "validation", objective, 5, model, measures=measures)
    run_trial(parent, job)
    return parent


def test_macro_f1_of_an_epoch_is_scikit_learns_of_the_model_that_is_left(uneven: Dataset, tmp_path: Path) -> None:
    model = tmp_path / "model.keras"
    parent = ran(uneven, model, {"objective": "val_macro_f1"})
    assert all({"val_macro_f1", "val_accuracy"} <= epoch.keys() and "macro_f1" not in epoch for epoch in parent.metrics)
    rows = uneven.rows("validation")
    taken = keras.saving.load_model(model).predict(uneven.images[rows], verbose=0).argmax(axis=1)
    expected = f1_score(uneven.labels[rows], taken, average="macro")
    assert max(epoch["val_macro_f1"] for epoch in parent.metrics) == pytest.approx(expected, abs=1e-6)


def test_what_is_measured_beside_changes_no_training(uneven: Dataset, tmp_path: Path) -> None:
    plain = ran(uneven, tmp_path / "a.keras", {})
    measured = ran(uneven, tmp_path / "b.keras", {"objective": ["val_accuracy", "latency", "val_auc"]})
    common = [
        {name: epoch[name] for name in before} for before, epoch in zip(plain.metrics, measured.metrics, strict=True)
    ]
    assert common == plain.metrics


def test_with_views_metrics_are_those_of_the_mean_view(uneven: Dataset, tmp_path: Path) -> None:
    parent = ran(uneven, tmp_path / "a.keras", {"objective": "val_auc"}, evaluation={"flip": True})
    assert all(0 <= epoch["val_auc"] <= 1 for epoch in parent.metrics)


def test_early_stopping_watches_a_metric_that_is_asked_for(uneven: Dataset, tmp_path: Path) -> None:
    still = {"epochs": 9, "seed": 5, "early_stopping": {"monitor": "val_macro_f1", "patience": 1, "min_delta": 1.0}}
    parent = ran(uneven, tmp_path / "a.keras", {"constraints": {"val_macro_f1": ">= 0.1"}}, training=still)
    assert len(parent.metrics) == 2


@pytest.mark.parametrize("limit", [{"latency": "<= 1us"}, {"parameters": "<= 10"}, {"model_size": "<= 10B"}])
def test_a_model_beyond_its_limits_is_not_trained(uneven: Dataset, tmp_path: Path, limit: dict[str, str]) -> None:
    parent = ran(uneven, tmp_path / "model.keras", {"constraints": limit})
    assert [type(message) for message in parent.heard] == [Built, Done]
    assert not (tmp_path / "model.keras").exists()


def test_what_is_known_of_a_model_is_told_when_it_stands(uneven: Dataset, tmp_path: Path) -> None:
    parent = ran(uneven, tmp_path / "model.keras", {"objective": ["val_accuracy", "latency"]})
    built = parent.heard[0]
    assert isinstance(built, Built)
    assert built.model_size == 4 * built.parameters
    assert built.latency is not None
    assert built.latency > 0
    assert any(isinstance(message, EpochDone) for message in parent.heard)


def test_latency_is_not_measured_where_nobody_asks(uneven: Dataset, tmp_path: Path) -> None:
    built = ran(uneven, tmp_path / "model.keras", {}).heard[0]
    assert isinstance(built, Built)
    assert built.latency is None


def test_latency_leaves_the_model_as_it_was() -> None:
    model = build_network(configuration("sample:digits", {}), 10)
    before = model.get_weights()
    assert latency(model) > 0
    assert not model.compiled
    assert all(np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
    assert weight_bytes(model) == sum(array.nbytes for array in before)
