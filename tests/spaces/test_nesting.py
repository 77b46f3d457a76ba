"""Branches inside of branches, conditions across them, and what holds where a condition does not."""

import random

import pytest

from cnnsearch.spaces.document import Scratch, branch_of
from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.points import point_of
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Condition, Space

TEXT = """\
data: {source: x}
model:
  choice:
    vgg16: {trainable_from: none}
    scratch: {blocks: {int: [1, 3]}, filters: [8, 16, {choice: [32, 64]}]}
    deep:
      choice:
        wide: {scratch: {blocks: 4}}
        mobilenet: {alpha: {choice: [0.25, 0.5]}}
"""


def space_of(more: str = "", text: str = TEXT) -> Space:
    """The space with another section."""
    return loads_space(f"{text}{more}\n", "s", allow_code=True)


def conditions_of(space: Space, name: str) -> tuple[Condition, ...]:
    """What must hold for a parameter."""
    return next(parameter.conditions for parameter in space.parameters if parameter.name == name)


def test_parameters_inside_of_nested_branches_have_the_branches_as_conditions():
    deep, mobilenet = Condition("model", ("deep",)), Condition("model.deep", ("mobilenet",))
    assert conditions_of(space_of(), "model.deep.mobilenet.alpha") == (deep, mobilenet)


def test_the_names_of_a_files_own_are_left_aside_in_a_configuration():
    configuration = space_of().configuration({"model": "deep", "model.deep": "wide"})
    name, section = branch_of(configuration.model)
    assert name == "scratch"
    assert isinstance(section, Scratch)
    assert section.blocks == 4


def test_a_condition_on_a_fixed_value_inside_a_branch_holds_only_in_that_branch():
    space = space_of("head: {dropout: {choice: [0.1, 0.2], when: {model.vgg16.trainable_from: none}, otherwise: 0.5}}")
    assert conditions_of(space, "head.dropout") == (Condition("model", ("vgg16",)),)
    assert space.configuration({"model": "deep", "model.deep": "wide"}).head.dropout == 0.5
    assert space.configuration({"model": "vgg16", "head.dropout": 0.1}).head.dropout == 0.1


def test_a_condition_on_a_fixed_entry_of_a_stack_needs_so_many_blocks():
    space = space_of("head: {dropout: {choice: [0.1, 0.2], when: {model.scratch.filters.1: 16}}}")
    enough = Condition("model.scratch.blocks", (2, 3))
    assert conditions_of(space, "head.dropout") == (Condition("model", ("scratch",)), enough)


def test_what_hangs_on_a_value_that_is_never_there_is_never_there():
    pooling = "pooling: {choice: [max], when: {head.dropout: 0.1}}"
    more = f"head: {{dropout: {{choice: [0.1], when: {{head.l2: 1.0}}}}, l2: 0.0, {pooling}}}"
    assert {parameter.name for parameter in space_of(more).parameters}.isdisjoint({"head.dropout", "head.pooling"})
    assert space_of(more).configuration({"model": "vgg16"}).head.pooling == "flatten"


def test_the_default_is_written_out_where_a_condition_says_nothing_else():
    space = space_of(
        "optimizer: {choice: [sgd, lion], when: {model: vgg16}}\nhead: {l2: {float: [0.1, 0.2], when: {model: vgg16}}}"
    )
    assert space.tree["head"]["l2"]["otherwise"] == 0.0
    assert list(space.tree["optimizer"]["otherwise"]) == ["adam"]
    values = {"model": "deep", "model.deep": "wide"}
    configuration = space.configuration(values)
    assert branch_of(configuration.optimizer)[0] == "adam"
    assert point_of(space, plain(configuration)) == values


@pytest.mark.parametrize(
    ("model", "where"),
    [
        ("{scratch: {choice: {a: {}, b: {}}, when: {head.l2: 0.5}}}", "model.scratch"),
        ("{choice: {a: {choice: [vgg16, mobilenet], when: {head.l2: 0.5}}, scratch: {}}}", "model.a"),
        ("{scratch: {blocks: 1, filters: [{choice: [8, 16], when: {head.l2: 0.5}}]}}", "model.scratch.filters.0"),
    ],
)
def test_a_condition_that_would_leave_nothing_is_refused(model: str, where: str):
    with pytest.raises(SpaceError, match=rf"`{where}`: a value with `when` that has no default needs one .*otherwise:"):
        loads_space(f"data: {{source: x}}\nmodel: {model}\nhead: {{l2: {{choice: [0.0, 0.5]}}}}", "s")


def test_what_holds_otherwise_is_a_fixed_value():
    choice = "choice: {a: {}, b: null}, when: {model: vgg16}"
    more = f"training: {{early_stopping: {{{choice}, otherwise: {{patience: {{int: [1, 5]}}}}}}}}"
    with pytest.raises(
        SpaceError, match=r"`training\.early_stopping\.otherwise`: `otherwise` is a fixed value, got \{"
    ):
        space_of(more)


def test_code_that_would_run_otherwise_needs_to_be_allowed_too():
    text = """\
data: {source: x}
model: {choice: [vgg16, mobilenet], when: {head.l2: 0.5}, otherwise: {custom: "mine:net"}}
head: {l2: {choice: [0.0, 0.5]}}
"""
    assert branch_of(loads_space(text, "s", allow_code=True).configuration({"head.l2": 0.0}).model)[0] == "custom"
    with pytest.raises(SpaceError, match=r"2:.*run Python code only where that is asked for"):
        loads_space(text, "s")


def test_a_long_circle_of_conditions_is_named_in_short():
    names = [f"a{index}" for index in range(1000)]
    pairs = zip(names, [*names[1:], names[0]], strict=True)
    chain = ", ".join(f"{name}: {{choice: [1], when: {{model.custom.arguments.{after}: 1}}}}" for name, after in pairs)
    text = f"data: {{source: x}}\nmodel: {{custom: {{function: 'a:b', arguments: {{{chain}}}}}}}"
    with pytest.raises(
        SpaceError, match=r"in a circle, got model\.custom\.arguments\.a0 -> .* -> \.\.\. -> .*\.a0\. Drop"
    ):
        loads_space(text, "s", allow_code=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{a: {b: {choice: [1, 2]}}}", r"an argument is fixed, or searched as a whole, got \{\"b\""),
        ("{a: [.nan]}", r"numbers are finite, got \[NaN\]"),
        ("{a.b: 1}", r"an argument's name has letters, digits, _ and -, got \"a\.b\""),
        ("{a: {choice: [1, true]}}", r"the options of a choice differ from each other, got true twice"),
        ("{a: {choice: ['[1]', [1]]}}", r"the options of a choice differ from each other, got \[1\] twice"),
        (f"{{a: {{int: [1, 1{'0' * 390}]}}}}", r"an end of a range is at most 9007199254740992, got 1000"),
    ],
)
def test_arguments_that_could_not_be_told_apart_or_written_are_refused(arguments: str, message: str):
    text = f"data: {{source: x}}\nmodel: {{custom: {{function: 'a:b', arguments: {arguments}}}}}"
    with pytest.raises(SpaceError, match=message):
        loads_space(text, "s", allow_code=True)


def test_a_configuration_does_not_keep_where_its_search_began():
    space = space_of("search: {start_from: [{model: {scratch: {blocks: 2}}}, {model: vgg16}]}")
    configuration = space.configuration(draw(space, random.Random(0)))
    assert configuration.search.start_from == []


def test_a_gray_image_has_no_colours_to_change():
    text = "data: {source: x, color: gray}\nmodel: vgg16\naugment: {hue: {choice: [0.1, 0.2]}}"
    with pytest.raises(SpaceError, match=r"3:16: `augment\.hue`: it changes colours, got data\.color gray"):
        loads_space(text, "s")
    assert loads_space(text.replace("0.1", "0.0"), "s")
