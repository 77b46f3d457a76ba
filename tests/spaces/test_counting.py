"""How many configurations there are, and that nobody waits for the number."""

from itertools import pairwise

import pytest

from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space

HUGE = "training: {batch_size: {int: [1, 1000000000]}, epochs: {choice: [1, 2], when: {training.batch_size: [1, 5]}}}"
KEYS = {"convs": [1, 2], "filters": [16, 32], "kernel_size": [1, 3], "dropout": [0.0, 0.1], "pool_size": [2, 3]}


def space_of(model: str, rest: str = "") -> Space:
    """A space with this network."""
    return loads_space(f"data: {{source: x}}\nmodel: {model}\n{rest}\n", "s", allow_code=True)


def crossed(count: int) -> Space:
    """Each block's dropout depends on another block's filters: all combinations matter at once."""
    filters = ", ".join(["{choice: [16, 32]}"] * count)
    dropout = ", ".join(
        f"{{choice: [0.0, 0.1], when: {{model.scratch.filters.{index}: 16}}, otherwise: 0.5}}" for index in range(count)
    )
    return space_of(f"{{scratch: {{blocks: {count}, pool: none, filters: [{filters}], dropout: [{dropout}]}}}}")


@pytest.mark.timeout(30)
def test_values_that_depend_on_a_huge_range_are_counted_without_walking_through_it():
    assert space_of("vgg16", HUGE).cardinality() == 10**9 + 2


def test_floats_in_whole_steps_are_counted():
    assert space_of("vgg16", "augment: {mixup: {float: [0, 4], step: 1}}").cardinality() == 5


@pytest.mark.parametrize(("count", "draws"), [(2, 3**2), (5, 3**5), (32, None)])
def test_conditions_across_are_counted_up_to_where_there_are_too_many(count: int, draws: int | None):
    assert crossed(count).cardinality() == draws


def test_a_value_that_depends_on_null_is_counted():
    epochs = "{choice: [1, 2, 4], when: {training.steps_per_epoch: [null]}}"
    rest = f"training: {{steps_per_epoch: {{choice: [null, 3]}}, epochs: {epochs}}}"
    assert space_of("vgg16", rest).cardinality() == 3 + 1


def test_values_that_depend_on_each_other_in_a_long_chain_are_counted():
    names = [f"a{index}" for index in range(300)]
    chain = ", ".join(
        f"{name}: {{choice: [1, 2], when: {{model.custom.arguments.{after}: 1}}}}" for name, after in pairwise(names)
    )
    space = space_of(f"{{custom: {{function: 'a:b', arguments: {{{chain}, a299: {{choice: [1, 2]}}}}}}}}")
    assert space.cardinality() == 301
    assert space.parameters[0].name == "model.custom.arguments.a299"


@pytest.mark.timeout(30)
def test_thirty_two_blocks_of_everything_are_counted():
    values = ", ".join(f"{key}: {{choice: {options}, per: block}}" for key, options in KEYS.items())
    assert space_of(f"{{scratch: {{blocks: {{int: [1, 32]}}, pool: none, {values}}}}}").cardinality() == sum(
        32**blocks for blocks in range(1, 33)
    )
