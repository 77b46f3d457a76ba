"""Scores against values worked out by hand or known from the literature."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.reports.predictions import read_predictions
from cnnsearch.reports.scores import accuracy_interval, log_loss, part_scores
from cnnsearch.search.run_folder import ModelFolder

Maker = Callable[..., ModelFolder]


def test_wilson_interval_of_known_counts() -> None:
    # Newcombe, Two-sided confidence intervals for the single proportion, Stat. Med. 17, 1998, table I, method 3.
    assert accuracy_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert accuracy_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert accuracy_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


@given(st.integers(1, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_interval_holds_the_accuracy_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    correct, total = counts
    low, high = accuracy_interval(correct, total)
    assert 0 <= low <= correct / total + 1e-12
    assert correct / total - 1e-12 <= high <= 1


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image, got 0"):
        accuracy_interval(0, 0)


def test_scores_of_a_part(model_folder: Maker) -> None:
    rows = [
        ("validation", "a", "cat", "cat", 0.8, 0.2),
        ("validation", "b", "cat", "dog", 0.4, 0.6),
        ("validation", "c", "dog", "dog", 0.1, 0.9),
        ("validation", "d", "dog", "dog", 0.5, 0.5),
    ]
    scores = part_scores(read_predictions(model_folder(["cat", "dog"], rows)), "validation")
    assert scores is not None
    assert (scores["accuracy"], scores["images"]) == (0.75, 4)
    assert scores["loss"] == pytest.approx(-np.log([0.8, 0.4, 0.9, 0.5]).mean())
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert scores["classes"]["cat"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "images": 2}
    assert scores["interval"] == pytest.approx([0.3006, 0.9544], abs=1e-4)


def test_a_part_without_images_has_no_scores(model_folder: Maker) -> None:
    assert part_scores(read_predictions(model_folder(["cat", "dog"], [])), "test") is None


def test_a_class_that_does_not_occur_has_no_recall(model_folder: Maker) -> None:
    rows = [("test", "a", "x", "x", 1, 0, 0), ("test", "b", "y", "x", 1, 0, 0)]
    scores = part_scores(read_predictions(model_folder(["x", "y", "z"], rows)), "test")
    assert scores is not None
    assert scores["classes"]["z"] == {"precision": None, "recall": None, "f1": None, "images": 0}
    assert scores["classes"]["y"] == {"precision": None, "recall": 0.0, "f1": 0.0, "images": 1}
    assert scores["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)


def test_a_wrong_certainty_costs_much_but_not_infinitely() -> None:
    loss = log_loss(np.array([0]), np.array([[0.0, 1.0]]))
    assert math.isfinite(loss)
    assert loss > 10


def test_rows_that_do_not_sum_to_one_are_shares() -> None:
    assert log_loss(np.array([0]), np.array([[0.9, 0.9]])) == pytest.approx(math.log(2))
