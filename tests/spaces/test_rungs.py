"""The rungs of `search.fidelity`: which a configuration climbs, what is trained on each, what cannot be one."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.rungs import Rung, climbed, comparing, on_rung, rungs_of
from cnnsearch.spaces.sections.search import Search


def search(fidelity: dict[str, Any] | None, pruner: Any = "asha") -> Search:
    return Search.model_validate({"fidelity": fidelity, "pruner": pruner})


@pytest.mark.parametrize("fidelity", [{"data": [0.1, 1.0]}, {"epochs": [2, 20]}, {"image_size": [32, 64]}])
def test_a_fidelity_brings_asha_where_no_pruner_is_named(fidelity: dict[str, Any]) -> None:
    assert Search.model_validate({"fidelity": fidelity}).pruner.kind == "asha"
    assert search(fidelity, "median").pruner.kind == "median"
    assert Search.model_validate({"fidelity": None}).pruner == Search().pruner


def configuration(fidelity: dict[str, Any], blocks: int = 1, **training: Any) -> Configuration:
    sections = {
        "data": {"source": "x", "image_size": 64},
        "model": {"scratch": {"blocks": blocks, "padding": "valid"}},
        "training": training,
        "search": {"fidelity": fidelity},
    }
    return Configuration.model_validate(sections)


def test_the_share_of_the_images_grows_by_the_pruners_reduction() -> None:
    assert [rung.share for rung in rungs_of(search({"data": [0.1, 1.0]}))] == [0.1, pytest.approx(1 / 3), 1.0]
    assert [rung.share for rung in rungs_of(search({"data": [0.1, 1.0]}, {"asha": {"reduction": 10}}))] == [0.1, 1.0]
    assert [rung.share for rung in rungs_of(search({"data": [0.3, 1.0]}, "median"))] == [0.3, 1.0]


@given(st.floats(0.001, 0.999), st.integers(2, 50))
def test_shares_begin_with_the_lowest_grow_and_end_with_all_images(lowest: float, reduction: int) -> None:
    rungs = rungs_of(search({"data": [lowest, 1.0]}, {"asha": {"reduction": reduction}}))
    shares = [rung.share for rung in rungs]
    assert (shares[0], shares[-1]) == (lowest, 1.0)
    assert all(one < other for one, other in pairwise(shares))
    assert all(other / one <= reduction**1.5 * 1.000001 for one, other in pairwise(shares))
    assert [(rung.number, rung.of, rung.work) for rung in rungs] == [
        (number, len(rungs), share) for number, share in enumerate(shares, start=1)
    ]
    assert [rung.is_last for rung in rungs] == [False] * (len(rungs) - 1) + [True]


@given(st.lists(st.tuples(st.integers(1, 64), st.integers(1, 64)), min_size=1, max_size=7))
def test_every_listed_size_is_a_rung_that_counts_by_its_pixels(steps: list[tuple[int, int]]) -> None:
    sizes = [(8, 8)]
    for height, width in steps:
        sizes.append((sizes[-1][0] + height, sizes[-1][1] + width))
    rungs = rungs_of(search({"image_size": [list(size) for size in sizes]}))
    assert [rung.image_size for rung in rungs] == sizes
    most = sizes[-1][0] * sizes[-1][1]
    assert [rung.work for rung in rungs] == [height * width / most for height, width in sizes]
    assert [Rung.read(rung.stored()) for rung in rungs] == list(rungs)


@pytest.mark.parametrize("fidelity", [None, {"epochs": [2, 20]}])
def test_without_rungs_a_trial_is_one_training(fidelity: dict[str, Any] | None) -> None:
    assert rungs_of(search(fidelity)) == ()


def test_epochs_say_when_the_pruner_looks_first() -> None:
    assert comparing(search({"epochs": [2, 20]}, "median")).taken()["median"].first == 2
    assert comparing(search({"data": [0.1, 1.0]}, "median")).taken()["median"].first is None


def test_what_is_trained_on_a_rung_differs_in_nothing_but_its_fidelity() -> None:
    sized = configuration({"image_size": [32, 64]})
    small, whole = (on_rung(sized, rung) for rung in climbed(sized))
    assert (small.data.image_size, whole) == ([32, 32], sized)
    assert small.model_copy(update={"data": sized.data}) == sized
    shared = configuration({"data": [0.1, 1.0]}, steps_per_epoch=25)
    assert [on_rung(shared, rung).training.steps_per_epoch for rung in climbed(shared)] == [3, 9, 25]


def test_a_size_that_leaves_nothing_of_an_image_is_left_out() -> None:
    deep = configuration({"image_size": [8, 32, 64]}, blocks=3)
    assert [rung.fidelity for rung in climbed(deep)] == ["32x32", "64x64"]
    assert [rung.number for rung in climbed(deep)] == [2, 3]


def test_a_trial_may_begin_on_a_later_rung_but_never_leaves_out_the_last() -> None:
    found = configuration({"data": [0.1, 1.0]})
    assert [rung.number for rung in climbed(found, first=2)] == [2, 3]
    assert [rung.number for rung in climbed(found, first=9)] == [3]


@pytest.mark.parametrize(
    ("fidelity", "message"),
    [
        ("data: [0.1, 0.9]", r"the last rung trains on all images, got \[0\.1, 0\.9\]\. Write \[0\.1, 1\.0\]"),
        ("data: [1.0, 0.1]", r"the share grows from the first rung to the last, got \[1\.0, 0\.1\]"),
        ("data: [0.0, 1.0]", r"fidelity\.data\.0` must be at least 0\.001, got 0\.0"),
        ("data: 0.1", r"fidelity\.data` must be a list, got 0\.1\. Write it in brackets"),
        ("image_size: [64, 32]", r"sizes grow from rung to rung, got \[64, 64\] before \[32, 32\]"),
        ("image_size: [16, 32]", r"the last size is that of data\.image_size, \[64, 64\] here, got \[32, 32\]"),
        ("epochs: [5, 30]", r"the last epoch is the last that a trial can train, 20 here, got 30\. Write 20"),
        ("epochs: [20, 5]", r"the first look comes before the last epoch, got \[20, 5\]"),
        ("epochs: [5, 20], data: [0.1, 1.0]", r"exactly one of epochs, data, image_size .*, got epochs and data"),
        ("dat: [0.1, 1.0]", r"Did you mean `data`"),
        ("data: [0.1, 1.0]}, pruner: {none: {}", r"a pruner compares trials at, got pruner none"),
        ("data: [0.1, 1.0]}, pruner: {asha: {first: 3}", r"says itself when .*, got asha\.first 3, too"),
    ],
)
def test_what_can_be_no_fidelity_is_told_with_its_place(fidelity: str, message: str) -> None:
    text = f"data: {{source: x, image_size: 64}}\nmodel: vgg16\nsearch: {{fidelity: {{{fidelity}}}}}\n"
    with pytest.raises(SpaceError, match=rf"3:\d+: (.|\n)*{message}"):
        loads_space(text, "s")


def test_sizes_are_no_rungs_where_they_are_searched() -> None:
    text = (
        "data: {source: x, image_size: {choice: [32, 64]}}\nmodel: vgg16\nsearch: {fidelity: {image_size: [32, 64]}}\n"
    )
    with pytest.raises(SpaceError, match=r"rungs of a trial or searched, got a search over data\.image_size, too"):
        loads_space(text, "s")
