"""KerasTuner's hyperparameters in our words: their scales, and one name that stands for several of them."""

from typing import Any

import keras_tuner
import pytest

from cnnsearch.search.engine.parameters import SearchSpace, search_space_of
from cnnsearch.spaces.draws import value_at_share
from cnnsearch.spaces.parameters import Condition
from cnnsearch.spaces.values import Choice, FloatRange, IntRange

LINEAR, LOG, REVERSED = "linear", "log", "reverse_log"


def optimizers() -> keras_tuner.HyperParameters:
    """A learning rate that has another range under each of two optimizers, and the first one under a third."""
    hp = keras_tuner.HyperParameters()
    hp.Choice("optimizer", ["adam", "sgd", "adamw"])
    with hp.conditional_scope("optimizer", ["adam"]):
        hp.Float("lr", 1e-4, 1e-2, sampling=LOG)
    with hp.conditional_scope("optimizer", ["sgd"]):
        hp.Float("lr", 1e-2, 1.0)
    with hp.conditional_scope("optimizer", ["adamw"]):
        hp.Float("lr", 1e-4, 1e-2, sampling=LOG)
    return hp


def domains_of(space: SearchSpace) -> dict[str, Any]:
    return dict(space.domains)


# Scales.


@pytest.mark.parametrize(
    ("kind", "low", "high", "step", "sampling"),
    [
        ("Int", 16, 64, 16, LINEAR),
        ("Int", 16, 1024, None, LOG),
        ("Int", 1, 5, None, LOG),
        ("Int", 1, 1000, None, REVERSED),
        ("Int", 1, 64, 2, LOG),
        ("Int", 1, 60, 2, REVERSED),
        ("Float", -1.0, 1.0, None, LINEAR),
        ("Float", 0.0, 0.5, 0.125, LINEAR),
        ("Float", 1e-5, 1e-1, None, LOG),
        ("Float", 1e-3, 1.0, None, REVERSED),
        ("Float", 1e-3, 1.0, 10.0, LOG),
        ("Float", 1.0, 100.0, 10.0, REVERSED),
    ],
)
def test_a_range_is_drawn_as_keras_tuner_draws_it(kind: str, low: Any, high: Any, step: Any, sampling: str) -> None:
    hp = keras_tuner.HyperParameters()
    getattr(hp, kind)("it", low, high, step=step, sampling=sampling)
    domain = domains_of(search_space_of(hp))["it"]
    for share in [place / 128 + 1 / 512 for place in range(128)]:
        assert value_at_share(domain, share) == pytest.approx(hp.space[0].prob_to_value(share), rel=1e-9)


def test_optuna_s_own_samplers_draw_a_log_scale_of_whole_numbers() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 16, 1024, sampling=LOG)
    hp.Int("filters", 16, 1024)
    hp.Float("share", 0.5, 1.0, sampling=REVERSED)
    space = search_space_of(hp)
    assert [getattr(each, "log", None) for each in space.distributions.values()] == [True, False, False]
    assert space.reversed_ranges == ["share"]


# Names.


def test_another_range_under_another_condition_has_the_condition_in_its_name() -> None:
    space = search_space_of(optimizers())
    assert domains_of(space) == {
        "optimizer": Choice(("adam", "sgd", "adamw")),
        "lr": FloatRange(1e-4, 1e-2, None, LOG),
        "lr (optimizer: sgd)": FloatRange(1e-2, 1.0),
    }
    assert [parameter.name for parameter, _ in space.plan] == ["optimizer", "lr", "lr (optimizer: sgd)", "lr"]
    assert space.distributions.keys() == domains_of(space).keys()


def test_values_are_translated_there_and_back() -> None:
    space = search_space_of(optimizers())
    theirs, ours = {"optimizer": "sgd", "lr": 0.5}, {"optimizer": "sgd", "lr (optimizer: sgd)": 0.5}
    assert space.named(ours) == theirs
    assert space.told(theirs) == ours
    assert space.told({"optimizer": "adamw", "lr": 1e-3}) == {"optimizer": "adamw", "lr": 1e-3}
    assert space.offered({"lr": 1e-2}) == {"lr": 1e-2, "lr (optimizer: sgd)": 1e-2}  # whichever it comes to be
    assert space.offered({"lr": 7.0}) == {}


def test_what_hangs_on_one_of_them_hangs_on_that_one() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("model", ["a", "b"])
    for model, kinds in ("a", ["x", "y"]), ("b", ["y", "z"]):
        with hp.conditional_scope("model", [model]):
            hp.Choice("kind", kinds)
            with hp.conditional_scope("kind", ["y"]):
                hp.Int("depth", 1, 3)
    space = search_space_of(hp)
    in_b = "kind (model: b)"
    conditions = [conditions for parameter, conditions in space.plan if parameter.name == "depth"]
    assert conditions == [
        (Condition("model", ("a",)), Condition("kind", ("y",))),
        (Condition("model", ("b",)), Condition(in_b, ("y",))),
    ]
    assert space.cardinality == 8
    assert space.told({"model": "b", "kind": "y", "depth": 2}) == {"model": "b", in_b: "y", "depth": 2}


def test_what_python_takes_for_equal_are_other_values() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["a", "b", "c"])
    with hp.conditional_scope("kind", ["a"]):
        hp.Choice("it", [0, 1])
    with hp.conditional_scope("kind", ["b"]):
        hp.Choice("it", [0.0, 1.0])
    with hp.conditional_scope("kind", ["c"]):
        hp.Boolean("it")
    assert list(search_space_of(hp).domains) == ["kind", "it", "it (kind: b)", "it (kind: c)"]


def test_a_name_that_is_declared_twice_alike_counts_once() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 3)
    hp.merge(hp.copy())
    assert len(hp.space) == 2
    assert search_space_of(hp).cardinality == 3


def test_a_name_that_is_taken_is_told_apart_and_a_long_one_is_cut() -> None:
    hp = keras_tuner.HyperParameters()
    kinds = [f"kind {number:03}" for number in range(100)]
    hp.Choice("kind", ["", *kinds])
    for first in "", kinds[0]:
        with hp.conditional_scope("kind", [first] if not first else kinds):
            hp.Int("units", 1, 3 if first else 2)
    with hp.conditional_scope("kind", [*kinds[:-1]]):
        hp.Int("units", 1, 4)
    names = list(search_space_of(hp).domains)
    assert names[1] == "units"
    assert names[2].startswith("units (kind: kind 000/kind 001/")
    assert names[3] == names[2] + "'"
    assert max(map(len, names)) == 201


def test_one_without_conditions_says_so_where_another_has_its_name() -> None:
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["a"]):
        hp.Int("units", 1, 3)
    hp.Int("units", 8, 9)
    space = search_space_of(hp)
    assert list(space.domains) == ["kind", "units", "units (always)"]
    assert space.named({"kind": "a", "units": 2, "units (always)": 8}) == {"kind": "a", "units": 8}
    assert domains_of(space)["units"] == IntRange(1, 3)
