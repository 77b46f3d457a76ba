"""What is fed an epoch at a time is, batch for batch, what `Batches` gives."""

from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding import at_once
from cnnsearch.search.dataset.feeding.at_once import fed_for_evaluation, fed_for_training
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.dataset.feeding.mixing import Mixing
from cnnsearch.search.dataset.feeding.targets import Targets
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data

FORMS: list[dict[str, Any]] = [
    {},
    {"seed": 5, "steps": 3},
    {"targets": Targets(columns=2, smoothing=0.1, class_weights={"cat": 2.0})},
    {"targets": Targets(class_weights="balanced")},
]


@pytest.fixture
def dataset(folder, pets, tmp_path: Path) -> Dataset:
    return prepare_dataset(Data(source=str(folder(pets)), image_size=[4, 4]), tmp_path / "cache")


def same(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(part, np.asarray(fed)) and part.dtype == np.asarray(fed).dtype
        for part, fed in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("form", FORMS)
def test_training_gets_the_batches_of_each_epoch_in_their_order(dataset: Dataset, form: dict[str, Any]) -> None:
    batches = Batches(dataset, ["train"], 4, **form)
    fed = fed_for_training(batches, epochs=3)
    assert fed.steps == len(batches)
    found = list(islice(fed.data, 3 * len(batches)))
    for epoch in range(3):
        batches.epoch = epoch
        for index in range(len(batches)):
            assert same(batches[index], found[epoch * len(batches) + index])


def test_evaluation_gets_the_batches_of_one_epoch_each_time(dataset: Dataset) -> None:
    batches = Batches(dataset, ["train"], 4, shuffle=False)
    fed = fed_for_evaluation(batches)
    for _ in range(2):
        assert all(same(batches[index], batch) for index, batch in enumerate(fed))


def test_what_is_too_large_comes_batch_by_batch(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = Batches(dataset, ["train"], 4)
    monkeypatch.setattr(at_once, "MOST_BYTES", batches.epoch_bytes - 1)
    assert fed_for_training(batches, epochs=3).data is batches
    assert fed_for_evaluation(batches) is batches


def test_other_backends_take_batches_from_python(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    batches = Batches(dataset, ["train"], 4)
    assert fed_for_training(batches, epochs=3).data is batches


def test_mixed_images_have_no_epoch_in_one_piece(dataset: Dataset) -> None:
    batches = Batches(dataset, ["train"], 4, targets=Targets(columns=2), mixing=Mixing(mixup=0.4))
    with pytest.raises(ValueError, match="an epoch in one piece has no mixed images, got Mixing"):
        batches.whole(0)
