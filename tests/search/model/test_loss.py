"""Every output, loss and form of targets: what the loss is, and that it and the accuracy fit the targets."""

import itertools
import math
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.build import build_model, create_variables
from cnnsearch.search.model.loss import loss_and_metric, loss_and_metric_of_numbers, target_columns

OUTPUTS = [("softmax", 3), ("softmax", 2), ("sigmoid", 2)]
LOSSES = ["crossentropy", "binary_crossentropy", "focal"]
SHARED = [{}, {"training": {"label_smoothing": 0.1}}, {"augment": {"mixup": 0.2}}, {"augment": {"cutmix": 1.0}}]


def sections(output: str, loss: str, **others: Any) -> dict[str, Any]:
    training = {"seed": 7, "loss": loss} | others.pop("training", {})
    return {"head": {"output": output}, "training": training} | others


def targets_of(labels: np.ndarray, columns: int, classes: int) -> np.ndarray:
    """What the feed makes of class numbers."""
    if columns == 0:
        return labels
    shares = np.eye(classes, dtype="float32")[labels]
    return shares[:, 1:] if columns == 1 else shares


@pytest.mark.parametrize(("output", "classes"), OUTPUTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shared", SHARED)
def test_targets_have_columns_only_where_something_asks_for_them(
    make: Any, output: str, classes: int, loss: str, shared: dict[str, Any]
) -> None:
    columns = target_columns(make(**sections(output, loss, **shared)), classes)
    if output == "sigmoid":
        assert columns == (1 if shared else 0)
    else:
        assert columns == (classes if shared or loss != "crossentropy" else 0)


def terms(loss: str, probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The mean loss by its formula, of probabilities (images, classes)."""
    right = probabilities[np.arange(len(labels)), labels]
    if loss == "focal":
        return float((-((1 - right) ** 2) * np.log(right)).mean())
    if loss == "binary_crossentropy":
        chances = np.where(np.eye(probabilities.shape[1])[labels] == 1, probabilities, 1 - probabilities)
        return float(-np.log(chances).mean())
    return float(-np.log(right).mean())


@pytest.mark.parametrize(("output", "classes"), OUTPUTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shared", SHARED[:2])
def test_the_loss_is_its_formula_and_the_accuracy_counts_the_likeliest_class(
    make: Any, output: str, classes: int, loss: str, shared: dict[str, Any]
) -> None:
    configuration = make(**sections(output, loss, **shared))
    draw = np.random.default_rng(1)
    probabilities = draw.dirichlet(np.ones(classes), 20).astype("float32")
    labels = draw.integers(0, classes, 20).astype("int32")
    targets = targets_of(labels, target_columns(configuration, classes), classes)
    outputs = probabilities[:, 1:] if output == "sigmoid" else probabilities
    function, accuracy = loss_and_metric(configuration, classes)
    found = float(function(keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(outputs)))
    assert math.isclose(found, terms(loss, probabilities, labels), rel_tol=1e-4)
    accuracy.update_state(targets, outputs)
    assert accuracy.name == "accuracy"
    assert math.isclose(float(accuracy.result()), (probabilities.argmax(axis=1) == labels).mean(), rel_tol=1e-6)


def test_two_softmax_units_and_a_sigmoid_have_the_same_loss(make: Any) -> None:
    draw = np.random.default_rng(2)
    probabilities = draw.dirichlet(np.ones(2), 20).astype("float32")
    labels = draw.integers(0, 2, 20).astype("int32")
    for loss, shared in itertools.product(LOSSES, SHARED[:2]):
        found = []
        for output, outputs in (("softmax", probabilities), ("sigmoid", probabilities[:, 1:])):
            configuration = make(**sections(output, loss, **shared))
            targets = targets_of(labels, target_columns(configuration, 2), 2)
            found.append(float(loss_and_metric(configuration, 2)[0](targets, outputs)))
        assert math.isclose(*found, rel_tol=1e-4), (loss, shared)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_the_accuracy_of_shares_asks_for_the_class_with_most(make: Any, output: str) -> None:
    _, accuracy = loss_and_metric(make(**sections(output, "crossentropy", training={"label_smoothing": 0.2})), 2)
    shares = np.array([[0.9, 0.1], [0.1, 0.9], [0.4, 0.6], [0.7, 0.3]], "float32")
    said = np.array([[0.8, 0.2], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8]], "float32")
    accuracy.update_state(*((shares, said) if output == "softmax" else (shares[:, 1:], said[:, 1:])))
    assert float(accuracy.result()) == 0.5


@pytest.mark.parametrize(("output", "classes"), OUTPUTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shared", SHARED[:2])
def test_weights_count_an_image_for_more(
    make: Any, output: str, classes: int, loss: str, shared: dict[str, Any]
) -> None:
    configuration = make(**sections(output, loss, **shared))
    draw = np.random.default_rng(3)
    probabilities = draw.dirichlet(np.ones(classes), 6).astype("float32")
    labels = draw.integers(0, classes, 6).astype("int32")
    targets = targets_of(labels, target_columns(configuration, classes), classes)
    outputs = probabilities[:, 1:] if output == "sigmoid" else probabilities
    function, _ = loss_and_metric(configuration, classes)
    weights = np.array([0, 0, 3, 0, 0, 0], "float32")
    expected = 3 * terms(loss, probabilities[2:3], labels[2:3]) / 6
    assert math.isclose(float(function(targets, outputs, sample_weight=weights)), expected, rel_tol=1e-4)


@pytest.mark.parametrize(("output", "loss"), [("softmax", "binary_crossentropy"), ("sigmoid", "focal")])
def test_a_built_model_learns_from_its_targets(make: Any, output: str, loss: str) -> None:
    configuration = make(
        **sections(output, loss, training={"label_smoothing": 0.1}), optimizer={"adam": {"learning_rate": 0.01}}
    )
    model = build_model(configuration, 2, 1)
    images = np.random.default_rng(4).integers(0, 256, (8, 16, 16, 3), dtype=np.uint8)
    targets = targets_of(np.arange(8) % 2, target_columns(configuration, 2), 2)
    create_variables(model, targets[:1])
    history = model.fit(images, targets, epochs=60, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["accuracy"][-1] >= 0.75


@pytest.mark.parametrize(("units", "outputs"), [(1, [[0.9], [0.2]]), (2, [[0.1, 0.9], [0.8, 0.2]])])
def test_a_finished_model_is_asked_by_class_numbers(units: int, outputs: list[list[float]]) -> None:
    loss, accuracy = loss_and_metric_of_numbers(units)
    labels, given = np.array([1, 1], "int32"), np.array(outputs, "float32")
    accuracy.update_state(labels, given)
    assert float(accuracy.result()) == 0.5
    assert math.isclose(float(loss(labels, given)), -(math.log(0.9) + math.log(0.2)) / 2, rel_tol=1e-5)
