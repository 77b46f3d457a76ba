"""The spaces that come with the package: each is valid, possible, bounded, and together they show the language."""

import random
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import pytest

from cnnsearch.spaces.document import Configuration, Document, Model, Scratch, branch_of
from cnnsearch.spaces.draws import draw, draw_value
from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import load_space, loads_space, shipped_spaces
from cnnsearch.spaces.points import first_trials, values_of
from cnnsearch.spaces.reading.nodes import read_nodes
from cnnsearch.spaces.sections.pruners import Pruner
from cnnsearch.spaces.sections.samplers import Sampler
from cnnsearch.spaces.sections.section import Section
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar, value_of

NAMES = shipped_spaces()
NODE_KEYS = {"choice", "int", "float", "step", "scale", "prior", "when", "otherwise", "per"}
"""What may stand in a searched value."""
NOT_SHOWN = {"function", "arguments"}
"""Keys that no shipped space has, beside other kinds of network: code of one's own wants --allow-code."""
SAMPLER_SETTINGS = {"startup", "population", "tournament"}
PRUNER_SETTINGS = {"first", "reduction", "percentile", "patience", "min_delta", "lower", "upper"}
"""A shipped space names samplers and pruners by a bare word."""
WIDEST = {"alexnet": 60e6, "vgg_like": 60e6}
"""Most weights between the feature maps and the output; 40 million for all others."""
DRAWS = 300


def text_of(name: str) -> str:
    return (resources.files("cnnsearch.spaces") / f"{name}.yaml").read_text(encoding="utf-8")


def first_sentence(name: str) -> str:
    """What a list of the spaces shows."""
    comment = [line.removeprefix("#").strip() for line in text_of(name).splitlines()[1:] if line.startswith("#")]
    return re.split(r"(?<=\.)\s", " ".join(comment[: comment.index("")]))[0]


def drawn(space: Space, count: int) -> list[Configuration]:
    source = random.Random(7)
    return [space.configuration(draw(space, source)) for _ in range(count)]


def completed(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """A first trial as the sampler completes it: what is not given is drawn."""
    source, whole = random.Random(7), {}
    for parameter in space.parameters:
        if parameter.is_active(whole):
            whole[parameter.name] = values.get(parameter.name, draw_value(parameter.domain, source))
    return whole


def is_possible(configuration: Configuration) -> bool:
    try:
        return bool(feature_maps(configuration))
    except ImpossibleConfiguration:
        return False


def dense_weights(configuration: Configuration) -> int:
    """Weights of the head's dense layers over a scratch network."""
    _, section = branch_of(configuration.model)
    if not isinstance(section, Scratch) or configuration.head.pooling != "flatten":
        return 0
    height, width = feature_maps(configuration)[-1]
    inputs, total = height * width * section.layers()[-1].filters, 0
    for layer in configuration.head.layers():
        total, inputs = total + inputs * layer.units, layer.units
    return total


def keys_of(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from keys_of(child)


def keys_of_the_language() -> set[str]:
    """Every key of every section, and every key of a searched value."""

    def sections(kind: type[Section]) -> Iterator[type[Section]]:
        for child in kind.__subclasses__():
            yield child
            yield from sections(child)

    ours = [kind for kind in sections(Section) if kind.__module__.startswith(Document.__module__.rpartition(".")[0])]
    return NODE_KEYS.union(*(kind.model_fields for kind in ours if kind is not Configuration))


def test_what_ships_is_what_is_promised():
    promised = (
        "alexnet basic cats_dogs_2013 compact lenet5 mini_xception resnet_like scratch small_data transfer vgg_like"
    )
    assert promised.split() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_file_reads_well(name: str):
    text = text_of(name)
    assert text.splitlines()[0] == "# yaml-language-server: $schema=space.schema.json"
    assert all(len(line) <= 120 and line == line.rstrip() and line.isascii() for line in text.splitlines())
    sentence = first_sentence(name)
    assert sentence.endswith(".")
    assert 40 <= len(sentence) <= 100


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_space_says_how_long_it_may_take_and_loads_back(name: str):
    space = load_space(name)
    assert space.document.search.trials
    assert space.document.search.time is not None or name == "basic"
    assert loads_space(space.to_yaml(), name) == space


@pytest.mark.parametrize("name", NAMES)
def test_what_is_tried_first_is_in_the_space_and_possible(name: str):
    space = load_space(name)
    for start in space.document.search.start_from:
        assert values_of(space, start)
    for parameter in space.parameters:
        if parameter.prior is not None:
            value_of(parameter.domain, parameter.prior)
    for values in first_trials(space):
        assert is_possible(space.configuration(completed(space, values)))


@pytest.mark.parametrize("name", NAMES)
def test_nearly_every_draw_is_possible_and_none_is_enormous(name: str):
    configurations = drawn(load_space(name), DRAWS)
    possible = [configuration for configuration in configurations if is_possible(configuration)]
    assert len(possible) > 0.95 * DRAWS
    assert max(map(dense_weights, possible)) <= WIDEST.get(name, 40e6)


def test_the_shipped_spaces_show_every_key_of_the_language():
    shown = set()
    for name in NAMES:
        root, problems = read_nodes(text_of(name), name)
        assert root is not None
        assert not problems
        shown.update(keys_of(root.plain()))
    kinds = {*Model.kinds(), *Sampler.kinds(), *Pruner.kinds()}
    assert keys_of_the_language() - shown - kinds - SAMPLER_SETTINGS - PRUNER_SETTINGS == NOT_SHOWN


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_space_names_a_pruner_that_does_not_lose_the_best(name: str):
    """`median` and `percentile` lost by the table of docs/benchmarks.md; `asha` is for searches of many epochs."""
    assert load_space(name).document.search.pruner.kind in ("patient", "asha", "none")


@pytest.mark.parametrize(("name", "classic"), [("lenet5", 61_706), ("vgg_like", 14_714_688)])
def test_the_weights_of_a_start_are_those_of_the_classic(name: str, classic: int):
    """Counted by hand: kernels and biases of the convs and, for LeNet-5, of its dense layers with ten classes."""
    space = load_space(name)
    configuration = space.configuration(completed(space, first_trials(space)[0]))
    _, scratch = branch_of(configuration.model)
    assert isinstance(scratch, Scratch)
    channels = 1 if configuration.data.color == "gray" else 3
    total = 0
    for block in scratch.layers():
        for _ in range(block.convs):
            total, channels = total + (block.kernel_size**2 * channels + 1) * block.filters, block.filters
    if name == "lenet5":
        height, width = feature_maps(configuration)[-1]
        inputs = height * width * channels
        for units in [*(layer.units for layer in configuration.head.layers()), 10]:
            total, inputs = total + (inputs + 1) * units, units
    assert total == classic


def test_a_start_outside_of_its_space_is_refused():
    with pytest.raises(SpaceError, match=r"search\.start_from\.0.*kernel_size.*it is one of 3, 5 in this space, got 7"):
        load_space("lenet5", ["search.start_from=[{model: {scratch: {kernel_size: 7}}}]"])
