"""What is found out before the first trial: outputs and class weights that do not fit the classes of the data."""

from typing import Any

import pytest

from cnnsearch.search.preflight import fit_to_classes
from cnnsearch.spaces.document import Document
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.leaves import without_option
from cnnsearch.spaces.space import Space

THREE = ("cat", "cow", "dog")
BOTH = {"choice": ["softmax", "sigmoid"]}


def space(**sections: Any) -> Space:
    base = {"data": {"source": "photos"}, "model": {"scratch": {"blocks": 2}}}
    return Space("pets", Document.model_validate(base | sections))


def test_a_sigmoid_fits_two_classes() -> None:
    asked = space(head={"output": BOTH})
    assert fit_to_classes(asked, ("cat", "dog")) == (asked, [])


def test_a_sigmoid_is_left_out_of_a_choice_where_there_are_more_classes() -> None:
    fitted, warnings = fit_to_classes(space(head={"output": BOTH}), THREE)
    assert fitted == space(head={"output": "softmax"})
    assert warnings == [
        "head.output sigmoid is left out: a sigmoid output is one unit and tells two classes apart, "
        "got 3 classes (cat, cow, dog)."
    ]


def test_starts_lose_the_sigmoid_and_keep_the_rest() -> None:
    starts = [{"head": {"output": "sigmoid", "dropout": 0.5}}, {"head": {"output": "softmax"}}, {"training": {}}]
    fitted, _ = fit_to_classes(space(head={"output": BOTH}, search={"start_from": starts}), THREE)
    assert fitted.document.search.start_from == [{"head": {"dropout": 0.5}}, *starts[1:]]


def test_a_head_of_several_that_can_only_be_a_sigmoid_is_left_out() -> None:
    heads = {"flat": {"output": "sigmoid"}, "pooled": {"pooling": "average", "output": BOTH}, "plain": {}}
    fitted, warnings = fit_to_classes(space(head={"choice": heads}), THREE)
    assert {parameter.name: parameter.domain.names for parameter in fitted.parameters} == {"head": ("pooled", "plain")}
    assert [warning.partition(" is left out")[0] for warning in warnings] == ["head.flat", "head.pooled.output sigmoid"]


@pytest.mark.parametrize(
    "head",
    [
        {"output": "sigmoid"},
        {"output": {"choice": ["sigmoid"]}},
        {"choice": {"one": {"output": "sigmoid"}, "other": {"output": "sigmoid", "pooling": "max"}}},
        {"output": BOTH | {"when": {"model.scratch.blocks": [2]}, "otherwise": "sigmoid"}},
    ],
)
def test_a_sigmoid_alone_is_refused_where_there_are_more_classes(head: dict[str, Any]) -> None:
    message = r"head.*\.output: a sigmoid output is one unit .* got 3 classes \(cat, cow, dog\)\. Use softmax\."
    with pytest.raises(CnnSearchError, match=message):
        fit_to_classes(space(head=head), THREE)


@pytest.mark.parametrize("weights", ["none", "balanced", {}, {"cat": 2.0}, {"cat": 0.0, "cow": 0.1}])
def test_good_class_weights_pass(weights: Any) -> None:
    assert fit_to_classes(space(training={"class_weights": weights}), THREE)[1] == []


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            {"cta": 2.0},
            r"training\.class_weights\.cta: class weights name classes of the data, got 'cta'\. Did you mean `cat`\? "
            r"The classes are 3 classes \(cat, cow, dog\)\.",
        ),
        ({"mule": 1.0, "zebu": 1.0}, r"class_weights\.mule: .*\n.*class_weights\.zebu: "),
        (
            {"cat": 0.0, "cow": 0.0, "dog": 0.0},
            r"training\.class_weights: at least two classes must count, got .*\. Give more classes a weight over 0;",
        ),
        ({"cat": 0.0, "cow": 0.0}, r"training\.class_weights: at least two classes must count"),
        ({"choice": ["balanced", {"cta": 2.0}]}, r"training\.class_weights\.cta: class weights name classes"),
    ],
)
def test_class_weights_that_do_not_fit_are_refused(weights: Any, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        fit_to_classes(space(training={"class_weights": weights}), THREE)


def test_the_last_of_several_options_stays_a_fixed_value() -> None:
    asked = space(head={"pooling": {"choice": ["flatten", "average", "max"], "prior": "max"}})
    fewer = asked.without_option("head.pooling", "max")
    assert fewer.document.head.pooling == {"choice": ["flatten", "average"]}
    assert fewer.without_option("head.pooling", "flatten").document.head.pooling == "average"


def test_an_option_inside_of_branches_and_lists_is_found() -> None:
    heads = {"a": {"dense": [{"units": {"choice": [8, 16]}}]}, "b": {}}
    model = {"choice": {"scratch": {"filters": [4, {"choice": [4, 8, 16]}], "blocks": 2}, "mobilenet": {}}}
    asked = space(head={"choice": heads}, model=model)
    fewer = asked.without_option("head.a.dense.0.units", 8).without_option("model.scratch.filters.1", 4)
    assert [parameter.name for parameter in fewer.parameters] == ["model", "model.scratch.filters.1", "head"]
    assert fewer.parameters[1].domain.options == (8, 16)
    assert fewer.tree["head"]["choice"]["a"]["dense"][0]["units"] == 16


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("head.output", "tanh", r"head\.output must be a choice with the option tanh, got .*softmax"),
        ("head.pooling", "flatten", r"head\.pooling must be a choice with the option flatten, got \"flatten\""),
        ("head.nothing", "x", r"a choice is named by its dotted name, got one that leads nowhere at nothing"),
    ],
)
def test_an_option_that_is_not_there_is_refused(name: str, option: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        without_option(space(head={"output": BOTH}).tree, name, option)


def test_a_choice_keeps_an_option() -> None:
    with pytest.raises(ValueError, match=r"a choice must keep an option, got none of head\.output without sigmoid"):
        without_option(space(head={"output": {"choice": ["sigmoid"]}}).tree, "head.output", "sigmoid")
