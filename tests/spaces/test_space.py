"""A space's parameters, its configurations, and what can be asked of it."""

import pickle
import random
from typing import Any

import pytest
from pydantic import ValidationError

from cnnsearch.spaces.document import Configuration, Document, Scratch, branch_of
from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.load import load_space, loads_space
from cnnsearch.spaces.space import Condition, Space, configuration_yaml
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, label, size, value_at

TEXT = """\
data: {source: photos, image_size: {choice: [32, [48, 64]]}}
model:
  choice:
    scratch:
      blocks: {int: [1, 3]}
      filters: {choice: [8, 16], per: block}
      convs: [1, {choice: [1, 2]}, 2]
      batch_norm: {choice: [true, false]}
    vgg16: {trainable_from: {choice: [none, block5]}}
head: {dense: {choice: [[], [64], [{units: 64, dropout: 0.5}]]}}
"""


def space_of(text: str = TEXT) -> Space:
    """A space with a choice of every kind."""
    return loads_space(text, "s")


def test_parameters_are_named_by_their_path_and_exist_where_their_branch_and_block_do():
    found = {parameter.name: parameter for parameter in space_of().parameters}
    scratch = Condition("model", ("scratch",))
    assert list(found) == [
        "data.image_size",
        "model",
        "model.scratch.blocks",
        "model.scratch.convs.1",
        "model.scratch.filters.0",
        "model.scratch.filters.1",
        "model.scratch.filters.2",
        "model.scratch.norm",
        "model.vgg16.trainable_from",
        "head.dense",
    ]
    assert found["model"].domain == Branch(("scratch", "vgg16"))
    assert found["model.scratch.blocks"].domain == IntRange(1, 3)
    assert found["model.scratch.filters.0"].conditions == (scratch,)
    assert found["model.scratch.convs.1"].conditions == (scratch, Condition("model.scratch.blocks", (2, 3)))
    assert found["model.scratch.filters.2"].conditions == (scratch, Condition("model.scratch.blocks", (3,)))
    assert found["data.image_size"].domain == Choice(([32, 32], [48, 64]))


def values_of(**changed: Any) -> dict[str, Any]:
    """Values of a scratch model with two blocks."""
    values = {
        "data.image_size": "[48, 64]",
        "model": "scratch",
        "model.scratch.blocks": 2,
        "model.scratch.convs.1": 2,
        "model.scratch.filters.0": 8,
        "model.scratch.filters.1": 16,
        "model.scratch.norm": "batch",
        "head.dense": "[{units: 64, dropout: 0.5, activation: relu}]",
    }
    return {**values, **{key.replace("__", "."): value for key, value in changed.items()}}


def test_a_configuration_has_the_drawn_blocks_and_options_for_their_labels():
    configuration = space_of().configuration(values_of(model__vgg16__trainable_from="none"))
    name, scratch = branch_of(configuration.model)
    assert name == "scratch"
    assert isinstance(scratch, Scratch)
    assert configuration.data.image_size == [48, 64]
    assert [(block.convs, block.filters, block.norm) for block in scratch.layers()] == [
        (1, 8, "batch"),
        (2, 16, "batch"),
    ]
    assert scratch.filters == [8, 16]
    assert [(layer.units, layer.dropout) for layer in configuration.head.dense] == [(64, 0.5)]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model__scratch__blocks": 4}, r"model\.scratch\.blocks must be a whole number from 1 to 3, got 4"),
        ({"model__scratch__blocks": "2"}, r"model\.scratch\.blocks must be a whole number from 1 to 3, got '2'"),
        ({"model__scratch__norm": 1}, r"model\.scratch\.norm must be one of batch, none, got 1"),
        ({"model": "mobilenet"}, r"model must be one of scratch, vgg16, got 'mobilenet'"),
        ({"model__scratch__blocks": 3}, r"model\.scratch\.filters\.2 is active and must have a value, got none"),
        ({"data__image_size": "[1, 1]"}, r"data\.image_size must be one of \[32, 32\], \[48, 64\], got '\[1, 1\]'"),
    ],
)
def test_a_missing_value_and_one_outside_its_domain_are_named(changed: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        space_of().configuration(values_of(**changed))


def test_steps_of_a_float_range_are_mended_from_rounding():
    space = loads_space("data: {source: x}\nmodel: {scratch: {dropout: {float: [0.0, 0.4], step: 0.1}}}", "s")
    drawn = space.configuration({"model.scratch.dropout": 0.1 + 0.2})
    assert drawn.model_dump()["model"]["scratch"]["dropout"] == 0.3
    with pytest.raises(ValueError, match=r"dropout must be a number from 0\.0 to 0\.4 in steps of 0\.1, got 0\.25"):
        space.configuration({"model.scratch.dropout": 0.25})


def all_values(domain: Domain) -> list[Scalar]:
    """Every value of a domain that can be counted."""
    match domain:
        case Choice(options):
            return [label(option) for option in options]
        case Branch(names):
            return list(names)
        case IntRange() | FloatRange():
            return [value_at(domain, index) for index in range(size(domain) or 0)]


def all_configurations(space: Space) -> list[str]:
    """Every configuration, by giving each active parameter each of its values."""
    rows: list[dict[str, Scalar]] = [{}]
    for parameter in space.parameters:
        rows = [
            {**row, **more}
            for row in rows
            for more in (
                [{parameter.name: value} for value in all_values(parameter.domain)]
                if parameter.is_active(row)
                else [{}]
            )
        ]
    return [space.configuration(row).model_dump_json() for row in rows]


def test_distinct_configurations_are_counted_through_branches_and_blocks():
    space = space_of()
    # image sizes * dense * (batch norm * (1 block: 2 filters; 2: 2*2*2 convs; 3: 2*2*2*2) + trainable_from)
    assert space.cardinality() == 2 * 3 * (2 * (2 + 8 + 16) + 2)
    walked = all_configurations(space)
    assert space.cardinality() == len(walked) == len(set(walked))


def test_a_continuous_range_is_uncountable_but_one_of_no_width_is_one_value():
    text = "data: {source: x}\nmodel: vgg16\naugment: {zoom: {float: [%s, 0.5]}}"
    assert loads_space(text % "0.1", "s").cardinality() is None
    assert loads_space(text % "0.5", "s").cardinality() == 1


def test_a_branch_can_be_left_out_and_the_last_one_is_fixed():
    space = space_of().without("model.vgg16")
    assert "model" not in {parameter.name for parameter in space.parameters}
    assert list(space.tree["model"]) == ["scratch"]
    for wrong in ("model.scratch", "model.resnet", "head.dense", "nothing"):
        with pytest.raises(ValueError, match=rf"only a branch of a choice can be left out.*got {wrong}"):
            space.without(wrong)


def test_identity_leaves_out_how_long_a_search_may_take_and_what_it_keeps():
    space = load_space("basic")
    assert (
        load_space("basic", ["search.trials=99", "search.time=2h", "keep.checkpoints=1"]).identity() == space.identity()
    )
    assert load_space("basic", ["search.seed=7"]).identity() != space.identity()
    assert load_space("basic", ["training.epochs=7"]).identity() != space.identity()


def test_a_configuration_refuses_searched_values():
    with pytest.raises(ValidationError, match=r"a configuration has no searched values, got some in model"):
        Configuration.model_validate({"data": {"source": "x"}, "model": {"choice": ["vgg16", "mobilenet"]}})
    with pytest.raises(ValidationError, match=r"a configuration has no searched values, got some in data"):
        Configuration.model_validate({"data": {"source": "x", "image_size": {"choice": [64]}}, "model": "vgg16"})


def test_the_branch_of_a_choice_is_refused():
    document = Document.model_validate({"data": {"source": "x"}, "model": {"choice": ["vgg16", "mobilenet"]}})
    with pytest.raises(
        ValueError, match=r"a configuration has one kind of network, optimizer and schedule, got a choice"
    ):
        branch_of(document.model)


def test_a_comment_stands_above_a_written_configuration():
    text = configuration_yaml(space_of().configuration(values_of()), "Trial 7\nscore 0.98")
    assert text.startswith("# Trial 7\n# score 0.98\nversion: 1\n")
    assert loads_space(text, "s").is_configuration


def test_spaces_are_equal_and_hash_by_name_and_document():
    assert len({space_of(), space_of(), loads_space(TEXT, "other")}) == 2


def test_the_shipped_space_draws_both_branches_and_every_optimizer():
    space, source = load_space("basic"), random.Random(0)
    draws = [draw(space, source) for _ in range(200)]
    assert {values["model"] for values in draws} == {"scratch", "vgg16"}
    assert {values["optimizer"] for values in draws} == {"sgd", "adam", "rmsprop"}
    assert {values.get("model.scratch.blocks") for values in draws} == {2, 3, 4, None}


def test_spaces_and_configurations_travel_to_other_processes():
    space = space_of()
    configuration = space.configuration(values_of())
    assert pickle.loads(pickle.dumps(space)) == space
    assert pickle.loads(pickle.dumps(configuration)) == configuration
