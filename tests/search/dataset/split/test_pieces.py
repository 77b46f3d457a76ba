"""Cutting classes into pieces: shares, groups, and who moves when images are added."""

from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.split.pieces import SLACK, pieces_of
from tests.search.dataset.split.alone import equal_contents

SHARES = (0.1, 0.2, 0.7)
SEEDS = st.integers(0, 2**70)
CUTS = st.sampled_from([SHARES, (0.0, 0.2, 0.8), (0.3, 0.3, 0.4), (0.1, 0.3, 0.3, 0.3), (0.0, 0.25, 0.25, 0.25, 0.25)])


def hashes(count: int) -> list[str]:
    return [f"{number:040x}" for number in range(count)]


def cut(labels, shares=SHARES, seed=42, contents=None, groups=None):
    contents = hashes(len(labels)) if contents is None else contents
    groups = equal_contents(contents) if groups is None else groups
    return pieces_of(np.array(labels, dtype=np.int64), contents, groups, shares, seed)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=4), CUTS, SEEDS)
def test_every_class_has_its_shares_within_the_slack(sizes, shares, seed) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    pieces = cut(labels, shares, seed)
    for label, size in enumerate(sizes):
        if size < 2 * len(shares):
            continue
        counts = np.bincount(pieces[labels == label], minlength=len(shares))
        for count, share in zip(counts[1:], shares[1:], strict=True):
            assert floor(share * size * (1 - SLACK)) <= count <= max(1, ceil(share * size * (1 + SLACK)))


@given(st.integers(2, 30), SEEDS)
def test_two_images_are_enough_for_the_last_two_pieces(size, seed) -> None:
    assert {1, 2} <= set(cut([0] * size, seed=seed).tolist())


@given(st.integers(4, 30), SEEDS)
def test_as_many_images_as_folds_are_enough(size, seed) -> None:
    assert {1, 2, 3, 4} <= set(cut([0] * size, (0.2, 0.2, 0.2, 0.2, 0.2), seed).tolist())


IMAGES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 25)), min_size=1, max_size=80)


@given(IMAGES, CUTS, SEEDS)
def test_groups_are_never_torn(images, shares, seed) -> None:
    labels, contents, groups = ([column[i] for column in images] for i in range(3))
    pieces = cut(labels, shares, seed, [f"{content:040x}" for content in contents], np.array(groups))
    assert pieces.min() >= 0
    assert pieces.max() < len(shares)
    assert all(len(set(pieces[np.array(groups) == group].tolist())) == 1 for group in groups)


@given(IMAGES, SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(images, seed, random) -> None:
    images = sorted({content: (label, content, content // 2) for label, content, _ in images}.values())
    shuffled = random.sample(range(len(images)), len(images))

    def pieces(rows):
        labels, contents, groups = ([images[row][i] for row in rows] for i in range(3))
        return cut(labels, SHARES, seed, [f"{content:040x}" for content in contents], np.array(groups))

    assert pieces(shuffled).tolist() == pieces(range(len(images)))[shuffled].tolist()


@given(st.lists(st.integers(1, 12), min_size=8, max_size=60), SEEDS)
def test_with_groups_the_shares_miss_by_the_largest_group_at_most(sizes, seed) -> None:
    groups = np.repeat(np.arange(len(sizes)), sizes)
    counts = np.bincount(cut([0] * len(groups), SHARES, seed, groups=groups), minlength=3)
    for count, share in zip(counts, SHARES, strict=True):
        assert abs(count - share * len(groups)) <= SLACK * share * len(groups) + 2 * max(sizes) + 1


@pytest.mark.parametrize("seed", range(5))
def test_in_large_classes_no_image_moves_when_others_are_added(seed: int) -> None:
    random = np.random.default_rng(seed)
    contents = [random.bytes(20).hex() for _ in range(9000)]
    labels = random.integers(0, 2, len(contents))
    before = cut(labels[:6000], (0.3, 0.3, 0.4), seed, contents[:6000])
    after = cut(labels, (0.3, 0.3, 0.4), seed, contents)
    assert after[:6000].tolist() == before.tolist()


def test_in_small_classes_few_move() -> None:
    moved = [(cut([0] * 55, seed=seed)[:50] != cut([0] * 50, seed=seed)).mean() for seed in range(40)]
    assert np.mean(moved) < 0.05


def test_a_class_in_the_shade_of_another_still_gets_every_piece_it_can() -> None:
    labels = [0] * 40 + [1] * 3
    groups = np.array([*range(40), 0, 1, 2])
    assert {1, 2} <= set(cut(labels, groups=groups)[40:].tolist())


@given(SEEDS)
def test_a_lone_group_is_trained_on(seed) -> None:
    assert cut([0] * 5, seed=seed, groups=np.zeros(5, dtype=np.int64)).tolist() == [2] * 5


def test_no_images_are_no_pieces() -> None:
    assert cut([]).tolist() == []
