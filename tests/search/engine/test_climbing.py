"""Who climbs on at the end of a rung, under each pruner."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.engine.climbing import Rule, bracket_sizes
from cnnsearch.search.records import Objective
from cnnsearch.spaces.sections.pruners import Pruner

ACCURACY, LOSS = Objective.of("val_accuracy"), Objective.of("val_loss")


def rule(pruner: Any, rungs: int = 3) -> Rule:
    return Rule(Pruner.model_validate(pruner), rungs)


def climbing(pruner: Any, values: list[float], objective: Objective = ACCURACY) -> list[int]:
    """Which trials climb on that end a rung with these values, one after the other."""
    found = rule(pruner)
    reached: dict[int, float] = {}
    passed = []
    for number, value in enumerate(values):
        reached[number] = value
        if not found.is_behind(number, reached, objective):
            passed.append(number)
    return passed


@pytest.mark.parametrize(
    "pruner", ["asha", "hyperband", "median", "percentile", "patient", {"threshold": {"lower": 0}}]
)
@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_whoever_is_as_good_as_all_before_climbs_on(pruner: Any, values: list[float]) -> None:
    best = [number for number, value in enumerate(values) if value >= max(values[: number + 1])]
    assert set(best) <= set(climbing(pruner, values))


@given(values=st.lists(st.floats(0, 1), max_size=30), reduction=st.integers(2, 5))
def test_asha_lets_the_best_of_those_there_climb_on(values: list[float], reduction: int) -> None:
    for count in range(1, len(values) + 1):
        there = dict(enumerate(values[:count]))
        better = sum(value > there[count - 1] for value in there.values())
        behind = rule({"asha": {"reduction": reduction}}).is_behind(count - 1, there, ACCURACY)
        assert behind == (better >= max(1, count // reduction))


def test_a_loss_is_better_where_it_is_lower() -> None:
    assert climbing("asha", [0.5, 0.4, 0.6], LOSS) == [0, 1]
    assert climbing({"median": {"startup": 1}}, [0.5, 0.4, 0.6], LOSS) == [0, 1]


@pytest.mark.parametrize("pruner", ["median", "patient"])
def test_median_lets_the_first_and_the_upper_half_climb_on(pruner: str) -> None:
    settings = {pruner: {"startup": 3}}
    assert climbing(settings, [0.1, 0.2, 0.3, 0.19, 0.21]) == [0, 1, 2, 4]


def test_percentile_lets_its_share_climb_on() -> None:
    settings = {"percentile": {"startup": 4, "percentile": 25}}
    assert climbing(settings, [0.1, 0.2, 0.3, 0.4, 0.3, 0.35]) == [0, 1, 2, 3, 5]


def test_threshold_ends_what_is_outside_its_bounds() -> None:
    assert climbing({"threshold": {"lower": 0.2, "upper": 0.8}}, [0.1, 0.2, 0.9, 0.8]) == [1, 3]


def test_the_trials_of_hyperband_begin_on_the_rungs_of_their_brackets() -> None:
    first = [rule("hyperband").first(number) for number in range(1650)]
    sizes = bracket_sizes(3, 3)
    assert sizes == [9, 4.5, 3]
    assert [first.count(rung) for rung in (1, 2, 3)] == pytest.approx([100 * size for size in sizes], rel=0.02)
    assert {rule("asha").first(number) for number in range(100)} == {1}


def test_hyperband_compares_the_trials_of_one_bracket() -> None:
    found = rule("hyperband")
    early = [number for number in range(40) if found.first(number) == 1]
    late = [number for number in range(40) if found.first(number) == 2]
    reached = dict.fromkeys(early, 0.9) | dict.fromkeys(late, 0.1)
    assert not any(found.is_behind(number, reached, ACCURACY) for number in late)
