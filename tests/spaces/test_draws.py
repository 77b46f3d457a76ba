"""Draws by chance."""

import math
import random
from collections import Counter

import pytest

from cnnsearch.spaces.draws import draw, draw_value, middle_of, value_at_share
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, nth, size


@pytest.mark.parametrize(
    ("domain", "values"),
    [
        (IntRange(2, 4), {2, 3, 4}),
        (IntRange(16, 64, 16), {16, 32, 48, 64}),
        (FloatRange(0.0, 0.3, 0.1), {0.0, 0.1, 0.2, 0.3}),
        (Choice(("same", [64, 64], None, True)), {"same", "[64, 64]", None, True}),
        (Branch(("adam", "sgd")), {"adam", "sgd"}),
        (FloatRange(0.5, 0.5), {0.5}),
    ],
)
def test_every_value_of_a_domain_is_drawn_and_about_as_often(domain: Domain, values: set[object]):
    source = random.Random(1)
    counts = Counter(draw_value(domain, source) for _ in range(4000))
    assert set(counts) == values
    assert min(counts.values()) > 0.8 * 4000 / len(values)


def test_a_log_scale_draws_the_exponent_evenly():
    source = random.Random(2)
    drawn = [draw_value(FloatRange(1e-4, 1e-2, scale="log"), source) for _ in range(4000)]
    assert all(isinstance(value, float) and 1e-4 <= value <= 1e-2 for value in drawn)
    assert 0.45 < sum(isinstance(value, float) and value < 1e-3 for value in drawn) / 4000 < 0.55


def test_a_log_scale_of_whole_numbers_draws_the_exponent_evenly():
    source = random.Random(2)
    drawn = Counter(draw_value(IntRange(1, 3, scale="log"), source) for _ in range(4000))
    expected = {1: math.log(2, 4), 2: math.log(3 / 2, 4), 3: math.log(4 / 3, 4)}
    assert {value: count / 4000 for value, count in drawn.items()} == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("domain", [IntRange(1, 1000, 1, "reverse_log"), FloatRange(1.0, 1000.0, None, "reverse_log")])
def test_a_reversed_log_scale_draws_large_values_more_often(domain: Domain):
    source = random.Random(2)
    drawn = [draw_value(domain, source) for _ in range(4000)]
    assert all(isinstance(value, int | float) and 1 <= value <= 1000 for value in drawn)
    assert 0.45 < sum(isinstance(value, int | float) and value > 969 for value in drawn) / 4000 < 0.55


@pytest.mark.parametrize(
    "domain", [IntRange(16, 64, 16), IntRange(1, 4096, scale="log"), IntRange(2, 900, 1, "reverse_log")], ids=repr
)
def test_the_middle_of_a_value_s_places_leads_to_it(domain: IntRange):
    for index in range(size(domain) or 0):
        assert value_at_share(domain, middle_of(domain, index)) == nth(domain, index)


def test_the_same_seed_draws_the_same():
    space = load_space("basic")
    assert draw(space, random.Random(3)) == draw(space, random.Random(3))
