"""Batches in parts are the same batches, piece by piece."""

from pathlib import Path

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.dataset.feeding.in_parts import InParts
from cnnsearch.search.dataset.feeding.mixing import Mixing
from cnnsearch.search.dataset.feeding.targets import Targets
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data

MIXED = {"targets": Targets(2, class_weights="balanced"), "mixing": Mixing(mixup=0.4, cutmix=1.0)}


@pytest.fixture
def dataset(folder, pets, tmp_path: Path) -> Dataset:
    return prepare_dataset(Data(source=str(folder(pets)), image_size=[4, 4]), tmp_path / "cache")


@pytest.mark.parametrize("settings", [{}, MIXED, {"steps": 5}])
@pytest.mark.parametrize("parts", [2, 3])
def test_the_parts_of_a_batch_are_that_batch(dataset: Dataset, settings: dict, parts: int) -> None:
    whole, other = (Batches(dataset, ["train"], 6, seed=3, **settings) for _ in range(2))
    cut = InParts(other, parts)
    assert len(cut) == parts * len(whole)
    for number in range(len(whole)):
        pieces = [cut[number * parts + part] for part in range(parts)]
        for array, split in zip(whole[number], zip(*pieces, strict=True), strict=True):
            assert max(map(len, split)) - min(map(len, split)) <= 1
            if len(array) >= parts:
                assert np.array_equal(np.concatenate(split), array)


@pytest.mark.parametrize("parts", [4, 7])
def test_a_last_batch_of_few_images_has_all_of_its_parts(dataset: Dataset, parts: int) -> None:
    whole, cut = Batches(dataset, ["train"], 4), InParts(Batches(dataset, ["train"], 4), parts)
    labels = whole[3][1]
    pieces = [cut[3 * parts + part][1] for part in range(parts)]
    assert len(labels) == 2
    assert [piece.tolist() for piece in pieces] == [[labels[part % 2]] for part in range(parts)]


def test_every_epoch_has_its_order(dataset: Dataset) -> None:
    batches = Batches(dataset, ["train"], 4)
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(InParts(batches, 2), epochs=3, shuffle=False, verbose=0)
    assert batches.epoch == 3
