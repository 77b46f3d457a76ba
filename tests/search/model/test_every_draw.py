"""Every draw of every space builds a model whose outputs fit the classes, or is told to be impossible beforehand."""

import random
from typing import Any

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnsearch.search.model.build import build_model
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps
from tests.spaces.strategies.documents import documents, read
from tests.spaces.strategies.sections import NETWORKS

networks = {name: NETWORKS[name] for name in ("scratch", "mobilenet")}
examples = 25 if settings().max_examples <= 100 else 400


def without_downloads(tree: dict[str, Any]) -> dict[str, Any]:
    """The configuration with random weights in its backbone."""
    for section in tree["model"].values():
        if "weights" in section:
            section.update(weights=None, trainable_from="none")
    return tree


@settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(networks), st.integers(0, 2**32))
def test_every_draw_builds_a_model_or_is_told_impossible(tree: dict[str, Any], seed: int):
    space = read(tree)
    drawn = space.configuration(draw(space, random.Random(seed)))
    configuration = Configuration.model_validate(without_downloads(plain(drawn)))
    try:
        feature_maps(configuration)
    except ImpossibleConfiguration:
        with pytest.raises(ImpossibleConfiguration, match=r"\. [A-Z]"):  # a rule, and what to do
            build_model(configuration, 2, 5)
        return
    model = build_model(configuration, 2, 5)
    assert model.output_shape == (None, 1 if configuration.head.output == "sigmoid" else 2)
    keras.backend.clear_session()
