"""Batches, and their order through real training."""

import random
from pathlib import Path

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding import Batches
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data


@pytest.fixture
def dataset(folder, pets, tmp_path: Path) -> Dataset:
    return prepare_dataset(Data(source=str(folder(pets)), image_size=[4, 4]), tmp_path / "cache")


@pytest.fixture
def model() -> keras.Model:
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class Recorded(Batches):
    """Writes down which labels were fed, for each epoch."""

    def __getitem__(self, index):
        if self._begun:
            self.__dict__.setdefault("fed", {}).setdefault(self.epoch, []).append(
                self.rows[index * 4 : index * 4 + 4].tolist()
            )
        return super().__getitem__(index)


def test_a_batch_is_pixels_and_labels(dataset: Dataset) -> None:
    batches = Batches(dataset, ["train"], 4, shuffle=False)
    images, labels = batches[0]
    rows = dataset.rows("train")[:4]
    assert np.array_equal(images, dataset.images[rows])
    assert np.array_equal(labels, dataset.labels[rows])
    assert (images.dtype, labels.dtype) == (np.uint8, np.int32)


def test_the_last_batch_may_be_smaller(dataset: Dataset) -> None:
    batches = Batches(dataset, ["train"], 4)
    assert [len(batches[index][1]) for index in range(len(batches))] == [4, 4, 4, 2]


def test_parts_may_be_joined(dataset: Dataset) -> None:
    joined = Batches(dataset, ["train", "validation"], 32)
    assert sorted(joined.rows) == sorted([*dataset.rows("train"), *dataset.rows("validation")])


def test_an_epochs_order_depends_on_seed_and_epoch_only(dataset: Dataset) -> None:
    batches = Batches(dataset, ["train"], 4, seed=3)
    first = batches.rows.tolist()
    batches.epoch = 5
    fifth = batches.rows.tolist()
    random.seed(1)
    np.random.seed(1)
    again = Batches(dataset, ["train"], 32, seed=3)
    assert again.rows.tolist() == first
    again.epoch = 5
    assert again.rows.tolist() == fifth
    assert Batches(dataset, ["train"], 4, seed=4).rows.tolist() != first != fifth
    assert sorted(first) == sorted(fifth) == dataset.rows("train").tolist()


def test_training_feeds_each_epoch_in_its_own_order(dataset: Dataset, model: keras.Model) -> None:
    batches = Recorded(dataset, ["train"], 4, seed=3)
    validation = Batches(dataset, ["validation"], 4, shuffle=False)
    model.fit(batches, validation_data=validation, epochs=3, shuffle=False, verbose=0)
    assert batches.epoch == 3
    for epoch in range(3):
        expected = Batches(dataset, ["train"], 4, seed=3)
        expected.epoch = epoch
        assert [row for rows in batches.fed[epoch] for row in rows] == expected.rows.tolist()


def test_training_goes_on_at_a_later_epoch(dataset: Dataset, model: keras.Model) -> None:
    whole, rest = Recorded(dataset, ["train"], 4), Recorded(dataset, ["train"], 4)
    model.fit(whole, epochs=4, shuffle=False, verbose=0)
    rest.epoch = 2
    model.fit(rest, initial_epoch=2, epochs=4, shuffle=False, verbose=0)
    assert rest.fed == {epoch: whole.fed[epoch] for epoch in (2, 3)}


def test_one_batch_is_a_whole_epoch(dataset: Dataset, model: keras.Model) -> None:
    batches = Batches(dataset, ["train"], 100)
    model.fit(batches, epochs=2, shuffle=False, verbose=0)
    assert batches.epoch == 2
    assert model.predict(batches, verbose=0).shape == (14, 2)


def test_an_empty_batch_size_is_refused(dataset: Dataset) -> None:
    with pytest.raises(ValueError, match="a batch holds at least one image, got batch_size=0"):
        Batches(dataset, ["train"], 0)
