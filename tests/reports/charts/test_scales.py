"""Scales put values in order, within the axis, and write round values that can be told apart."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.reports.charts.scales import (
    Categories,
    Duration,
    Linear,
    Log,
    Scale,
    duration_over,
    linear_over,
    log_over,
    multiples,
    round_step,
)

Maker = Callable[[list[float]], Scale]
NUMBERS = st.lists(st.floats(), max_size=8)
MAKERS = st.sampled_from([linear_over, log_over, duration_over])
MOST = st.integers(2, 12)


@given(NUMBERS, MAKERS, MOST)
def test_any_numbers_give_ticks_in_order_and_within_the_axis(values: list[float], maker: Maker, most: int) -> None:
    shares = [tick.share for tick in maker(values).ticks(most)]
    assert shares == sorted(set(shares))
    assert all(0 <= share <= 1 for share in shares)


@given(NUMBERS, MAKERS, MOST)
def test_ticks_of_one_axis_are_written_differently(values: list[float], maker: Maker, most: int) -> None:
    texts = [tick.text for tick in maker(values).ticks(most)]
    assert len(set(texts)) == len(texts)


@given(NUMBERS, MOST)
def test_a_linear_axis_has_a_tick_and_not_many_more_than_asked_for(values: list[float], most: int) -> None:
    assert 1 <= len(linear_over(values).ticks(most)) <= most + 1


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8), st.sampled_from([linear_over, log_over, duration_over]))
def test_a_larger_value_never_lies_lower(values: list[float], maker: Maker) -> None:
    shares = [maker(values).share(value) for value in sorted(values)]
    assert shares == sorted(shares)


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=8))
def test_every_value_lies_inside_the_axis_made_for_it(values: list[float]) -> None:
    for scale in (linear_over(values), log_over(values), duration_over(values)):
        assert all(0 < scale.share(value) < 1 for value in values)


@given(st.floats(1e-200, 1e200))
def test_a_round_step_is_at_least_as_large_and_less_than_three_times_so(least: float) -> None:
    assert least * (1 - 1e-6) <= round_step(least) <= least * 2.6


@given(st.floats(-1e6, 1e6), st.floats(0.01, 1e6))
def test_multiples_lie_between_both_ends(low: float, length: float) -> None:
    step = round_step(length / 7)
    found = multiples(low, low + length, step)
    assert all(low - step * 1e-3 <= value <= low + length + step * 1e-3 for value in found)
    assert len(found) >= 2


@pytest.mark.parametrize(
    ("scale", "texts"),
    [
        (Linear(0, 1), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (Linear(0.91, 0.94), ["0.910", "0.915", "0.920", "0.925", "0.930", "0.935", "0.940"]),
        (Linear(-30, 10), ["-30", "-20", "-10", "0", "10"]),
        (Linear(0, 25_000), ["0", "5k", "10k", "15k", "20k", "25k"]),
        (Linear(0, 4e-6), ["0", "1e-6", "2e-6", "3e-6", "4e-6"]),
        (Linear(0, 3, whole=True), ["0", "1", "2", "3"]),
        (Linear(0, 1, whole=True), ["0", "1"]),
        (Log(1e-5, 1e-2), ["1e-5", "1e-4", "0.001", "0.01"]),
        (Log(20, 500), ["20", "50", "100", "200", "500"]),
        (Log(2.0, 2.8), ["2.0", "2.2", "2.4", "2.6", "2.8"]),
        (Duration(0, 250), ["0", "1m", "2m", "3m", "4m"]),
        (Duration(0, 5400), ["0", "15m", "30m", "45m", "1h", "1h15m", "1h30m"]),
        (Duration(0, 0.5), ["0", "0.1s", "0.2s", "0.3s", "0.4s", "0.5s"]),
        (Duration(0, 86400 * 5), ["0", "1d", "2d", "3d", "4d", "5d"]),
        (Categories(("a", None, True, 3.0)), ["a", "null", "true", "3"]),
    ],
)
def test_round_values_are_written(scale: Scale, texts: list[str]) -> None:
    assert [tick.text for tick in scale.ticks(7 if len(texts) > 6 else 6)] == texts


def test_what_lies_beyond_is_put_at_the_end() -> None:
    assert [Linear(0, 1).share(value) for value in (-5, 0.25, math.inf)] == [0, 0.25, 1]
    assert [Log(1, 100).share(value) for value in (-5, 0, 10, 1e9)] == [0, 0, 0.5, 1]


def test_a_word_has_no_place_among_numbers() -> None:
    with pytest.raises(TypeError, match="an axis of numbers has no place for 'adam'"):
        Linear(0, 1).share("adam")


def test_each_category_lies_in_the_middle_of_its_part() -> None:
    scale = Categories(("sgd", "adam"))
    assert [scale.share("sgd"), scale.share("adam")] == [0.25, 0.75]
