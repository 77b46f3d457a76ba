"""Backbones see what their weights were trained on, and are frozen up to where the configuration says."""

from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.backbones import REGISTRY, backbone_network, blocks_of, freeze
from cnnsearch.search.model.build import build_model
from cnnsearch.spaces.document import Backbone, MobileNet, Model
from cnnsearch.spaces.errors import CnnSearchError

THEIR_OWN = {
    "vgg16": keras.applications.vgg16.preprocess_input,
    "mobilenet": keras.applications.mobilenet.preprocess_input,
}
SECTIONS = {"vgg16": Backbone(weights=None), "mobilenet": MobileNet(weights=None, alpha=0.25)}


@pytest.fixture(scope="module", params=["vgg16", "mobilenet"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def network_of(name: str) -> keras.Model:
    return backbone_network(name, SECTIONS[name], (32, 32))


def trainable(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers if layer.trainable_weights]


def test_every_backbone_of_the_language_is_known() -> None:
    assert set(REGISTRY) == set(Model.model_fields) - {"scratch"}


def test_the_preprocessing_is_kerass_own(name: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    inputs = keras.Input((8, 8, 3))
    ours = keras.Model(inputs, REGISTRY[name].preprocess(inputs)).predict(images, verbose=0)
    assert np.allclose(ours, THEIR_OWN[name](images.copy()), atol=1e-3)


def test_a_gray_image_is_seen_as_three_equal_channels(make: Any) -> None:
    def built(color: str) -> keras.Model:
        data = {"source": "photos", "image_size": [32, 32], "color": color}
        return build_model(make(data=data, model={"mobilenet": {"weights": None, "alpha": 0.25}}), 3, 1)

    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 1)).astype("uint8")
    gray, rgb = built("gray"), built("rgb")
    rgb.set_weights(gray.get_weights())
    repeated = np.repeat(images, 3, axis=-1)
    assert np.allclose(gray.predict(images, verbose=0), rgb.predict(repeated, verbose=0), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "trainable_from", "first", "count"),
    [
        ("vgg16", "all", "block1_conv1", 13),
        ("vgg16", "block5", "block5_conv1", 3),
        ("vgg16", "block4", "block4_conv1", 6),
        ("vgg16", "block5_conv3", "block5_conv3", 1),
        ("mobilenet", "all", "conv1", 54),
        ("mobilenet", "conv_pw_12", "conv_pw_12", 6),
        ("mobilenet", "conv_dw_1", "conv_dw_1", 52),
        ("mobilenet", "conv_pw_1", "conv_pw_1", 50),
        ("mobilenet", "conv_pw_13_bn", "conv_pw_13_bn", 1),
    ],
)
def test_everything_before_the_first_trainable_layer_is_frozen(
    name: str, trainable_from: str, first: str, count: int
) -> None:
    network = network_of(name)
    freeze(name, network, trainable_from)
    assert trainable(network)[0] == first
    assert len(trainable(network)) == count


def test_none_freezes_all(name: str) -> None:
    network = network_of(name)
    freeze(name, network, "none")
    assert trainable(network) == []


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        (
            "vgg16",
            "blok5",
            r"model\.vgg16\.trainable_from: .* got 'blok5'\. Did you mean block5\? "
            r"The blocks are block1, block2, block3, block4, block5\.",
        ),
        ("vgg16", "block", r"got 'block'\. Did you mean block"),
        ("vgg16", "", r"got ''\. The blocks are block1"),
        (
            "mobilenet",
            "conv_pw_14",
            r"Did you mean conv_pw_\d+\? The blocks are conv1, conv_dw_1, conv_pw_1, conv_dw_2",
        ),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(name: str, wrong: str, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        freeze(name, network_of(name), wrong)


def test_blocks_cover_every_layer_with_weights(name: str) -> None:
    network = network_of(name)
    blocks = blocks_of(name, network)
    for layer in network.layers:
        if layer.weights:
            assert any(layer.name == block or layer.name.startswith(f"{block}_") for block in blocks)


def test_training_moves_neither_weights_nor_moments_of_frozen_layers(make: Any) -> None:
    network = {"mobilenet": {"weights": None, "alpha": 0.25, "trainable_from": "conv_pw_13"}}
    model = build_model(make(data={"source": "photos", "image_size": [32, 32]}, model=network), 3, 1)
    inner = model.get_layer("mobilenet")

    def state() -> dict[str, list[np.ndarray]]:
        return {layer.name: [np.array(weight) for weight in layer.get_weights()] for layer in inner.layers}

    before = state()
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("uint8")
    model.train_on_batch(images, np.array([0, 1, 2, 0]))
    after = state()
    moved = [name for name in before if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))]
    assert set(moved) <= {"conv_pw_13", "conv_pw_13_bn"}
    assert "conv_pw_13_bn" in moved


def test_a_frozen_depth_survives_saving(make: Any, tmp_path: Any) -> None:
    network = {"mobilenet": {"weights": None, "alpha": 0.25, "trainable_from": "conv_pw_12"}}
    model = build_model(make(data={"source": "photos", "image_size": [32, 32]}, model=network), 3, 1)
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert trainable(loaded.get_layer("mobilenet")) == trainable(model.get_layer("mobilenet"))
