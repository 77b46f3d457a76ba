"""Draws beside a draw, and all draws in order."""

import math
import random
from collections import Counter
from itertools import islice

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cnnsearch.spaces.draws import active, completed, draw, value_at_share
from cnnsearch.spaces.listing import configurations, continuous, following, listed
from cnnsearch.spaces.load import load_space, loads_space
from cnnsearch.spaces.neighbours import mutated, neighbours
from cnnsearch.spaces.parameters import Condition, Parameter
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, has, index_of, nth, size

from .strategies.documents import spaces

seeds = st.randoms(use_true_random=False)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

DOMAINS: list[Domain] = [
    IntRange(2, 4),
    IntRange(1, 10**9),
    IntRange(16, 64, 16),
    FloatRange(0.0, 0.3, 0.1),
    IntRange(1, 4096, scale="log"),
    IntRange(3, 9, 1, "reverse_log"),
    FloatRange(1e-5, 1e-1, scale="log"),
    FloatRange(1e-30, 1.0, None, "reverse_log"),
    FloatRange(0.0, 5e-324),
    FloatRange(-1.0, 1.0),
    Choice(("same", [64, 64], None, True)),
    Branch(("adam", "sgd")),
]


def is_a_draw(space: Space, values: dict[str, Scalar]) -> bool:
    """Whether these are the values of exactly the active parameters, each within its domain."""
    active = space.active(values)
    return {p.name for p in active} == values.keys() and all(has(p.domain, values[p.name]) for p in active)


@unhurried
@given(spaces, seeds)
def test_a_mutation_is_a_draw_that_differs(space: Space, source: random.Random) -> None:
    values = draw(space, source)
    found = mutated(space.plan, values, source)
    if found is None:
        assert all(size(parameter.domain) == 1 for parameter in space.active(values))
    else:
        assert found != values
        assert is_a_draw(space, found)


@unhurried
@given(spaces, seeds)
def test_neighbours_are_draws_that_differ_in_one_value_and_what_hangs_on_it(
    space: Space, source: random.Random
) -> None:
    values = draw(space, source)
    for found in neighbours(space.plan, values, source):
        assert is_a_draw(space, found)
        changed = [name for name, value in found.items() if name in values and value != values[name]]
        assert len(changed) == 1


@pytest.mark.parametrize("domain", DOMAINS, ids=repr)
def test_every_domain_has_a_second_value_beside_each(domain: Domain) -> None:
    plan, source = [(Parameter("it", domain), ())], random.Random(1)
    values: dict[str, Scalar] = completed(plan, {}, source)
    for _ in range(200):
        following_one = mutated(plan, values, source)
        assert following_one is not None
        assert following_one != values
        assert has(domain, following_one["it"])
        values = following_one


def test_a_range_moves_to_values_nearby_and_a_choice_to_any_other() -> None:
    source = random.Random(2)
    learning_rates = [(Parameter("it", FloatRange(1e-6, 1.0, scale="log")), ())]
    moved = [mutated(learning_rates, {"it": 1e-3}, source) for _ in range(500)]
    decades = [abs(math.log10(values["it"]) + 3) for values in moved if values and isinstance(values["it"], float)]
    assert sum(decade < 1.2 for decade in decades) > 0.6 * 500
    filters = [(Parameter("it", IntRange(1, 4096, scale="log")), ())]
    numbers = [values["it"] for _ in range(500) if (values := mutated(filters, {"it": 64}, source))]
    assert 0.4 * 500 < sum(isinstance(number, int) and number < 64 for number in numbers) < 0.6 * 500
    options = [(Parameter("it", Choice(("a", "b", "c"))), ())]
    counts = Counter(values["it"] for _ in range(900) if (values := mutated(options, {"it": "b"}, source)))
    assert set(counts) == {"a", "c"}
    assert min(counts.values()) > 380


def test_beside_a_whole_number_on_a_scale_there_is_one_further_away() -> None:
    plan, source = [(Parameter("it", IntRange(1, 4096, scale="log")), ())], random.Random(5)
    found = {values["it"] for _ in range(20) for values in neighbours(plan, {"it": 1024}, source)}
    assert {1023, 1025} < found
    assert any(isinstance(value, int) and value < 512 for value in found)


def test_a_value_that_stands_in_several_places_is_listed_and_changed_once() -> None:
    kind, depth = Parameter("kind", Choice(("a", "b"))), IntRange(1, 2)
    in_a, in_b = (Condition("kind", ("a",)),), (Condition("kind", ("b",)),)
    other = Parameter("other", IntRange(1, 2), in_a)
    plan = [(kind, ()), (Parameter("depth", depth, in_a), in_a), (other, in_a), (Parameter("depth", depth, in_b), in_b)]
    assert [tuple(values.values()) for values in configurations(plan)] == [
        ("a", 1, 1), ("a", 1, 2), ("a", 2, 1), ("a", 2, 2), ("b", 1), ("b", 2)
    ]  # fmt: skip
    assert [parameter.name for parameter in active(plan, {"depth": 1, "kind": "b"})] == ["kind", "depth"]


def test_a_branch_that_is_left_takes_its_values_along_and_the_new_one_is_drawn() -> None:
    space = loads_space(
        "data: {source: x}\nmodel: vgg16\noptimizer: {choice: {sgd: {momentum: {float: [0, 0.9]}}, adam: {}}}\n", "s"
    )
    source = random.Random(3)
    assert mutated(space.plan, {"optimizer": "adam"}, source)["optimizer"] == "sgd"  # type: ignore[index]
    found = [mutated(space.plan, {"optimizer": "sgd", "optimizer.sgd.momentum": 0.5}, source) for _ in range(20)]
    assert {"optimizer": "adam"} in found
    assert any(values and "optimizer.sgd.momentum" in values for values in found)


def test_nothing_lies_beside_the_only_draw() -> None:
    plan = [(Parameter("it", Choice(("only",))), ())]
    assert mutated(plan, {"it": "only"}, random.Random(4)) is None
    assert list(neighbours(plan, {"it": "only"}, random.Random(4))) == []


# All of them, in order.


@unhurried
@given(spaces)
def test_listing_gives_as_many_as_were_counted_each_once(space: Space) -> None:
    count = space.cardinality()
    assume(count is not None)
    found = list(islice(configurations(space.plan), 500))
    assert len(found) == min(count or 0, 500)
    assert len({tuple(values.items()) for values in found}) == len(found)
    assert all(is_a_draw(space, values) for values in found)


@unhurried
@given(spaces, seeds)
def test_the_order_goes_on_behind_any_of_them(space: Space, source: random.Random) -> None:
    assume(not continuous(space.parameters))
    values = draw(space, source)
    behind = following(space.plan, values)
    assert behind is None or is_a_draw(space, behind)
    if (space.cardinality() or math.inf) <= 500:
        listed_ones = list(configurations(space.plan))
        place = listed_ones.index(values)
        assert behind == (listed_ones[place + 1] if place + 1 < len(listed_ones) else None)


def test_continuous_ranges_are_named() -> None:
    names = continuous(load_space("scratch").parameters)
    assert names[0] == "optimizer.sgd.learning_rate"
    assert listed(["a", "b"]) == "a, b"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


@pytest.mark.parametrize("domain", [domain for domain in DOMAINS if size(domain) is not None], ids=repr)
def test_the_index_of_a_value_leads_back_to_it(domain: Domain) -> None:
    for index in {0, 1, (size(domain) or 0) - 1}:
        assert index_of(domain, nth(domain, index)) == index


@pytest.mark.parametrize("domain", DOMAINS, ids=repr)
def test_every_share_of_a_domain_is_a_value_of_it(domain: Domain) -> None:
    assert all(has(domain, value_at_share(domain, share / 100)) for share in range(101))
