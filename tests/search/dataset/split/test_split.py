"""The split: shares, given parts, folds, and what is told when it cannot be."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.split.groups import groups_of
from cnnsearch.search.dataset.split.split import Shares, leaks, split_rows
from tests.search.dataset.split.alone import equal_contents

CLASSES = ("cat", "dog")
SHARES = Shares(validation=0.2, test=0.1, seed=42)


def parts_of(labels, contents, layout=None, shares=SHARES, classes=CLASSES, groups=None) -> list[str]:
    """The part of every row."""
    together = equal_contents(contents) if groups is None else groups
    rows = split_rows(classes, labels, contents, layout or [None] * len(labels), shares, together)
    part_of = {int(row): part for part, numbers in rows.items() for row in numbers}
    assert sorted(part_of) == list(range(len(labels)))
    assert all(np.array_equal(numbers, np.sort(numbers)) for numbers in rows.values())
    return [part_of[row] for row in range(len(labels))]


def hashes(count: int) -> list[str]:
    return [f"{number:040x}" for number in range(count)]


def test_small_classes_are_split_by_their_exact_shares() -> None:
    labels = [0] * 10 + [1] * 20
    assert Counter(zip(labels, parts_of(labels, hashes(30)), strict=True)) == {
        (0, "train"): 7, (0, "validation"): 2, (0, "test"): 1,
        (1, "train"): 14, (1, "validation"): 4, (1, "test"): 2,
    }  # fmt: skip


def test_the_seed_decides_and_nothing_else() -> None:
    labels, contents = [0, 1] * 50, hashes(100)
    first = parts_of(labels, contents)
    assert parts_of(labels, contents) == first
    assert parts_of(labels, contents, shares=Shares(0.2, 0.1, seed=43)) != first
    backwards = parts_of(labels[::-1], contents[::-1])
    assert backwards[::-1] == first


def test_near_duplicates_are_on_one_side_also_across_classes() -> None:
    pairs = np.array([[row, 40 + row] for row in range(20)])
    contents = hashes(100)
    parts = parts_of([0] * 50 + [1] * 50, contents, groups=groups_of(pairs, contents))
    assert all(parts[row] == parts[40 + row] for row in range(20))
    assert {"train", "validation"} <= set(parts[:50]) & set(parts[50:])


def test_given_parts_are_kept() -> None:
    layout = ["train", "train", "validation", "validation", "test", "test"]
    assert parts_of([0, 1] * 3, hashes(6), layout) == layout
    assert parts_of([0, 1] * 2, hashes(4), layout[:4]) == layout[:4]


@given(st.lists(st.sampled_from(["train", "validation", "test"]), min_size=12, max_size=30), st.integers(0, 99))
def test_parts_of_a_layout_with_validation_are_kept_whatever_is_alike(layout: list[str], seed: int) -> None:
    layout = ["train", "validation", *layout]
    contents = [str(number % 5) for number in range(len(layout))]
    assert parts_of([0] * len(layout), contents, layout, Shares(0.2, 0.1, seed), ("cat",)) == layout


def test_validation_is_split_from_train_where_only_test_is_given() -> None:
    layout = ["train"] * 40 + ["test"] * 10
    parts = parts_of([0, 1] * 25, hashes(50), layout)
    assert parts[40:] == ["test"] * 10
    assert 6 <= parts[:40].count("validation") <= 10
    assert parts[:40].count("test") == 0


def test_a_lone_train_part_is_split_like_images_without_parts() -> None:
    labels, contents = [0, 1] * 50, hashes(100)
    assert parts_of(labels, contents, ["train"] * 100) == parts_of(labels, contents)


def test_without_a_test_share_nothing_is_tested() -> None:
    contents = hashes(20)
    rows = split_rows(CLASSES, [0, 1] * 10, contents, [None] * 20, Shares(0.2, 0.0, 1), equal_contents(contents))
    assert rows["test"].size == 0
    assert rows["test"].dtype == np.int64


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60)), min_size=30, max_size=90),
    st.integers(2, 6),
    st.sampled_from([0.0, 0.1, 0.3]),
    st.integers(0, 2**70),
)
def test_every_image_is_tested_always_or_validated_once(images, folds: int, test: float, seed: int) -> None:
    labels, contents = [label for label, _ in images], [f"{content:040x}" for _, content in images]
    try:
        splits = [parts_of(labels, contents, shares=Shares(0.2, test, seed, folds, fold)) for fold in range(folds)]
    except DataError as error:
        assert "every class needs" in str(error)  # noqa: PT017 - few groups are no fault of the split
        return
    for of_image in zip(*splits, strict=True):
        assert of_image.count("validation") == (0 if "test" in of_image else 1)
        assert of_image.count("test") in (0, folds)


def test_folds_are_of_one_size_and_the_same_images_are_tested_as_without() -> None:
    labels, contents = [0] * 600 + [1] * 300, hashes(900)
    single = parts_of(labels, contents)
    for fold in range(5):
        parts = parts_of(labels, contents, shares=Shares(0.2, 0.1, 42, folds=5, fold=fold))
        assert [part == "test" for part in parts] == [part == "test" for part in single]
        assert 0.85 * 108 - 1 <= parts[:600].count("validation") <= 1.15 * 108 + 1
        assert 0.85 * 54 - 1 <= parts[600:].count("validation") <= 1.15 * 54 + 1


def test_folds_keep_a_given_test_part() -> None:
    layout = ["train"] * 40 + ["test"] * 10
    splits = [parts_of([0, 1] * 25, hashes(50), layout, Shares(0.2, 0.1, 1, 4, fold)) for fold in range(4)]
    assert all(parts[40:] == ["test"] * 10 for parts in splits)
    assert all(Counter(of_image)["validation"] == 1 for of_image in list(zip(*splits, strict=True))[:40])


def test_folds_of_a_layout_with_validation_are_refused() -> None:
    message = (
        r"data\.folds: folds are cut from images that no folder puts into validation, got 3 folds and a validation "
        r"folder\. Leave data\.folds out to compare on that folder, or put its images into the train folder\."
    )
    with pytest.raises(DataError, match=message):
        parts_of([0, 1] * 3, hashes(6), ["train", "train", "validation"] * 2, Shares(0.2, 0.1, 1, 3))


@pytest.mark.parametrize(("folds", "fold", "last"), [(3, 3, 2), (3, -1, 2), (None, 1, 0)])
def test_a_fold_that_is_not_there_is_told(folds: int | None, fold: int, last: int) -> None:
    with pytest.raises(ValueError, match=f"the folds have the numbers from 0 to {last}, got {fold}"):
        Shares(0.2, 0.1, 1, folds, fold)


def test_a_class_too_small_for_the_folds_is_told() -> None:
    message = (
        r"class 'dog': every class needs an image in each of 5 folds, got 3 images beside the test part, in 3 folds\. "
        r"Add images of it \(near duplicates count as one\), or make data\.folds smaller\."
    )
    with pytest.raises(DataError, match=message):
        parts_of([0] * 30 + [1] * 3, hashes(33), shares=Shares(0.2, 0.1, 1, 5))


@pytest.mark.parametrize(
    ("labels", "layout", "message"),
    [
        (
            [0, 0, 0, 1],
            None,
            r"class 'dog': every class needs at least one train and one validation image, got 1 train, 0 v",
        ),
        ([0, 0, 0], None, r"class 'dog': every class .* got 0 train, 0 validation, 0 test. Add images of it \(near"),
        ([0, 0, 1], ["train", "validation", "train"], "class 'dog': .* got 1 train, 0 validation, 0 test"),
    ],
)
def test_a_class_without_images_on_a_side_is_told(labels, layout, message) -> None:
    with pytest.raises(DataError, match=message):
        parts_of(labels, hashes(len(labels)), layout)


def test_shares_must_leave_something_to_train_on() -> None:
    with pytest.raises(
        DataError, match=r"data.split: validation and test must leave images to train on, got 0.6 \+ 0.4"
    ):
        parts_of([0, 1] * 10, hashes(20), shares=Shares(0.6, 0.4, 1))


def test_leaks_are_groups_in_several_given_parts() -> None:
    groups = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    layout = ["train", "test", "train", "train", "validation", "test", None, "test"]
    assert leaks(groups, layout) == 2
    assert leaks(groups, [None] * 8) == 0
