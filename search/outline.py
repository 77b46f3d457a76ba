"""What is known of a drawn model before it is built: its weights, from an outline of it that takes no memory."""

from collections.abc import Mapping

import keras

from cnnsearch.search.model.backbones import without_weights
from cnnsearch.search.model.build import build_network
from cnnsearch.search.model.hypermodel import decoded
from cnnsearch.search.model.size import outlined, weight_bytes
from cnnsearch.spaces.document import Custom, Scratch, branch_of
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar


def outline_of(space: Space, classes: int, values: Mapping[str, Scalar]) -> tuple[int, int] | None:
    """How many weights the model of these values has, and how many bytes they take.

    It touches no device. None for a function of one's own, which runs in the trial's process alone.

    Raises:
        CnnSearchError: it cannot be built.
    """
    configuration = without_weights(space.configuration(decoded(space, values)))
    _, section = branch_of(configuration.model)
    if isinstance(section, Custom) or (isinstance(section, Scratch) and section.custom is not None):
        return None
    try:
        with outlined():
            model = build_network(configuration, classes)
            return model.count_params(), weight_bytes(model)
    finally:
        keras.utils.clear_session()
