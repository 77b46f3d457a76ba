"""When two models' answers count as the same."""

import numpy as np
import pytest

from cnnsearch.reports.exports.formats import targets_of
from cnnsearch.reports.exports.parity import parity

FLOAT, INT8 = (target.tolerance for target in targets_of("litert", "int8"))
ANSWERS = np.array([[0.9, 0.1], [0.4, 0.6]] * 10)


def test_small_differences_are_fine() -> None:
    found = parity(ANSWERS, ANSWERS + np.array([1e-4, -1e-4]), FLOAT)
    assert (found.images, found.agreement, found.holds) == (20, 1.0, True)
    assert found.difference == pytest.approx(1e-4)


def test_a_float_model_must_agree_on_every_image() -> None:
    near = np.array([[0.5004, 0.4996], [0.4, 0.6]])
    assert not parity(near, near[:, ::-1] * [[1], [0]] + near * [[0], [1]], FLOAT).holds


def test_int8_may_differ_on_one_image_of_twenty() -> None:
    one, two = ANSWERS.copy(), ANSWERS.copy()
    one[0], two[:2] = one[0, ::-1], two[:2, ::-1]
    assert parity(ANSWERS, one, INT8).holds
    assert not parity(ANSWERS, two, INT8).holds


@pytest.mark.parametrize("wrong", [ANSWERS * np.nan, ANSWERS[:, :1]])
def test_no_numbers_or_another_shape_never_hold(wrong: np.ndarray) -> None:
    assert not parity(ANSWERS, wrong, INT8).holds
