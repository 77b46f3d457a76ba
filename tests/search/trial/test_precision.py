"""Whole trials in half precision: they learn, with clipped, averaged and accumulated gradients, and say so."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import Built
from cnnsearch.search.trial.training import run_trial
from cnnsearch.spaces.document import Configuration, Data
from tests.search.trial.parent import Parent

DATA = {"source": "sample:digits", "image_size": [8, 8], "color": "gray"}
EVERYTHING = {"clip_norm": 1.0, "ema": 0.5, "accumulate": 2, "schedule": {"cosine": {"warmup": 0.5}}}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data.model_validate(DATA), tmp_path_factory.mktemp("cache"))


def trained(digits: Dataset, folder: Path, **training: Any) -> Parent:
    plain = {"epochs": 2, "seed": 5, "batch_size": 64, "early_stopping": None}
    raw = {
        "data": DATA,
        "model": {"scratch": {"blocks": 1, "filters": 8}},
        "optimizer": {"sgd": {"learning_rate": 0.05, "momentum": 0.9}},
        "training": plain | training,
    }
    parent = Parent()
    configuration = Configuration.model_validate(raw)
    objective = Objective.of("val_accuracy")
    reference = digits.reference()
    run_trial(
        parent, TrialJob(configuration, reference, ("train",), "validation", objective, 5, folder / "model.keras")
    )
    return parent


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16", "bfloat16_steps"])
def test_half_precision_learns_what_float32_does(digits: Dataset, tmp_path: Path, precision: str) -> None:
    whole = trained(digits, tmp_path, **EVERYTHING)
    half = trained(digits, tmp_path, precision=precision, **EVERYTHING)
    assert half.heard[0].precision == precision
    for one, other in zip(whole.metrics, half.metrics, strict=True):
        assert other["learning_rate"] == pytest.approx(one["learning_rate"])
        assert other["val_loss"] == pytest.approx(one["val_loss"], rel=0.05)


def test_what_is_trained_in_half_steps_is_measured_and_left_in_float32(digits: Dataset, tmp_path: Path) -> None:
    told = trained(digits, tmp_path, precision="bfloat16_steps", ema=0.5, early_stopping={"patience": 1}, epochs=4)
    model = keras.saving.load_model(tmp_path / "model.keras")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    rows = digits.rows("validation")
    found = np.asarray(model.predict(np.asarray(digits.images[rows]), verbose=0), dtype=np.float64)
    best = max(metrics["val_accuracy"] for metrics in told.metrics)
    assert float((found.argmax(axis=1) == digits.labels[rows]).mean()) == pytest.approx(best, abs=1e-6)
    again = trained(digits, tmp_path, precision="bfloat16_steps", ema=0.5, early_stopping={"patience": 1}, epochs=4)
    assert again.metrics == told.metrics


def test_a_trial_says_what_auto_was_on_its_device(digits: Dataset, tmp_path: Path) -> None:
    built = trained(digits, tmp_path, epochs=1).heard[0]
    assert isinstance(built, Built)
    assert (built.device, built.precision, built.jit) == ("cpu", "float32", False)
