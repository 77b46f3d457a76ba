"""Ids and their order, and the bound that keeps one sure mistake from costing everything."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.reports.predictions import Predictions
from cnnsearch.reports.submission import (
    checked_ids,
    chosen_bound,
    clipped,
    in_order,
    labelled_class,
    normalized,
    write_submission,
)
from cnnsearch.spaces.errors import CnnSearchError


def known(probabilities: list[float], labels: list[int]) -> Predictions:
    """What a model of two classes said of images of known class; probabilities of the second."""
    rows = np.array([[1 - p, p] for p in probabilities]).reshape(-1, 2)
    return Predictions(
        ("cat", "dog"), ("test",) * len(rows), ("x",) * len(rows), np.array(labels), rows.argmax(axis=1), rows
    )


def test_ids_are_sorted_by_their_numbers() -> None:
    ids = checked_ids(["test/10.jpg", "test/9.jpg", "test/img_2.png", "test/img_10.png"])
    assert [ids[place] for place in in_order(ids)] == ["9", "10", "img_2", "img_10"]


def test_an_id_that_is_there_twice_is_an_error() -> None:
    with pytest.raises(CnnSearchError, match=r"each file name gives an id of its own, got a/1\.jpg and b/1\.png"):
        checked_ids(["a/1.jpg", "b/1.png"])


def test_two_classes_are_one_column_and_ids_are_numbers(tmp_path: Path) -> None:
    answers = np.array([[0.25, 0.75], [0.9, 0.1]])
    write_submission(tmp_path / "s.csv", ["10", "2"], ["cat", "dog"], answers)
    assert (tmp_path / "s.csv").read_text() == "id,label\n2,0.1\n10,0.75\n"


def test_the_label_is_of_the_class_that_is_asked_for(tmp_path: Path) -> None:
    answers = np.array([[0.25, 0.75]])
    write_submission(tmp_path / "s.csv", ["1"], ["ill", "well"], answers, labelled_class(["ill", "well"], "ill"))
    assert (tmp_path / "s.csv").read_text() == "id,label\n1,0.25\n"


@pytest.mark.parametrize(
    ("classes", "place"),
    [
        (("cat", "dog"), 1),
        (("Dog", "cat"), 0),
        (("DOGS", "cats"), 0),
        (("Dog", "dog"), 1),
        (("dogfish", "eel"), 1),
        (("dog", "eel", "fish"), 1),
    ],
)
def test_nobody_asked_it_is_of_the_dog_else_of_the_second(classes: tuple[str, ...], place: int) -> None:
    assert labelled_class(classes) == place


@pytest.mark.parametrize(
    ("classes", "asked", "message"),
    [
        (
            ("Dog", "cat"),
            "dog",
            r"^--label: it is one of the model's classes, got 'dog'\. Did you mean `Dog`\? They are",
        ),
        (("a", "b", "c"), "a", r"^--label: it says which of two classes .*, got a model of 3 classes\. Leave it out: "),
    ],
)
def test_a_label_that_cannot_be_is_refused(classes: tuple[str, ...], asked: str, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        labelled_class(classes, asked)


def test_ids_are_written_as_they_are_and_class_names_cannot_run(tmp_path: Path) -> None:
    answers = np.array([[0.5, 0.25, 0.25]] * 3)
    write_submission(tmp_path / "s.csv", ["-a1", "=b,2", "+3"], ["-x", "y", "z"], answers)
    header, *rows = csv.reader((tmp_path / "s.csv").read_text().splitlines())
    assert header == ["id", "'-x", "y", "z"]
    assert {row[0] for row in rows} == {"-a1", "=b,2", "+3"}


def test_several_classes_are_a_column_each(tmp_path: Path) -> None:
    write_submission(tmp_path / "s.csv", ["1"], ["a", "b", "c"], np.array([[0.5, 0.25, 0.25]]))
    (row,) = csv.DictReader((tmp_path / "s.csv").read_text().splitlines())
    assert row == {"id": "1", "a": "0.5", "b": "0.25", "c": "0.25"}


def test_the_bound_follows_laplace_where_all_sure_answers_are_right() -> None:
    bound = chosen_bound(known([1.0, 0.0] * 49, [1, 0] * 49))
    assert bound.least == pytest.approx(1 / 100, rel=0.05)
    assert (bound.images, bound.wrong) == (98, 0)
    assert "98 images of known class that the model was surer of, 0 were wrong" in str(bound)


def test_sure_mistakes_raise_the_bound() -> None:
    right = chosen_bound(known([1.0] * 100, [1] * 100))
    wrong = chosen_bound(known([1.0] * 100, [1] * 90 + [0] * 10))
    assert wrong.least == pytest.approx(11 / 102, rel=0.05)
    assert wrong.least > 5 * right.least
    assert wrong.after < wrong.before


def test_without_known_images_nothing_is_clipped() -> None:
    bound = chosen_bound(known([], []))
    assert bound.least == 0
    assert "as the model gives them" in str(bound)


@given(
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=5),
    st.floats(0, 0.16),
)
def test_clipping_keeps_sums_and_bounds_and_the_best_class(rows: list[list[float]], least: float) -> None:
    before = normalized(np.array(rows))
    after = clipped(before, least)
    np.testing.assert_allclose(after.sum(axis=1), 1)
    assert after.min() >= least - 1e-12
    np.testing.assert_allclose(after.max(axis=1), after[np.arange(len(after)), before.argmax(axis=1)])


@given(st.floats(0, 1), st.floats(0, 0.25))
def test_of_two_classes_it_is_the_usual_clip(chance: float, least: float) -> None:
    after = clipped(np.array([[1 - chance, chance]]), least)
    np.testing.assert_allclose(after[0, 1], np.clip(chance, least, 1 - least), atol=1e-12)
