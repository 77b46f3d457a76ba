"""What holds for every space, tried on made ones."""

import random
import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cnnsearch.spaces.compare import Kind, differences
from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.errors import Problem, SpaceError
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.points import point_of, values_of
from cnnsearch.spaces.reading.nodes import read_nodes
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps
from cnnsearch.spaces.space import Space, configuration_yaml
from cnnsearch.spaces.values import FloatRange, Scalar, contains_searched, label, options_of, size
from cnnsearch.spaces.written import as_yaml

from .strategies.broken import broken_documents
from .strategies.documents import documents, parts, read, spaces

unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32).map(random.Random)


def problems_of(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text; nothing where it is a space."""
    try:
        loads_space(text, "any")
    except SpaceError as error:
        return error.problems
    return ()


def trained(tree: dict[str, Any]) -> dict[str, Any]:
    """What of a configuration decides a training."""
    return {name: section for name, section in tree.items() if name not in ("search", "keep", "version")}


@unhurried
@given(spaces)
def test_a_space_written_and_read_again_is_equal(space: Space):
    again = loads_space(space.to_yaml(), space.name, allow_code=True)
    assert again == space
    assert again.identity() == space.identity()
    assert again.parameters == space.parameters
    assert differences(space, again) == []


@unhurried
@given(spaces)
def test_names_are_unique_and_parents_come_first(space: Space):
    known: set[str] = set()
    for parameter in space.parameters:
        assert parameter.name not in known
        assert {condition.parent for condition in parameter.conditions} <= known
        known.add(parameter.name)


@unhurried
@given(spaces, seeds)
def test_a_draw_has_the_active_parameters_and_no_others(space: Space, source: random.Random):
    values = draw(space, source)
    assert [parameter.name for parameter in space.active(values)] == list(values)
    others = {p.name: label(options_of(p.domain)[0]) for p in space.parameters if size(p.domain) in range(100)}
    assert list(space.active(others | values)) == list(space.active(values))
    for name in values:
        rest = {key: value for key, value in values.items() if key != name}
        with pytest.raises(ValueError, match=rf"^{re.escape(name)} is active and must have a value, got none$"):
            space.configuration(rest)


@unhurried
@given(spaces, seeds)
def test_the_same_values_have_one_fingerprint_and_others_another_one(space: Space, source: random.Random):
    values, others = draw(space, source), draw(space, source)
    assert space.fingerprint(dict(reversed(values.items()))) == space.fingerprint(values)
    assert space.fingerprint({**others, **values}) == space.fingerprint(values)
    assert (space.fingerprint(values) == space.fingerprint(others)) == (values == others)


@unhurried
@given(spaces, seeds)
def test_a_configuration_is_a_space_of_one_point(space: Space, source: random.Random):
    configuration = space.configuration(draw(space, source))
    assert not contains_searched(plain(configuration))
    try:
        feature_maps(configuration)
    except ImpossibleConfiguration:
        with pytest.raises(SpaceError, match=r"."):
            loads_space(configuration_yaml(configuration), space.name, allow_code=True)
        return
    text = configuration_yaml(configuration, "The best of\n12 trials \x00")
    again = loads_space(text, space.name, allow_code=True)
    assert again.is_configuration
    assert again.parameters == ()
    assert again.cardinality() == 1
    assert again.configuration({}) == configuration


@unhurried
@given(spaces, seeds, st.data())
def test_the_values_of_a_configuration_are_found_again_and_those_of_its_parts(
    space: Space, source: random.Random, data: st.DataObject
):
    values = draw(space, source)
    configuration = plain(space.configuration(values))
    found = point_of(space, configuration)
    assert found == values or trained(plain(space.configuration(found))) == trained(configuration)
    part = data.draw(parts(trained(configuration), keep=data.draw(st.booleans())))
    known = {parameter.name: parameter for parameter in space.parameters}
    assert values_of(space, part).keys() <= known.keys()


def draws_of(space: Space, most: int) -> list[dict[str, Scalar]] | None:
    """Every draw, by giving each active parameter each of its values; None where there are too many."""
    rows: list[dict[str, Scalar]] = [{}]
    for parameter in space.parameters:
        many = (size(parameter.domain) or most + 1) > most
        rows = [
            row | more
            for row in rows
            for more in (
                ([] if many else [{parameter.name: label(option)} for option in options_of(parameter.domain)])
                if parameter.is_active(row)
                else [{}]
            )
        ]
        if many or len(rows) > most:
            return None
    return rows


@unhurried
@given(documents())
def test_counting_agrees_with_walking_through_all_draws(tree: dict[str, Any]):
    space = read(tree)
    rows = draws_of(space, 300)
    assume(rows is not None)
    assert space.cardinality() == len(rows or ())
    assert len({space.fingerprint(row) for row in rows or ()}) == len(rows or ())


def widened(node: Any, key: str = "") -> Any:
    """The tree with each choice of numbers made wider where that changes nothing else."""
    if isinstance(node, list):
        return [widened(child) for child in node]
    if not isinstance(node, dict):
        return node
    if key == "dropout" and "float" in node and "step" not in node and node.get("scale") != "log":
        return {**node, "float": [0.0, 0.95]}
    if key in ("filters", "units", "epochs") and "int" in node and node.get("step", 1) == 1:
        return {**node, "int": [node["int"][0], node["int"][1] + 100]}
    if key == "activation" and "choice" in node:
        return {**node, "choice": [*node["choice"], "softplus"]}
    return {name: child if name == "start_from" else widened(child, name) for name, child in node.items()}


@unhurried
@given(documents(), seeds)
def test_a_widened_space_keeps_every_draw_and_says_that_it_is_wider(tree: dict[str, Any], source: random.Random):
    space, wider = read(tree), read(widened(deepcopy(tree)))
    for difference in differences(space, wider):
        assert difference.kind is Kind.WIDENED
        assert difference.keeps_trials
    assert {d.kind for d in differences(wider, space)} <= {Kind.NARROWED}
    configuration = plain(space.configuration(draw(space, source)))
    found = point_of(wider, configuration)
    assert trained(plain(wider.configuration(found))) == trained(configuration)


@unhurried
@given(spaces, seeds)
def test_a_space_without_a_branch_draws_what_the_whole_one_draws(space: Space, source: random.Random):
    for name, _, _ in leaves(space.document.model, "model"):
        try:
            rest = space.without(name)
        except ValueError as error:
            assert re.search(r"a choice must keep a branch|only a branch of a choice", str(error))  # noqa: PT017
            continue
        text = rest.to_yaml()
        try:
            assert loads_space(text, space.name, allow_code=True) == rest
        except SpaceError as error:
            assert re.search("leave a pixel|takes images", str(error))  # noqa: PT017 - the other branches may be impossible
        configuration = plain(rest.configuration(draw(rest, source)))
        found = point_of(space, configuration)
        assert trained(plain(space.configuration(found))) == trained(configuration)


@unhurried
@given(broken_documents())
def test_a_broken_document_gives_a_space_or_problems_in_words(tree: object):
    for problem in problems_of(as_yaml(tree)):
        assert problem.where.startswith("any.yaml")
        rule = problem.rule.partition(", got")[0]
        assert not re.search(
            "breaks a rule|Input should|Value error|pydantic|<(fixed|list|growth|stack|word|mapping)>", rule
        )


@unhurried
@given(st.text(max_size=200) | st.text("ab:-[]{}&*!|>'\"#%@\n\t ?,", max_size=100))
def test_any_text_gives_a_space_or_problems(text: str):
    for problem in problems_of(text):
        assert problem.where.startswith("any.yaml")


awkward = st.text("ab01.:-[]{}&*!|>'\"#%@\n\t ?,eE+_~\u2028\x85\\/", max_size=60)


@unhurried
@given(st.text(max_size=60) | awkward | awkward.map(lambda text: text * 9))
def test_any_text_is_written_so_that_it_is_read_as_it_was(text: str):
    tree = {"source": text, "inner": {"list": [text, 1]}, "braces": {"text": text}, "keys": {text: {text: 1}}}
    root, problems = read_nodes(as_yaml(tree, comment=text), "any.yaml")
    assert root is not None
    assert root.plain() == tree
    assert problems == []


@unhurried
@given(st.floats(-1e6, 1e6), st.integers(1, 9), st.integers(-6, 3), st.integers(1, 2000))
def test_every_value_of_a_stepped_range_is_its_own(low: float, digit: int, power: int, steps: int):
    step = float(f"{digit}e{power}")
    domain = FloatRange(low, low + steps * step, step)
    assume(domain.high > low)
    values = list(options_of(domain))
    assert len(set(values)) == size(domain)
    assert values == sorted(values)
