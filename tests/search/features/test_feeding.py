"""Features in batches: the images' own, in the order of the images, and each time in one of their views or in all."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.dataset.feeding.mixing import Mixing
from cnnsearch.search.dataset.feeding.pixels import Streamed
from cnnsearch.search.dataset.feeding.targets import Targets
from cnnsearch.search.features import feeding
from cnnsearch.search.features.features import Features
from cnnsearch.search.features.feeding import EveryView, OneView
from tests.search.features.sums import Sums, sums

Made = Callable[..., Features]


@pytest.fixture(params=["held", "streamed"])
def features(request, made: Made, network: Sums, monkeypatch) -> Features:
    """Images and their mirror images; small enough to be held, or as if they were not."""
    if request.param == "streamed":
        monkeypatch.setattr(feeding, "HELD_BYTES", 0)
    return made(views=[network.plain(), network.flip()])


def seen(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """The features of images in both views, (2, rows, 3, 2)."""
    return np.stack([sums(dataset.images[rows]), sums(dataset.images[rows][:, :, ::-1])])


@pytest.mark.parametrize("steps", [None, 3, 20])
def test_each_image_is_fed_in_the_view_of_its_pass_and_in_the_order_of_images(
    steps: int | None, dataset: Dataset, features: Features
) -> None:
    inputs = OneView(features, seed=3)
    batches = Batches(dataset, ["train"], 4, seed=3, steps=steps, inputs=inputs)
    images = Batches(dataset, ["train"], 4, seed=3, steps=steps)
    count, fed = len(dataset.rows("train")), 0
    for epoch in range(3):
        batches.epoch = images.epoch = epoch
        assert np.array_equal(batches.rows, images.rows)
        for index in range(len(batches)):
            got, labels = batches[index]
            rows = batches.rows[4 * index : 4 * index + 4]
            passes = np.arange(fed, fed + len(rows)) // count
            views = [inputs.views(rows, number)[place] for place, number in enumerate(passes)]
            assert np.array_equal(got, seen(dataset, rows)[views, np.arange(len(rows))])
            assert np.array_equal(labels, dataset.labels[rows])
            fed += len(rows)


def test_views_are_drawn_anew_in_each_pass_and_alike_for_the_same_seed(dataset: Dataset, features: Features) -> None:
    rows = dataset.rows("train")
    one, same, other = OneView(features, 3), OneView(features, 3), OneView(features, 4)
    assert np.array_equal(one.views(rows, 5), same.views(rows, 5))
    assert not np.array_equal(one.views(rows, 5), other.views(rows, 5))
    drawn = np.stack([one.views(rows, number) for number in range(400)])
    assert set(drawn.flat) == {0, 1}
    assert np.abs(drawn.mean(0) - 0.5).max() < 0.13  # five standard deviations
    assert np.abs(np.corrcoef(drawn.T)[np.triu_indices(len(rows), 1)]).max() < 0.3


def test_every_view_is_fed_where_there_are_several(dataset: Dataset, features: Features) -> None:
    batches = Batches(dataset, ["validation"], 3, shuffle=False, inputs=EveryView(features))
    rows = dataset.rows("validation")
    fed = np.concatenate([batches[index][0] for index in range(len(batches))])
    assert np.array_equal(fed, seen(dataset, rows).swapaxes(0, 1))


@pytest.mark.parametrize("inputs", [EveryView, lambda features: OneView(features, 1)])
def test_one_view_has_no_axis_of_its_own(inputs, dataset: Dataset, made: Made) -> None:
    got, _ = Batches(dataset, ["validation"], 3, shuffle=False, inputs=inputs(made()))[0]
    assert np.array_equal(got, sums(dataset.images[dataset.rows("validation")[:3]]))


def test_half_precision_is_fed_as_it_is_kept(dataset: Dataset, made: Made) -> None:
    got, _ = Batches(dataset, ["train"], 3, inputs=OneView(made(precision="float16"), 1))[0]
    assert got.dtype == np.float16


def test_targets_and_weights_are_those_of_images(dataset: Dataset, made: Made) -> None:
    options = {"seed": 2, "targets": Targets(2, smoothing=0.1, class_weights={"cat": 2.0})}
    fed = Batches(dataset, ["train"], 5, **options, inputs=OneView(made(), 2))[1]
    images = Batches(dataset, ["train"], 5, **options)[1]
    assert all(np.array_equal(one, other) for one, other in zip(fed[1:], images[1:], strict=True))


def test_features_are_not_mixed(dataset: Dataset, made: Made) -> None:
    with pytest.raises(ValueError, match=r"images are mixed, nothing else, got Mixing\(mixup=0\.4.* with OneView"):
        Batches(dataset, ["train"], 4, targets=Targets(2), mixing=Mixing(0.4), inputs=OneView(made(), 1))


def test_rows_whose_features_were_not_asked_for_are_refused(dataset: Dataset, made: Made) -> None:
    batches = Batches(dataset, ["test"], 4, inputs=EveryView(made()))
    with pytest.raises(ValueError, match="features are there for the rows that were asked for"):
        batches[0]


def test_what_is_too_large_is_read_from_the_file(made: Made, monkeypatch) -> None:
    features = made()
    assert not isinstance(OneView(features, 1)._readers[0], Streamed)
    monkeypatch.setattr(feeding, "HELD_BYTES", features.bytes - 1)
    assert isinstance(OneView(features, 1)._readers[0], Streamed)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_keras_trains_on_them_and_measures_on_them(precision: str, dataset: Dataset, made: Made, network: Sums) -> None:
    features = made(views=[network.plain(), network.flip()], precision=precision)
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    training = Batches(dataset, ["train"], 4, inputs=OneView(features, 1))
    validation = Batches(dataset, ["validation"], 4, shuffle=False, inputs=OneView(features, 1))
    history = model.fit(training, validation_data=validation, epochs=2, shuffle=False, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()
    assert training.epoch == 2
