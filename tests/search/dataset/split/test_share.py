"""Shares of the training images: every class in proportion, a smaller one within each larger one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.split.share import share_of

LABELS = st.lists(st.integers(0, 3), min_size=1, max_size=60)


def taken(labels: list[int], share: float, rows: list[int] | None = None, seed: int = 1) -> list[int]:
    contents = [f"{number * 7919 % 1009:04x}" for number in range(len(labels))]
    chosen = np.arange(len(labels)) if rows is None else np.array(rows)
    return share_of(chosen, np.array(labels, np.int32), contents, share, seed).tolist()


@given(LABELS, st.floats(0.001, 1), st.floats(0.001, 1))
def test_a_smaller_share_lies_within_a_larger_one(labels: list[int], one: float, other: float) -> None:
    assert set(taken(labels, min(one, other))) <= set(taken(labels, max(one, other)))


@given(LABELS, st.floats(0.001, 1))
def test_every_class_gives_its_share_and_one_image_at_least(labels: list[int], share: float) -> None:
    rows = taken(labels, share)
    assert rows == sorted(set(rows))
    for label in set(labels):
        count = sum(labels[row] == label for row in rows)
        assert max(1, share * labels.count(label) - 1e-5) <= count < share * labels.count(label) + 1


def test_all_is_all() -> None:
    assert taken([0, 1, 0, 2], 1.0) == [0, 1, 2, 3]


def test_only_the_given_rows_are_taken_from() -> None:
    assert set(taken([0] * 10, 0.5, rows=[1, 3, 5, 7])) < {1, 3, 5, 7}


def test_other_seeds_take_other_images() -> None:
    assert len({tuple(taken([0] * 50, 0.2, seed=seed)) for seed in range(5)}) == 5


@pytest.mark.parametrize(("images", "count"), [(30, 3), (31, 4), (5, 1)])
def test_a_tenth_is_rounded_up(images: int, count: int) -> None:
    assert len(taken([0] * images, 0.1)) == count


def test_names_do_not_matter_only_contents_do() -> None:
    contents = ["c", "a", "d", "b", "f", "e"]
    labels, rows = np.zeros(6, np.int32), np.arange(6)
    found = {contents[row] for row in share_of(rows, labels, contents, 0.5, 3)}
    assert found == {sorted(contents)[row] for row in share_of(rows, labels, sorted(contents), 0.5, 3)}
