"""The way back from a configuration to the values that make it."""

from typing import Any

import pytest

from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.points import NotInSpace, point_of, values_of
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space

TEXT = """\
data: {source: x, image_size: {int: [32, 64]}}
model:
  choice:
    small: {scratch: {blocks: 2, filters: {choice: [8, 16], per: block}}}
    large: {scratch: {blocks: {int: [2, 4]}, filters: {choice: [16, 32], per: block}, norm: {choice: [none, batch]}}}
    own: {custom: {function: "mine:net", arguments: {width: {choice: [1, 2]}}}}
    vgg16: {trainable_from: {choice: [none, block5]}}
head: {dense: [{units: {int: [8, 64]}}], dropout: {float: [0.0, 0.5], when: {model: vgg16}, otherwise: 0.7}}
optimizer: {choice: [adam, sgd]}
"""


def space_of(text: str = TEXT) -> Space:
    """A space with names of its own."""
    return loads_space(text, "s", allow_code=True)


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ({}, {}),
        ({"model": {}}, {}),
        ({"model": "vgg16"}, {"model": "vgg16"}),
        ({"model": {"vgg16": None}}, {"model": "vgg16"}),
        ({"model": {"scratch": {"filters": [8, 16]}}}, {"model": "small", "model.small.scratch.filters.1": 16}),
        ({"model": {"scratch": {"batch_norm": True}}}, {"model": "large", "model.large.scratch.norm": "batch"}),
        ({"model": {"scratch": {"blocks": 4}}}, {"model": "large", "model.large.scratch.blocks": 4}),
        ({"model": {"large": {"scratch": {"filters": 16}}}}, {"model": "large", "model.large.scratch.filters.3": 16}),
        ({"model": {"custom": "mine:net"}}, {"model": "own"}),
        ({"data": {"image_size": 40}}, {"data.image_size": 40}),
        ({"data": {"image_size": [40, 40]}}, {"data.image_size": 40}),
        ({"head": {"dense": [64]}}, {"head.dense.0.units": 64}),
        ({"head": {"dropout": 0.7}}, {}),
        ({"optimizer": "sgd"}, {"optimizer": "sgd"}),
        ({"optimizer": {"sgd": {"momentum": 0}}}, {"optimizer": "sgd"}),
    ],
)
def test_parts_and_short_forms_are_understood(given: dict[str, Any], values: dict[str, Any]):
    found = values_of(space_of(), given)
    assert {name: found.get(name) for name in values} == values
    assert bool(found) == bool(values)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": {"mobilenet": {}}}, r"^model: it is one of small, large, own, vgg16 in this space, got .*mobilenet"),
        ({"model": {"scratch": {"filters": 64}}}, r"^model: it is one of small, large, own, vgg16 in this space"),
        (
            {"model": {"vgg16": {"trainable_from": "all"}}},
            r"^model\.vgg16\.trainable_from: it is one of none, block5 in",
        ),
        ({"model": {"scratch": {"batch_norm": "perhaps"}}}, r"^model: it is one of"),
        ({"data": {"image_size": [40, 41]}}, r"^data\.image_size: it is a whole number from 32 to 64 .*got \[40, 41\]"),
        ({"data": {"image_size": 10**390}}, r"^data\.image_size: it is a whole number from 32 to 64"),
        ({"head": {"dropuot": 0.1}}, r"^head\.dropuot: this space has no 'dropuot' here"),
        ({"head": {"dense": []}}, r"^head\.dense: it is \[\{.*\}?\.* in this space, got \[\]"),
        (
            {"head": {"dropout": 0.8}},
            r"^head\.dropout: it is a number from 0\.0 to 0\.5 \(linear\) in this space, got 0\.8",
        ),
        ({"training": {"epochs": 3}}, r"^training\.epochs: it is 20 in this space, got 3"),
    ],
)
def test_what_a_space_does_not_have_is_named(given: dict[str, Any], message: str):
    with pytest.raises(NotInSpace, match=message):
        values_of(space_of(), given)


def test_of_two_branches_that_look_alike_the_one_that_makes_the_configuration_is_found():
    text = """\
data: {source: x}
model:
  choice:
    a: {scratch: {filters: {choice: [8, 16], when: {training.batch_size: 8}, otherwise: 64}}}
    b: {scratch: {filters: {choice: [8, 64]}}}
training: {batch_size: {choice: [8, 16]}}
"""
    space = space_of(text)
    for values in (
        {"model": "a", "model.a.scratch.filters": 8, "training.batch_size": 8},
        {"model": "a", "training.batch_size": 16},
        {"model": "b", "model.b.scratch.filters": 64, "training.batch_size": 8},
        {"model": "b", "model.b.scratch.filters": 8, "training.batch_size": 16},
    ):
        configuration = plain(space.configuration(values))
        again = plain(space.configuration(point_of(space, configuration)))
        assert again["model"] == configuration["model"]
        assert again["training"] == configuration["training"]


def test_a_configuration_that_only_another_condition_would_allow_is_refused():
    space = space_of(
        "data: {source: x}\nmodel: vgg16\nhead: {dropout: {choice: [0.1], when: {head.l2: 1.0}, otherwise: 0.5}}"
    )
    configuration = plain(space.configuration({}))
    assert point_of(space, configuration) == {}
    configuration["head"]["dropout"] = 0.1
    with pytest.raises(NotInSpace, match=r"^head: it is .* in every draw with these values, got "):
        point_of(space, configuration)
