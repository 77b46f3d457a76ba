"""Batches, and their order through real training."""

import random
from pathlib import Path

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.dataset.feeding.mixing import Mixing
from cnnsearch.search.dataset.feeding.targets import Targets
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data

MIXED = {"targets": Targets(columns=2), "mixing": Mixing(mixup=0.4, cutmix=1.0)}


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


def epochs(batches: Batches, number: int) -> list[list[int]]:
    """The rows of the first epochs."""
    orders = []
    for epoch in range(number):
        batches.epoch = epoch
        orders.append(batches.rows.tolist())
    return orders


@pytest.mark.parametrize(("batch_size", "steps"), [(4, 2), (4, 5), (3, 20), (40, 1)])
def test_epochs_of_so_many_steps_are_cut_out_of_shuffled_passes(dataset: Dataset, batch_size: int, steps: int) -> None:
    train = dataset.rows("train").tolist()
    orders = epochs(Batches(dataset, ["train"], batch_size, seed=3, steps=steps), 7)
    assert [len(order) for order in orders] == [batch_size * steps] * 7
    fed = [row for order in orders for row in order]
    passes = [fed[begin : begin + len(train)] for begin in range(0, len(fed) - len(train) + 1, len(train))]
    assert all(sorted(one) == train for one in passes)
    assert len({tuple(one) for one in passes}) == len(passes)


def test_an_epoch_of_steps_depends_on_seed_and_epoch_only(dataset: Dataset) -> None:
    orders = epochs(Batches(dataset, ["train"], 4, seed=3, steps=5), 4)
    later = Batches(dataset, ["train"], 4, seed=3, steps=5)
    later.epoch = 3
    assert later.rows.tolist() == orders[3]
    assert [batch for index in (4, 0, 2) for batch in later[index][1]] == [
        *dataset.labels[orders[3][16:20]],
        *dataset.labels[orders[3][:4]],
        *dataset.labels[orders[3][8:12]],
    ]
    assert epochs(Batches(dataset, ["train"], 4, seed=4, steps=5), 4) != orders


def test_without_shuffling_the_passes_follow_each_other(dataset: Dataset) -> None:
    train = dataset.rows("train").tolist()
    orders = epochs(Batches(dataset, ["train"], 4, shuffle=False, steps=5), 2)
    assert [*orders[0], *orders[1]] == (train * 3)[:40]


def test_training_takes_epochs_of_so_many_steps(dataset: Dataset, model: keras.Model) -> None:
    batches = Recorded(dataset, ["train"], 4, seed=3, steps=5)
    model.fit(batches, epochs=3, shuffle=False, verbose=0)
    assert batches.epoch == 3
    fed = {epoch: [row for rows in batches.fed[epoch] for row in rows] for epoch in range(3)}
    assert list(fed.values()) == epochs(Batches(dataset, ["train"], 4, seed=3, steps=5), 3)


@pytest.mark.parametrize(("columns", "shares"), [(2, [[1, 0], [0, 1]]), (1, [[0], [1]])])
def test_columns_are_the_shares_of_the_classes(dataset: Dataset, columns: int, shares: list[list[float]]) -> None:
    _, targets = Batches(dataset, ["train"], 14, targets=Targets(columns), seed=1)[0]
    _, labels = Batches(dataset, ["train"], 14, seed=1)[0]
    assert targets.dtype == np.float32
    assert np.array_equal(targets, np.array(shares)[labels])


def test_smoothing_spreads_a_share_over_all_classes(dataset: Dataset) -> None:
    _, labels = Batches(dataset, ["train"], 14)[0]
    _, both = Batches(dataset, ["train"], 14, targets=Targets(2, smoothing=0.2))[0]
    _, second = Batches(dataset, ["train"], 14, targets=Targets(1, smoothing=0.2))[0]
    assert np.allclose(both, np.array([[0.9, 0.1], [0.1, 0.9]])[labels])
    assert np.allclose(second, np.array([[0.1], [0.9]])[labels])


@pytest.fixture
def rare(folder, photo, tmp_path: Path) -> Dataset:
    files = {f"cat/{number}.jpg": photo(number) for number in range(15)}
    files |= {f"dog/{number}.jpg": photo(100 + number) for number in range(5)}
    return prepare_dataset(Data(source=str(folder(files, "rare")), image_size=[4, 4]), tmp_path / "cache")


def test_balanced_weights_count_every_class_for_the_same(rare: Dataset) -> None:
    _, labels, weights = Batches(rare, ["train"], 100, targets=Targets(class_weights="balanced"))[0]
    counts = np.bincount(labels)
    assert np.allclose(weights, (len(labels) / (2 * counts))[labels])
    assert np.allclose(weights[labels == 0].sum(), weights[labels == 1].sum())
    assert weights.dtype == np.float32


def test_balance_is_counted_over_all_parts_that_are_trained_on(rare: Dataset) -> None:
    parts = ["train", "validation", "test"]
    _, labels, weights = Batches(rare, parts, 100, targets=Targets(class_weights="balanced"))[0]
    assert np.allclose(weights, np.array([20 / (2 * 15), 20 / (2 * 5)])[labels])


def test_a_class_without_a_weight_of_its_own_counts_one(dataset: Dataset) -> None:
    _, labels, weights = Batches(dataset, ["train"], 14, targets=Targets(class_weights={"dog": 2.5}))[0]
    assert np.array_equal(weights, np.where(labels == 1, 2.5, 1))


def test_a_mixed_image_counts_by_its_shares_and_not_by_their_smoothing(dataset: Dataset) -> None:
    def batch(smoothing: float):
        targets = Targets(2, smoothing, {"cat": 1.0, "dog": 3.0})
        return Batches(dataset, ["train"], 14, targets=targets, mixing=Mixing(mixup=1.0))[0]

    (images, shares, weights), (same_images, smoothed, same_weights) = batch(0.0), batch(0.2)
    assert np.allclose(weights, shares @ [1, 3])
    assert set(weights.tolist()) - {1.0, 3.0}
    assert np.array_equal(weights, same_weights)
    assert np.array_equal(images, same_images)
    assert np.allclose(smoothed, 0.8 * shares + 0.1)


def test_mixed_batches_depend_on_seed_epoch_and_batch_only(dataset: Dataset) -> None:
    def fed(epoch: int, index: int, seed: int = 3) -> tuple[bytes, bytes]:
        batches = Batches(dataset, ["train"], 6, seed=seed, **MIXED)
        batches.epoch = epoch
        images, targets = batches[index]
        return images.tobytes(), targets.tobytes()

    running = Batches(dataset, ["train"], 6, seed=3, **MIXED)
    for epoch in range(3):
        running.epoch = epoch
        for index in range(len(running)):
            images, targets = running[index]
            assert fed(epoch, index) == (images.tobytes(), targets.tobytes())
    assert fed(0, 0) != fed(0, 0, seed=4)


def test_each_batch_and_epoch_is_mixed_in_its_own_way(dataset: Dataset) -> None:
    same_rows = Batches(dataset, ["train"], 14, shuffle=False, steps=3, targets=Targets(2), mixing=Mixing(mixup=1.0))
    fed = set()
    for epoch in range(3):
        same_rows.epoch = epoch
        fed |= {same_rows[index][0].tobytes() for index in range(3)}
    assert len(fed) == 9


class Kept(Batches):
    """Keeps what was fed in each epoch."""

    def __getitem__(self, index):
        batch = super().__getitem__(index)
        if self._begun:
            self.__dict__.setdefault("fed", {})[self.epoch, index] = b"".join(part.tobytes() for part in batch)
        return batch


def test_a_continued_training_is_fed_what_an_uninterrupted_one_is(dataset: Dataset, model: keras.Model) -> None:
    model.compile("sgd", "categorical_crossentropy")
    targets = Targets(2, smoothing=0.1, class_weights={"cat": 2.0})
    whole, rest = (
        Kept(dataset, ["train"], 4, seed=3, steps=3, targets=targets, mixing=MIXED["mixing"]) for _ in range(2)
    )
    model.fit(whole, epochs=4, shuffle=False, verbose=0)
    rest.epoch = 2
    model.fit(rest, initial_epoch=2, epochs=4, shuffle=False, verbose=0)
    assert len(whole.fed) == 4 * 3
    assert rest.fed == {place: fed for place, fed in whole.fed.items() if place[0] >= 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "an epoch has at least one batch, got steps=0"),
        ({"mixing": Mixing(mixup=0.2)}, r"mixed images have mixed targets, got columns=0 with Mixing\(mixup=0.2"),
        (
            {"targets": Targets(class_weights={"cow": 1.0})},
            r"class weights belong to the classes cat, dog, got \['cow'\]",
        ),
    ],
)
def test_what_cannot_be_fed_is_refused(dataset: Dataset, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Batches(dataset, ["train"], 4, **options)


def test_class_numbers_cannot_be_smoothed() -> None:
    with pytest.raises(ValueError, match=r"smoothed targets have columns, got columns=0 with smoothing=0.1"):
        Targets(smoothing=0.1)
