"""What holds for every space, tried on made ones."""

import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.errors import Problem, SpaceError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.nodes import read_nodes
from cnnsearch.spaces.shapes import feature_maps
from cnnsearch.spaces.space import Space, configuration_yaml
from cnnsearch.spaces.values import contains_searched
from cnnsearch.spaces.written import as_yaml

from .strategies import broken_documents, spaces

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
seeds = st.integers(0, 2**32).map(random.Random)


def problems_of(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text; nothing where it is a space."""
    try:
        loads_space(text, "any")
    except SpaceError as error:
        return error.problems
    return ()


@unhurried
@given(spaces)
def test_a_space_written_and_read_again_is_equal(space: Space):
    again = loads_space(space.to_yaml(), space.name)
    assert again == space
    assert again.identity() == space.identity()
    assert again.parameters == space.parameters


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


@unhurried
@given(spaces, seeds)
def test_the_same_values_make_the_same_configuration_and_nothing_in_it_is_searched(space: Space, source: random.Random):
    values = draw(space, source)
    configuration = space.configuration(values)
    assert configuration == space.configuration(dict(reversed(values.items())))
    assert not contains_searched(configuration.model_dump())
    assert feature_maps(configuration)


@unhurried
@given(spaces, seeds)
def test_a_configuration_is_a_space_of_one_point(space: Space, source: random.Random):
    configuration = space.configuration(draw(space, source))
    again = loads_space(configuration_yaml(configuration, "The best of\n12 trials \x00"), space.name)
    assert again.is_configuration
    assert again.parameters == ()
    assert again.cardinality() == 1
    assert again.configuration({}) == configuration


@unhurried
@given(spaces, seeds)
def test_each_active_parameter_matters(space: Space, source: random.Random):
    values = draw(space, source)
    for name in values:
        rest = {key: value for key, value in values.items() if key != name}
        with pytest.raises(ValueError, match=rf"^{re.escape(name)} is active and must have a value, got none$"):
            space.configuration(rest)


@unhurried
@given(broken_documents())
def test_a_broken_document_gives_a_space_or_problems_in_words(tree: object):
    for problem in problems_of(as_yaml(tree)):
        assert problem.where.startswith("any.yaml")
        assert "breaks a rule" not in problem.rule
        assert "<" not in problem.rule.partition(", got")[0]


@unhurried
@given(st.text(max_size=200) | st.text("ab:-[]{}&*!|>'\"#%@\n\t ?,", max_size=100))
def test_any_text_gives_a_space_or_problems(text: str):
    for problem in problems_of(text):
        assert problem.where.startswith("any.yaml")


awkward = st.text("ab01.:-[]{}&*!|>'\"#%@\n\t ?,eE+_~\u2028\x85\\/", max_size=60)


@unhurried
@given(st.text(max_size=60) | awkward)
def test_any_text_is_written_so_that_it_is_read_as_it_was(text: str):
    tree = {"source": text, "inner": {"list": [text, 1]}, "braces": {"text": text}}
    root, problems = read_nodes(as_yaml(tree, comment=text), "any.yaml")
    assert root is not None
    assert root.plain() == tree
    assert problems == []
