"""The figures of probabilities against scikit-learn's, and against values worked out by hand."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from cnnsearch.reports.model.curves import Curve, calibration, mean_curve, precision_recall, roc, shortened

SCORED = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=1, max_size=60)


@given(SCORED)
def test_roc_is_that_of_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    positive, scores = np.array([p for p, _ in pairs]), np.array([s for _, s in pairs])
    curve = roc(positive, scores)
    if positive.all() or not positive.any():
        assert curve is None
        return
    assert curve is not None
    x, y, _ = roc_curve(positive, scores, drop_intermediate=False)
    assert curve.area == pytest.approx(roc_auc_score(positive, scores))
    assert (curve.x, curve.y) == (pytest.approx(x), pytest.approx(y))


@given(SCORED)
def test_precision_and_recall_are_those_of_scikit_learn(pairs: list[tuple[bool, float]]) -> None:
    positive, scores = np.array([p for p, _ in pairs]), np.array([s for _, s in pairs])
    assume(positive.any())
    curve = precision_recall(positive, scores)
    assert curve is not None
    precision, recall, _ = precision_recall_curve(positive, scores)
    assert curve.area == pytest.approx(average_precision_score(positive, scores))
    assert curve.x[1:] == pytest.approx(recall[::-1][1:])
    assert curve.y[1:] == pytest.approx(precision[::-1][1:])


def test_without_a_photo_of_the_class_there_is_no_precision() -> None:
    assert precision_recall(np.array([False, False]), np.array([0.1, 0.9])) is None


def test_the_calibration_error_by_hand() -> None:
    right = np.array([True, False, True, True])
    found = calibration(right, np.array([0.95, 0.95, 0.55, 0.55]), bins=10)
    assert found.error == pytest.approx(2 / 4 * (0.95 - 0.5) + 2 / 4 * (1 - 0.55))
    assert (found.images[9], found.images[5], found.images.sum()) == (2, 2, 4)
    assert np.isnan(found.accuracy[0])


def test_a_bin_has_its_upper_edge() -> None:
    found = calibration(np.array([True, True, True]), np.array([0.0, 0.2, 1.0]), bins=5)
    assert found.images.tolist() == [2, 0, 0, 0, 1]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=50))
def test_the_calibration_error_is_a_share(pairs: list[tuple[bool, float]]) -> None:
    found = calibration(np.array([p for p, _ in pairs]), np.array([c for _, c in pairs]))
    assert 0 <= found.error <= 1
    assert found.images.sum() == len(pairs)


def test_a_calibration_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image, got 0"):
        calibration(np.array([], dtype=bool), np.array([]))


def test_the_mean_of_two_curves() -> None:
    ends = np.array([0.0, 1.0])
    mean = mean_curve(
        [Curve(ends, ends, 0.5), Curve(np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 1.0]), 1.0)], points=3
    )
    assert mean.y.tolist() == [0.5, 0.75, 1.0]
    assert mean.area == 0.75


def test_a_drawing_keeps_the_ends_of_a_long_curve() -> None:
    x = np.linspace(0, 1, 10_000)
    short = shortened(Curve(x, x**2, 0.3), most=50)
    assert (len(short.x), short.x[0], short.x[-1]) == (50, 0.0, 1.0)
