"""Batches that go through the network in parts: the same training in less memory."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.model.optimizer import accumulating, optimizer_of
from cnnsearch.search.model.schedules import PerStep
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.material import Wanted, material_of
from cnnsearch.search.trial.training import run_trial
from cnnsearch.search.trial.whole import Whole
from cnnsearch.spaces.document import Configuration, Data
from tests.search.trial.parent import Parent

DATA = {"source": "sample:digits", "image_size": [8, 8], "color": "gray"}
WARM_COSINE = {"cosine": {"warmup": 0.5}}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "schedule": {"schedule": WARM_COSINE, "steps_per_epoch": 5},
    "decay of each step": {"schedule": {"inverse_time": {"decay": 0.1}}},
    "clipped and weighted": {"clip_norm": 0.01, "class_weights": "balanced", "label_smoothing": 0.1},
    "a prime": {"batch_size": 131},
}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data.model_validate(DATA), tmp_path_factory.mktemp("cache"))


def configuration(**training: Any) -> Configuration:
    plain = {"epochs": 2, "seed": 5, "batch_size": 128, "early_stopping": None}
    return Configuration.model_validate(
        {
            "data": DATA,
            "model": {"scratch": {"blocks": 1, "filters": 4}},
            "optimizer": {"sgd": {"learning_rate": 0.05, "momentum": 0.9}},
            "training": plain | training,
        }
    )


def epochs(digits: Dataset, folder: Path, **training: Any) -> list[dict[str, float]]:
    parent = Parent()
    job = TrialJob(
        configuration(**training),
        digits.reference(),
        ("train",),
        "validation",
        Objective.of("val_accuracy"),
        5,
        folder / "model.keras",
    )
    run_trial(parent, job)
    return parent.metrics


@pytest.mark.parametrize("name", SETTINGS)
def test_a_training_in_parts_is_the_training_in_whole_batches(digits: Dataset, tmp_path: Path, name: str) -> None:
    whole = epochs(digits, tmp_path, **SETTINGS[name])
    parts = epochs(digits, tmp_path, accumulate=4, **SETTINGS[name])
    for one, other in zip(whole, parts, strict=True):
        assert other["learning_rate"] == pytest.approx(one["learning_rate"], rel=1e-5)
        assert other["val_loss"] == pytest.approx(one["val_loss"], rel=0.01 if name == "a prime" else 1e-3)
        assert other["loss"] == pytest.approx(one["loss"], rel=0.01 if name == "a prime" else 1e-3)


def test_an_average_forgets_by_steps_and_not_by_parts() -> None:
    whole, parts = (optimizer_of(configuration(ema=0.9, accumulate=n), 10) for n in (1, 4))
    assert parts.ema_momentum**4 == pytest.approx(whole.ema_momentum)


def test_validation_batches_are_smaller_in_the_same_measure(digits: Dataset) -> None:
    reduced = configuration(accumulate=4)
    wanted = Wanted(reduced, digits, ("train",), "validation", 5)
    material = material_of(wanted, Whole(reduced, 10), lambda _: None)
    assert len(material.fed.data[0][0]) == 32
    assert len(material.validation[0][0]) == 32


def test_an_own_optimizer_makes_steps_of_parts_as_well() -> None:
    rate = keras.optimizers.schedules.CosineDecay(0.1, 10)
    own = keras.optimizers.Adam(rate, gradient_accumulation_steps=2)
    optimizer = accumulating(own, 3)
    assert (type(optimizer), optimizer.gradient_accumulation_steps) == (keras.optimizers.Adam, 6)
    assert float(optimizer._learning_rate(7)) == pytest.approx(float(rate(2)))
    assert accumulating(own, 1) is own


def test_a_schedule_over_steps_is_written_and_read() -> None:
    schedule = PerStep(keras.optimizers.schedules.CosineDecay(0.1, 10), 4)
    again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    for part in range(41):
        assert np.isclose(float(again(part)), float(schedule(part // 4 * 4)))
