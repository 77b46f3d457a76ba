"""Metrics by name, compared with scikit-learn, for every form of targets and outputs."""

import inspect

import keras
import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, roc_auc_score

from cnnsearch.search.model.metrics import asked_metrics
from cnnsearch.spaces.sections.objectives import KERAS_METRICS

RANDOM = np.random.default_rng(5)


def outcome(classes: int, images: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Labels of classes of uneven size, and probabilities that have something to do with them."""
    labels = RANDOM.choice(classes, images, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    shares = RANDOM.random((images, classes)) + 0.7 * np.eye(classes)[labels]
    return labels, (shares / shares.sum(axis=1, keepdims=True)).astype("float32")


def value(name: str, labels: np.ndarray, outputs: np.ndarray, classes: int) -> float:
    (metric,) = asked_metrics((name,), classes)
    for half in np.array_split(np.arange(len(labels)), 2):
        metric.update_state(labels[half], outputs[half])
    return float(metric.result())


@pytest.mark.parametrize("classes", [2, 5])
def test_macro_f1_is_scikit_learns(classes: int) -> None:
    labels, shares = outcome(classes)
    expected = f1_score(labels, shares.argmax(axis=1), average="macro")
    assert value("val_macro_f1", labels, shares, classes) == pytest.approx(expected, abs=1e-6)
    assert value("val_macro_f1", np.eye(classes, dtype="float32")[labels], shares, classes) == pytest.approx(expected)


def test_a_class_that_does_not_occur_has_no_share_in_it() -> None:
    labels, shares = outcome(3)
    four = np.pad(shares, ((0, 0), (0, 1)))
    assert value("val_macro_f1", labels, four, 4) == pytest.approx(value("val_macro_f1", labels, shares, 3))


@pytest.mark.parametrize("classes", [2, 5])
def test_auc_is_close_to_scikit_learns(classes: int) -> None:
    labels, shares = outcome(classes)
    truth = labels if classes == 2 else np.eye(classes)[labels]
    expected = roc_auc_score(truth, shares[:, 1] if classes == 2 else shares, average="macro")
    assert value("val_auc", labels, shares, classes) == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("name", ["val_macro_f1", "val_auc", "val_precision", "val_mean_squared_error", "val_f1_score"])
def test_a_sigmoid_is_measured_like_a_softmax(name: str) -> None:
    labels, shares = outcome(2)
    plain = value(name, labels, shares, 2)
    assert value(name, labels, shares[:, 1:], 2) == pytest.approx(plain, abs=1e-6)
    assert value(name, labels[:, None].astype("float32"), shares[:, 1:], 2) == pytest.approx(plain, abs=1e-6)


def test_the_precision_of_two_classes_is_that_of_the_second() -> None:
    labels, shares = outcome(2)
    assert value("val_precision", labels, shares, 2) == pytest.approx(precision_score(labels, shares[:, 1] > 0.5))


@pytest.mark.parametrize("name", KERAS_METRICS)
def test_every_metric_of_keras_that_may_be_named_gives_a_number(name: str) -> None:
    for classes in (2, 6):
        assert np.isfinite(value(f"val_{name}", *outcome(classes), classes))


def test_the_language_names_what_keras_makes_without_arguments() -> None:
    others = {"auc", "accuracy", "binary_io_u", "mean", "mean_metric_wrapper", "metric", "sum"}
    found = set()
    for name, made in inspect.getmembers(keras.metrics, inspect.isclass):
        needed = [p for p in list(inspect.signature(made).parameters.values()) if p.default is p.empty]
        if not [p for p in needed if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]:
            found.add(keras.src.utils.naming.to_snake_case(name))
    assert found - others == set(KERAS_METRICS)


def test_nothing_is_compiled_that_is_not_asked_for() -> None:
    assert asked_metrics(("val_accuracy", "val_loss"), 3) == []
