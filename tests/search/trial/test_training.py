"""Whole trials of small networks on real digits: what they report, and what the model that they leave can do."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.callbacks import AveragedWeights, Validation
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import Built, Done, EpochDone, Trained
from cnnsearch.search.trial.training import run_trial
from cnnsearch.spaces.document import Configuration, Data
from tests.search.trial.parent import Parent

DATA = {"source": "sample:digits", "image_size": [8, 8], "color": "gray"}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data.model_validate(DATA), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def train(digits: Dataset, tmp_path: Path):
    """`train(training={...}, ...)`: the parent of a finished trial, and its model's file."""

    def trained(last: int | None = None, validation: str | None = "validation", **sections: Any) -> tuple[Parent, Path]:
        training = {"epochs": 3, "seed": 5, "batch_size": 128, "early_stopping": None} | sections.pop("training", {})
        network = {"scratch": {"blocks": 1, "filters": 4, "norm": "batch"}}
        raw = {"data": DATA, "model": network, "optimizer": {"adam": {"learning_rate": 0.01}}, "training": training}
        configuration = Configuration.model_validate(raw | sections)
        parent, model = Parent(last), tmp_path / f"model-{len(list(tmp_path.iterdir()))}.keras"
        objective = Objective.of("val_accuracy")
        run_trial(parent, TrialJob(configuration, digits.reference(), ("train",), validation, objective, 5, model))
        return parent, model

    return trained


def evaluated(model: Path, digits: Dataset, part: str = "validation") -> dict[str, float]:
    rows = digits.rows(part)
    loaded = keras.saving.load_model(model)
    return loaded.evaluate(digits.images[rows], digits.labels[rows], batch_size=128, verbose=0, return_dict=True)


EVERYTHING: dict[str, Any] = {
    "training": {"label_smoothing": 0.2, "class_weights": "balanced", "steps_per_epoch": 7, "ema": 0.5},
    "augment": {"mixup": 0.3, "cutmix": 1.0},
}


def test_a_trial_says_what_happens_in_its_order(train) -> None:
    parent, model = train()
    assert [type(message) for message in parent.heard] == [Built, *[EpochDone] * 3, Trained, Done]
    assert model.is_file()
    assert set(parent.metrics[0]) == {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}


def test_everything_together_repeats_with_the_seed(train) -> None:
    (one, _), (other, _) = train(**EVERYTHING), train(**EVERYTHING)
    assert one.metrics == other.metrics


@pytest.mark.parametrize("sections", [{}, EVERYTHING])
def test_the_model_that_is_left_scores_what_its_best_epoch_did(train, digits: Dataset, sections: Any) -> None:
    parent, model = train(**sections)
    best = max(parent.metrics, key=lambda metrics: metrics["val_accuracy"])
    found = evaluated(model, digits)
    assert found["accuracy"] == pytest.approx(best["val_accuracy"])
    assert found["loss"] == pytest.approx(best["val_loss"], rel=1e-4)


LOAD = """
import sys, warnings
warnings.simplefilter("error")
import keras
model = keras.saving.load_model(sys.argv[1])
sys.exit("cnnsearch" in sys.modules or type(model.optimizer) is not keras.optimizers.SGD)
"""


def test_the_model_that_is_left_needs_neither_our_code_nor_its_optimizer(train) -> None:
    _, model = train(
        training={"epochs": 1, "label_smoothing": 0.1},
        head={"output": "softmax", "dense": [512]},
    )
    subprocess.run([sys.executable, "-c", LOAD, str(model)], check=True, timeout=120)
    weights = keras.saving.load_model(model, compile=False).count_params() * 4
    assert weights < model.stat().st_size < 1.5 * weights


@pytest.mark.parametrize("loss", ["binary_crossentropy", "focal"])
def test_other_losses_are_learned_and_compared_without_smoothing(train, loss: str) -> None:
    plain, _ = train(training={"loss": loss})
    smoothed, _ = train(training={"loss": loss, "label_smoothing": 0.3})
    assert plain.metrics[-1]["loss"] < plain.metrics[0]["loss"]
    assert smoothed.metrics[-1]["loss"] > plain.metrics[-1]["loss"]
    assert smoothed.metrics[0]["val_loss"] != plain.metrics[0]["val_loss"]


def test_class_weights_count_in_training_only(train) -> None:
    plain, _ = train(training={"epochs": 1})
    doubled, _ = train(training={"epochs": 1, "class_weights": {str(number): 2.0 for number in range(10)}})
    assert doubled.metrics[0]["loss"] == pytest.approx(2 * plain.metrics[0]["loss"], rel=0.05)
    assert doubled.metrics[0]["val_loss"] == pytest.approx(plain.metrics[0]["val_loss"], rel=0.05)


def test_one_pass_in_one_epoch_or_in_several_is_the_same_training(train, digits: Dataset) -> None:
    batch = len(digits.rows("train")) // 6
    whole, _ = train(training={"epochs": 2, "batch_size": batch, "steps_per_epoch": 6})
    halves, _ = train(training={"epochs": 4, "batch_size": batch, "steps_per_epoch": 3})
    for epoch, pair in enumerate(zip(halves.metrics[::2], halves.metrics[1::2], strict=True)):
        assert whole.metrics[epoch]["val_loss"] == pytest.approx(pair[1]["val_loss"], rel=1e-4)
        assert whole.metrics[epoch]["loss"] == pytest.approx((pair[0]["loss"] + pair[1]["loss"]) / 2, rel=1e-4)


def test_an_average_is_validated_while_training_goes_on_with_its_own_weights(train, digits: Dataset) -> None:
    own, own_model = train()
    averaged, averaged_model = train(training={"ema": 0.9})
    for metric in ("loss", "accuracy"):
        assert [m[metric] for m in averaged.metrics] == pytest.approx([m[metric] for m in own.metrics], rel=1e-6)
    assert averaged.metrics[-1]["val_loss"] != pytest.approx(own.metrics[-1]["val_loss"], rel=1e-3)
    assert evaluated(averaged_model, digits)["loss"] != pytest.approx(evaluated(own_model, digits)["loss"], rel=1e-3)


@pytest.mark.parametrize("last", [None, 2])
def test_without_validation_the_last_epochs_average_is_left(train, last: int | None) -> None:
    # Whether the training ran to its end or was stopped makes no difference, but for its length.
    ended = {"epochs": 2, "ema": 0.9} if last is None else {"epochs": 5, "ema": 0.9}
    _, model = train(last=last, validation=None, training=ended)
    _, expected = train(validation=None, training={"epochs": 2, "ema": 0.9})
    _, own = train(validation=None, training={"epochs": 2})
    weights, same, others = (
        keras.saving.load_model(file, compile=False).get_weights() for file in (model, expected, own)
    )
    assert all(np.array_equal(a, b) for a, b in zip(weights, same, strict=True))
    assert not np.allclose(weights[0], others[0], rtol=1e-3)


class Watch(keras.callbacks.Callback):
    """Keeps the weights after each step, and those that each epoch's end sees."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[list[np.ndarray]] = []
        self.ends: list[list[np.ndarray]] = []

    def _weights(self) -> list[np.ndarray]:
        return [np.array(keras.ops.convert_to_numpy(weight)) for weight in self.model.trainable_variables]

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps.append(self._weights())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.ends.append(self._weights())


class OneBatch(keras.utils.PyDataset):
    """Everything in one batch."""

    def __init__(self, *arrays: np.ndarray) -> None:
        super().__init__()
        self._arrays = arrays

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> tuple[np.ndarray, ...]:
        return self._arrays


def average(steps: list[list[np.ndarray]], momentum: float) -> list[np.ndarray]:
    mean = steps[0]
    for weights in steps[1:]:
        mean = [momentum * old + (1 - momentum) * new for old, new in zip(mean, weights, strict=True)]
    return mean


@pytest.mark.parametrize("validated", [True, False])
def test_the_average_is_that_of_all_steps(validated: bool) -> None:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8), "mse")
    draw = np.random.default_rng(1)
    inputs, outputs = draw.random((12, 3), "float32"), draw.random((12, 1), "float32")
    watch = Watch()
    measured = [Validation(model, OneBatch(inputs, outputs))] if validated else []
    callbacks = [AveragedWeights(), *measured, watch]
    history = model.fit(inputs, outputs, 4, epochs=3, callbacks=callbacks, verbose=0, shuffle=False)
    for epoch, seen in enumerate(watch.ends, start=1):
        expected = average(watch.steps[: 3 * epoch], 0.8)
        assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(seen, expected, strict=True))
    left = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_variables]
    assert all(np.array_equal(a, b) for a, b in zip(left, watch.ends[-1], strict=True))
    if validated:
        assert model.evaluate(inputs, outputs, verbose=0) == pytest.approx(history.history["val_loss"][-1], rel=1e-5)
