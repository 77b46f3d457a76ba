"""The branches of a section, and a space without one of them."""

import pytest

from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space

TEXT = """\
data: {source: x}
model:
  choice:
    scratch: {blocks: {int: [1, 3]}}
    vgg16: {}
    a: {choice: {mobilenet: {alpha: {choice: [0.25, 0.5]}}, deep: {scratch: {blocks: 4}}}}
head: {dropout: {choice: [0.1, 0.2], when: {model: [vgg16, a]}, otherwise: 0.5}}
optimizer: {adam: {learning_rate: {choice: [0.1, 0.2], when: {model.a.mobilenet.alpha: 0.25}, otherwise: 0.3}}}
search: {start_from: [{model: vgg16}, {model: {mobilenet: {}}}]}
"""


def space_of(text: str = TEXT) -> Space:
    """A space with nested branches that others look at."""
    return loads_space(text, "s")


def test_leaves_are_found_through_choices_inside_of_choices():
    found = [(name, kind) for name, kind, _ in leaves(space_of().document.model, "model")]
    assert found == [
        ("model.scratch", "scratch"),
        ("model.vgg16", "vgg16"),
        ("model.a.mobilenet", "mobilenet"),
        ("model.a.deep.scratch", "scratch"),
    ]


def test_conditions_that_name_what_is_gone_are_settled():
    space = space_of().without("model.vgg16").without("model.a.mobilenet")
    assert space.tree["head"]["dropout"]["when"] == {"model": ["a"]}
    assert space.tree["optimizer"]["adam"]["learning_rate"] == 0.3
    assert space.tree["search"]["start_from"] == []
    assert loads_space(space.to_yaml(), "s") == space


def test_a_configuration_to_start_from_stays_where_its_branch_does():
    assert space_of().without("model.scratch").tree["search"]["start_from"] == [
        {"model": "vgg16"},
        {"model": {"mobilenet": {}}},
    ]


def test_a_choice_that_is_conditional_stays_one_with_its_last_branch():
    optimizer = "optimizer: {choice: [sgd, lion], when: {head.l2: 0.5}}"
    text = f"data: {{source: x}}\nmodel: vgg16\n{optimizer}\nhead: {{l2: {{choice: [0.0, 0.5]}}}}"
    space = space_of(text).without("optimizer.sgd")
    assert list(space.configuration({"head.l2": 0.0}).optimizer.taken()) == ["adam"]
    assert list(space.configuration({"head.l2": 0.5, "optimizer": "lion"}).optimizer.taken()) == ["lion"]


def test_what_holds_otherwise_for_each_block_becomes_a_list_as_it_is_in_draws():
    text = """\
data: {source: x}
model: {choice: [vgg16, mobilenet, scratch]}
head: {dense: {layers: {int: [1, 2]}, units: {choice: [8, 16], per: layer, when: {model: vgg16}, otherwise: 4}}}
"""
    space = space_of(text)
    configuration = space.without("model.vgg16").configuration({"model": "mobilenet", "head.dense.layers": 2})
    assert configuration.head == space.configuration({"model": "mobilenet", "head.dense.layers": 2}).head


def test_a_condition_on_the_last_kind_left_still_holds():
    text = (
        "data: {source: x}\nmodel: {choice: [vgg16, mobilenet]}\nhead: {l2: {choice: [0.1, 0.2], when: {model: vgg16}}}"
    )
    space = space_of(text).without("model.mobilenet")
    assert [parameter.name for parameter in space.parameters] == ["head.l2"]
    assert space.configuration({"head.l2": 0.2}).head.l2 == 0.2


def test_a_condition_on_one_blocks_value_stays():
    text = """\
data: {source: x, image_size: {choice: [48], when: {model.scratch.convs.1: 2}}}
model: {choice: {scratch: {convs: {choice: [1, 2], per: block}}, vgg16: {}, mobilenet: {}}}
"""
    assert space_of(text).without("model.vgg16").tree["data"] == space_of(text).tree["data"]


def test_a_value_that_was_never_there_does_not_begin_to_count_where_it_is_settled():
    text = """\
data: {source: x}
model: {choice: {vgg16: {}, mobilenet: {}, a: {choice: [vgg16], when: {head.output: sigmoid}, otherwise: vgg16}}}
head: {dropout: {choice: [0.1, 0.2], when: {model.a: vgg16}, otherwise: 0.5}}
"""
    assert space_of(text).without("model.mobilenet").tree["head"]["dropout"] == 0.5


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.resnet", r"only a branch of a choice can be left out, such as model\.vgg16, got model\.resnet"),
        ("model.scratch.blocks", r"only a branch of a choice can be left out"),
    ],
)
def test_only_branches_can_be_left_out(name: str, message: str):
    with pytest.raises(ValueError, match=message):
        space_of().without(name)


def test_the_last_branch_of_all_stays():
    space = space_of("data: {source: x}\nmodel: {choice: {a: {vgg16: {}}}}")
    with pytest.raises(ValueError, match=r"a choice must keep a branch, got none without model\.a"):
        space.without("model.a")
