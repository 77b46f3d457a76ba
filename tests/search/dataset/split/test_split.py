"""The split: shares, stability, and equal images on one side."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.split.groups import NO_PAIRS, groups_of
from cnnsearch.search.dataset.split.split import Shares, split_rows

CLASSES = ("cat", "dog")
SHARES = Shares(validation=0.2, test=0.1, seed=42)


def parts_of(labels, contents, given=None, shares=SHARES, classes=CLASSES) -> list[str]:
    """The part of every row."""
    rows = split_rows(classes, labels, contents, given or [None] * len(labels), shares, groups_of(NO_PAIRS, contents))
    part_of = {int(row): part for part, numbers in rows.items() for row in numbers}
    assert sorted(part_of) == list(range(len(labels)))
    return [part_of[row] for row in range(len(labels))]


def hashes(count: int) -> list[str]:
    return [f"{number:040x}" for number in range(count)]


def test_each_class_is_split_by_its_shares() -> None:
    labels = [0] * 100 + [1] * 50
    parts = parts_of(labels, hashes(150))
    assert Counter(zip(labels, parts, strict=True)) == {
        (0, "train"): 70, (0, "validation"): 20, (0, "test"): 10,
        (1, "train"): 35, (1, "validation"): 10, (1, "test"): 5,
    }  # fmt: skip


def test_the_seed_decides_and_nothing_else() -> None:
    labels, contents = [0, 1] * 50, hashes(100)
    first = parts_of(labels, contents)
    assert parts_of(labels, contents) == first
    assert parts_of(labels, contents, shares=Shares(0.2, 0.1, seed=43)) != first
    backwards = parts_of(labels[::-1], contents[::-1])
    assert backwards[::-1] == first


def test_few_images_change_sides_when_one_is_added() -> None:
    labels, contents = [0, 1] * 500, hashes(1001)
    before = parts_of(labels, contents[:1000])
    after = parts_of([*labels, 0], contents)
    assert sum(old != new for old, new in zip(before, after, strict=False)) <= 2


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 30)), min_size=1, max_size=80), st.integers(0, 2**70))
def test_equal_contents_are_on_one_side(images: list[tuple[int, int]], seed: int) -> None:
    labels, contents = [label for label, _ in images], [f"{content:040x}" for _, content in images]
    try:
        parts = parts_of(labels, contents, shares=Shares(0.3, 0.2, seed))
    except DataError:
        return
    sides: dict[str, set[str]] = {}
    for content, part in zip(contents, parts, strict=True):
        sides.setdefault(content, set()).add(part)
    assert all(len(side) == 1 for side in sides.values())


def test_given_parts_are_kept() -> None:
    given = ["train", "train", "validation", "validation", "test", "test"]
    assert parts_of([0, 1] * 3, hashes(6), given) == given
    assert parts_of([0, 1] * 2, hashes(4), given[:4]) == given[:4]


def test_validation_is_split_from_train_where_only_test_is_given() -> None:
    given = ["train"] * 40 + ["test"] * 10
    parts = parts_of([0, 1] * 25, hashes(50), given)
    assert parts[40:] == ["test"] * 10
    assert Counter(parts[:40]) == {"train": 32, "validation": 8}


def test_a_lone_train_part_is_split_like_images_without_parts() -> None:
    labels, contents = [0, 1] * 50, hashes(100)
    assert parts_of(labels, contents, ["train"] * 100) == parts_of(labels, contents)


def test_without_a_test_share_nothing_is_tested() -> None:
    rows = split_rows(
        CLASSES, [0, 1] * 10, hashes(20), [None] * 20, Shares(0.2, 0.0, 1), groups_of(NO_PAIRS, hashes(20))
    )
    assert rows["test"].size == 0
    assert rows["test"].dtype == np.int64


@pytest.mark.parametrize(
    ("labels", "given", "message"),
    [
        (
            [0, 0, 0, 1],
            None,
            r"class 'dog': every class needs at least one train and one validation image, got 0 train, 1",
        ),
        ([0, 0, 0], None, r"class 'dog': every class .* got 0 train, 0 validation, 0 test. Add images of it \(near"),
        ([0, 0, 1], ["train", "validation", "train"], "class 'dog': .* got 1 train, 0 validation, 0 test"),
    ],
)
def test_a_class_without_images_on_a_side_is_told(labels, given, message) -> None:
    with pytest.raises(DataError, match=message):
        parts_of(labels, hashes(len(labels)), given)


def test_shares_must_leave_something_to_train_on() -> None:
    with pytest.raises(
        DataError, match=r"data.split: validation and test must leave images to train on, got 0.6 \+ 0.4"
    ):
        parts_of([0, 1] * 10, hashes(20), shares=Shares(0.6, 0.4, 1))
