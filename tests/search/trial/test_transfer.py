"""Trials on a backbone: kept features in the place of images, two phases, several views; real digits and networks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from cnnsearch.search.dataset.cache import disk
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.model.build import build_network
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.search.outcome import outcome_of, phases_to_best
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import EpochDone, KnownBackbone, Making, PhaseBegun, Verdict
from cnnsearch.search.trial.training import run_trial
from cnnsearch.spaces.document import Configuration, Data
from tests.search.trial.parent import Parent

ACCURACY = Objective.of("val_accuracy")


Train = Callable[..., tuple[Parent, Path, Configuration]]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 digits of three classes, as folders of pictures."""
    folder = tmp_path_factory.mktemp("digits")
    pixels, labels = load_digits(return_X_y=True)
    for label in (0, 1, 4):
        (folder / str(label)).mkdir()
        for number, image in enumerate(pixels[labels == label][:50].reshape(-1, 8, 8)):
            Image.fromarray((image * 15).astype("uint8")).save(folder / str(label) / f"{number}.png")
    return folder


@pytest.fixture
def digits(photos: Path, tmp_path: Path) -> Dataset:
    data = {"source": str(photos), "image_size": [32, 32]}
    return prepare_dataset(Data.model_validate(data), tmp_path / "cache")


@pytest.fixture
def train(digits: Dataset, tmp_path: Path) -> Train:
    """`train(backbone, after, augment=..., ...)`: the parent of a trial, its model's file, what was trained."""

    def trained(
        backbone: dict[str, Any],
        after: int | None = None,
        validation: str | None = "validation",
        known: tuple[KnownBackbone, ...] = (),
        **sections: Any,
    ) -> tuple[Parent, Path, Configuration]:
        training = {"epochs": 2, "batch_size": 16, "seed": 3, "early_stopping": None} | sections.pop("training", {})
        network = {"mobilenet": {"alpha": 0.25, "weights": None} | backbone}
        data = {"source": digits.source, "image_size": [32, 32]}
        raw = {"data": data, "model": network, "head": {"pooling": "average"}, "training": training} | sections
        configuration = Configuration.model_validate(raw)
        parent, model = Parent(after, Verdict.PRUNE), tmp_path / f"model-{len(list(tmp_path.iterdir()))}.keras"
        where = (configuration, digits.reference(), ("train",), validation)
        run_trial(parent, TrialJob(*where, ACCURACY, 3, model, known=known))
        return parent, model, configuration

    return trained


def scores(model: Path, digits: Dataset, part: str = "validation") -> tuple[float, float]:
    """(loss, accuracy) of a model on raw images, reckoned by hand."""
    rows = digits.rows(part)
    found = keras.saving.load_model(model).predict(np.asarray(digits.images[rows]), batch_size=128, verbose=0)
    probabilities, labels = class_probabilities(found), digits.labels[rows]
    return float(-np.log(probabilities[np.arange(len(rows)), labels]).mean()), float(
        (probabilities.argmax(1) == labels).mean()
    )


def best(parent: Parent) -> Epoch:
    found = outcome_of(parent.epochs, ACCURACY)
    assert found is not None
    return next(epoch for epoch in parent.epochs if epoch.number == found.best_epoch)


FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "frozen": ({}, {}),
    "flattened": ({}, {"head": {"pooling": "flatten", "dense": [8]}}),
    "cut inside": ({"trainable_from": "conv_pw_12"}, {}),
    "last layers": ({"trainable_from": {"last": 10}}, {}),
    "flipped": ({}, {"augment": {"horizontal_flip": True, "vertical_flip": True}}),
    "copies": ({}, {"augment": {"rotation": 0.1, "zoom": 0.1, "views": 2}}),
    "views": ({}, {"evaluation": {"flip": True}}),
    "crops": ({"trainable_from": "conv_pw_12"}, {"evaluation": {"flip": True, "crops": 5}}),
    "targets": (
        {},
        {"training": {"label_smoothing": 0.1, "class_weights": "balanced", "steps_per_epoch": 5, "ema": 0.5}},
    ),
    "uncached": ({}, {"augment": {"rotation": 0.1, "views": 0}, "evaluation": {"flip": True}}),
    "mixed": ({}, {"augment": {"mixup": 0.4}}),
    "all trained": ({"trainable_from": "all"}, {"evaluation": {"crops": 5}}),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_model_that_is_left_gives_on_images_what_its_best_epoch_gave(
    train: Train, digits: Dataset, form: str
) -> None:
    backbone, sections = FORMS[form]
    parent, model, _ = train(backbone, **sections)
    loss, accuracy = scores(model, digits)
    metrics = best(parent).metrics
    assert accuracy == pytest.approx(metrics["val_accuracy"], abs=1e-6)
    assert loss == pytest.approx(metrics["val_loss"], rel=1e-4)
    assert bool(parent.notes) == (form not in ("uncached", "mixed", "all trained"))
    assert not any("cannot be kept" in note for note in parent.notes)


def test_features_are_made_once_and_shared_by_trials_with_other_heads(train: Train) -> None:
    first, _, _ = train({})
    other, _, _ = train({}, training={"seed": 4}, head={"pooling": "average", "dense": [16]})
    assert (len(first.notes), len(other.notes)) == (1, 0)


def test_half_precision_is_near_enough(train: Train, digits: Dataset) -> None:
    parent, model, _ = train({"features": "float16"})
    loss, _ = scores(model, digits)
    assert loss == pytest.approx(best(parent).metrics["val_loss"], rel=0.01)


def test_training_on_features_is_training_on_images(train: Train) -> None:
    training = {"schedule": "cosine", "epochs": 4}
    on_features, _, _ = train({}, training=training)
    # Mixing turns the cache off, and mixing so little changes next to nothing.
    on_images, _, _ = train({}, training=training, augment={"mixup": 1e-9})
    for one, other in zip(on_features.epochs, on_images.epochs, strict=True):
        assert one.metrics["learning_rate"] == other.metrics["learning_rate"]  # as many steps led to it
        assert one.metrics["val_loss"] == pytest.approx(other.metrics["val_loss"], rel=1e-3)


def test_a_known_backbone_is_not_built_and_nothing_else_changes(train: Train, digits: Dataset) -> None:
    first, model, _ = train({})
    (known,) = [message for message in first.heard if isinstance(message, KnownBackbone)]
    again, same, _ = train({}, known=(known,))
    assert not any(isinstance(message, KnownBackbone) for message in again.heard)
    assert [epoch.metrics for epoch in again.epochs] == [epoch.metrics for epoch in first.epochs]
    assert scores(same, digits) == scores(model, digits)


def test_a_known_backbone_is_built_where_its_features_are_not_kept(train: Train, digits: Dataset) -> None:
    first, _, _ = train({})
    (known,) = [message for message in first.heard if isinstance(message, KnownBackbone)]
    parent, model, _ = train({}, known=(known,), evaluation={"flip": True})
    assert scores(model, digits)[0] == pytest.approx(best(parent).metrics["val_loss"], rel=1e-4)


def test_fine_tuning_builds_the_backbone_that_others_know(train: Train) -> None:
    (first, _, _), (known,) = train(PHASES), [m for m in train({})[0].heard if isinstance(m, KnownBackbone)]
    again, _, _ = train(PHASES, known=(known,))
    assert [epoch.metrics for epoch in again.epochs] == [epoch.metrics for epoch in first.epochs]


def test_a_trial_repeats_with_its_seed(train: Train) -> None:
    backbone = {"fine_tune": {"epochs": 1, "trainable_from": "conv_pw_13", "learning_rate": 1e-4}}
    augment = {"rotation": 0.1, "views": 2}
    (one, _, _), (other, _, _) = train(backbone, augment=augment), train(backbone, augment=augment)
    assert [epoch.metrics for epoch in one.epochs] == [epoch.metrics for epoch in other.epochs]


PHASES = {"fine_tune": {"epochs": 2, "trainable_from": "all", "learning_rate": 1e-4}}


def test_fine_tuning_goes_on_from_the_best_head(train: Train, digits: Dataset) -> None:
    parent, model, _ = train(PHASES)
    assert [(epoch.number, epoch.metrics["phase"]) for epoch in parent.epochs] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    told = [type(message) for message in parent.heard if isinstance(message, EpochDone | PhaseBegun)]
    assert told == [EpochDone, EpochDone, PhaseBegun, EpochDone, EpochDone]
    assert parent.epochs[0].metrics["learning_rate"] > parent.epochs[3].metrics["learning_rate"]
    assert scores(model, digits)[1] == pytest.approx(best(parent).metrics["val_accuracy"], abs=1e-6)


def test_the_first_phase_leaves_the_backbone_as_it_was_and_the_second_moves_it(train: Train, digits: Dataset) -> None:
    (_, head_only, configuration), (_, tuned, _) = (
        train({}),
        train(PHASES, validation=None),
    )  # which keeps the last epoch
    start = build_network(configuration, len(digits.classes)).get_layer("mobilenet").get_weights()
    kept, moved = (keras.saving.load_model(path).get_layer("mobilenet").get_weights() for path in (head_only, tuned))
    assert all(np.array_equal(one, other) for one, other in zip(start, kept, strict=True))
    assert not all(np.array_equal(one, other) for one, other in zip(start, moved, strict=True))


def test_a_second_phase_that_makes_it_worse_is_not_kept(train: Train, digits: Dataset) -> None:
    harm = {"fine_tune": {"epochs": 1, "trainable_from": "all", "learning_rate": 10.0}}
    parent, model, _ = train(harm, training={"epochs": 4}, optimizer={"adam": {"learning_rate": 0.3}})
    assert best(parent).metrics["phase"] == 1
    assert scores(model, digits)[1] == pytest.approx(best(parent).metrics["val_accuracy"], abs=1e-6)


def test_the_parent_may_end_a_trial_in_its_first_phase(train: Train) -> None:
    parent, model, _ = train(PHASES, after=1)
    assert len(parent.epochs) == 1
    assert model.is_file()


def test_early_stopping_ends_a_phase_and_not_the_trial(train: Train) -> None:
    stopping = {"epochs": 9, "early_stopping": {"monitor": "val_loss", "patience": 1, "min_delta": 100.0}}
    parent, _, _ = train(PHASES, training=stopping)
    assert [epoch.metrics["phase"] for epoch in parent.epochs] == [1, 1, 2, 2]
    assert [message.is_last for message in parent.told(EpochDone)] == [False, False, False, True]


def test_every_wait_for_features_is_told_with_its_beginning_and_its_end(train: Train) -> None:
    parent, _, _ = train({}, augment={"rotation": 0.1, "views": 2})
    told = [(making.done, making.total) for making in parent.told(Making)]
    totals = list(dict.fromkeys(total for _, total in told))
    assert len(totals) == 2  # of the views that are trained on, and of what is measured
    for total in totals:
        own = [done for done, of in told if of == total]
        assert (own[0], own[-1]) == (0, total)


def test_features_that_cannot_be_kept_are_waited_for_no_more(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "SPARE_BYTES", 2**60)
    parent, _, _ = train({})
    assert [(making.done, making.total) for making in parent.told(Making)][-1] == (0, 0)
    assert any("features cannot be kept" in note for note in parent.notes)


def record(*values: tuple[int, float]) -> TrialRecord:
    epochs = tuple(Epoch(n, {"phase": phase, "val_accuracy": score}, 1.0) for n, (phase, score) in enumerate(values, 1))
    return TrialRecord(0, {}, Status.COMPLETED, epochs=epochs)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (((1, 0.5), (1, 0.7), (1, 0.6), (2, 0.8), (2, 0.9)), (2, 2)),
        (((1, 0.5), (1, 0.7), (1, 0.6), (2, 0.6)), (2, 0)),
        (((1, 0.5), (2, 0.4)), (1, 0)),
    ],
)
def test_what_led_to_the_best_model_is_told_for_each_phase(values: Any, expected: tuple[int, ...]) -> None:
    assert phases_to_best(record(*values), ACCURACY) == expected


def test_a_training_of_one_phase_tells_of_none() -> None:
    plain = TrialRecord(0, {}, Status.COMPLETED, epochs=(Epoch(1, {"val_accuracy": 0.5}, 1.0),))
    assert phases_to_best(plain, ACCURACY) == ()
