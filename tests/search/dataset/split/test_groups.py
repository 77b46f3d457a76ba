"""Groups: what pairs and equal contents connect."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.split.groups import connected, groups_of


def same(groups, one: int, other: int) -> bool:
    return bool(groups[one] == groups[other])


def test_pairs_and_equal_contents_connect_also_by_way_of_others() -> None:
    groups = groups_of(np.array([[0, 1], [3, 4]]), ["a", "b", "c", "b", "d", "e"])
    assert len(set(groups[[0, 1, 3, 4]].tolist())) == 1
    assert len(set(groups[[0, 2, 5]].tolist())) == 3


def test_nothing_is_nothing() -> None:
    none = np.zeros((0, 2), dtype=np.int64)
    assert groups_of(none, []).tolist() == []
    assert connected(none, 3).tolist() == [0, 1, 2]


@given(
    st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=20), st.lists(st.integers(0, 9), min_size=16)
)
def test_whoever_is_paired_or_equal_is_together_and_the_order_does_not_matter(pairs, numbers) -> None:
    contents = [str(number) for number in numbers]
    groups = groups_of(np.array(pairs, dtype=np.int64).reshape(-1, 2), contents)
    assert all(same(groups, one, other) for one, other in pairs)
    again = groups_of(np.array([pair[::-1] for pair in reversed(pairs)], dtype=np.int64).reshape(-1, 2), contents)
    assert (np.equal.outer(groups, groups) == np.equal.outer(again, again)).all()
    alone = {row for row in range(len(contents)) if contents.count(contents[row]) == 1} - {r for p in pairs for r in p}
    assert all((groups == groups[row]).sum() == 1 for row in alone)
