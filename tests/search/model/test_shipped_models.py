"""What the shipped spaces try first, and some of their draws, as models: each builds and gives probabilities."""

import random
from collections.abc import Mapping

import keras
import numpy as np
import pytest

from cnnsearch.search.model.build import build_model
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.spaces.document import Backbone, Configuration
from cnnsearch.spaces.draws import draw_value
from cnnsearch.spaces.leaves import leaves
from cnnsearch.spaces.load import load_space, shipped_spaces
from cnnsearch.spaces.points import first_trials
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar

SMALLEST = {"alexnet": 67, "cats_dogs_2013": 64, "scratch": 64, "transfer": 75}
"""Height and width in pixels that every draw of a space can take; 32 for all others."""
CLASSES = 2


def small(name: str) -> Space:
    """A shipped space on small images, without pretrained weights."""
    backbones = [
        place for place, _, section in leaves(load_space(name).document.model, "model") if isinstance(section, Backbone)
    ]
    side = SMALLEST.get(name, 32)
    return load_space(name, [f"data.image_size=[{side},{side}]", *(f"{place}.weights=null" for place in backbones)])


def configurations(space: Space, count: int) -> list[Configuration]:
    """What is tried first, completed by chance, and so many draws by chance alone."""
    source = random.Random(3)

    def completed(given: Mapping[str, Scalar]) -> Configuration:
        values: dict[str, Scalar] = {}
        for parameter in space.parameters:
            if parameter.is_active(values):
                values[parameter.name] = given.get(parameter.name, draw_value(parameter.domain, source))
        return space.configuration(values)

    return [completed(values) for values in [*first_trials(space), *({} for _ in range(count))]]


@pytest.mark.parametrize("name", shipped_spaces())
def test_first_trials_and_draws_give_probabilities(name: str):
    for configuration in configurations(small(name), 3):
        model = build_model(configuration, CLASSES, 1)
        height, width, channels = model.input_shape[1:]
        pixels = np.random.default_rng(0).integers(0, 256, (2, height, width, channels)).astype("uint8")
        outputs = keras.ops.convert_to_numpy(model(pixels, training=False))
        assert outputs.shape == (2, 1 if configuration.head.output == "sigmoid" else CLASSES)
        probabilities = class_probabilities(outputs)
        assert np.isfinite(probabilities).all()
        assert probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-4)
        keras.utils.clear_session(free_memory=True)
