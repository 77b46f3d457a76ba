"""Draws by chance."""

import random
from collections import Counter

import pytest

from cnnsearch.spaces.draws import draw, draw_value
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange


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


def test_the_same_seed_draws_the_same():
    space = load_space("basic")
    assert draw(space, random.Random(3)) == draw(space, random.Random(3))
