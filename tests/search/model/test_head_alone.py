"""A head that is built alone is the one that the whole network has."""

from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.build import build_head, build_network, compile_model, set_last_weights
from cnnsearch.search.model.cut import Cut, cut
from cnnsearch.spaces.document import Configuration


def document(head: dict[str, Any]) -> Configuration:
    network = {"alpha": 0.25, "weights": None, "trainable_from": "none"}
    return Configuration.model_validate(
        {
            "data": {"source": "photos", "image_size": [32, 40]},
            "model": {"mobilenet": network},
            "head": head,
            "training": {"seed": 3},
        }
    )


HEADS = [
    {"pooling": "average", "dropout": 0.2, "dense": [{"units": 8, "dropout": 0.5}, 4]},
    {"pooling": "max"},
    {"pooling": "flatten", "dense": [8], "l2": 0.01},
]


def both(head: dict[str, Any]) -> tuple[keras.Model, Cut, keras.Model]:
    configuration = document(head)
    model = build_network(configuration, 3)
    parts = cut(model)
    assert parts is not None
    given = parts.frozen.outputs[0]
    return model, parts, build_head(configuration, 3, tuple(given.shape[1:]), given.dtype)


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_it_begins_with_the_weights_of_the_whole_network(head: dict[str, Any]) -> None:
    _, parts, alone = both(head)
    for own, other in zip(alone.get_weights(), parts.rest.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


def test_it_learns_the_same() -> None:
    _, parts, alone = both(HEADS[0])
    features = np.random.default_rng(0).random((32, *alone.input_shape[1:])).astype("float32")
    for network in (parts.rest, alone):
        compile_model(network, document(HEADS[0]), 3, steps_per_epoch=4)
        network.fit(features, np.arange(32) % 3, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for own, other in zip(alone.get_weights(), parts.rest.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("head", HEADS, ids=str)
def test_its_weights_go_into_the_end_of_the_whole_network(head: dict[str, Any]) -> None:
    model, parts, alone = both(head)
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 40, 3)).astype("uint8")
    alone.set_weights([weights + 0.5 for weights in alone.get_weights()])
    set_last_weights(model, alone.get_weights())
    expected = alone(parts.frozen(images))
    np.testing.assert_array_equal(np.asarray(model(images)), np.asarray(expected))
