"""Backbones see what their weights were trained on, and are frozen up to where the configuration says."""

import inspect
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.backbones import (
    application,
    backbone_features,
    backbone_network,
    blocks_of,
    freeze,
    without_weights,
)
from cnnsearch.search.model.build import build_model
from cnnsearch.search.model.imagenet import imagenet_file
from cnnsearch.search.model.preprocessing import preprocessed
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.sections.backbones import BACKBONES, Backbone, Last, MobileNet, MobileNetV3

SECTIONS = {"vgg16": Backbone(weights=None), "mobilenet": MobileNet(weights=None, alpha=0.25)}


@pytest.fixture(scope="module", params=["vgg16", "mobilenet"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def network_of(name: str) -> keras.Model:
    return backbone_network(name, SECTIONS[name], (32, 32))


def trainable(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers if layer.trainable_weights]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_preprocessing_is_kerass_own(backbone: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    inputs = keras.Input((8, 8, 3))
    untrained = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Normalization()])
    ours = keras.Model(inputs, preprocessed(backbone, inputs, untrained))(images)
    theirs = inspect.getmodule(application(backbone)).preprocess_input
    assert np.allclose(ours, theirs(images.copy()), atol=1e-3)


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


@pytest.mark.parametrize("count", [1, 5, 30, 1000])
def test_the_last_layers_are_those_that_keras_lists_last(name: str, count: int) -> None:
    network = network_of(name)
    freeze(name, network, Last(last=count))
    assert [layer for layer in network.layers if layer.trainable] == network.layers[-count:]


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


@pytest.mark.parametrize("depth", ["conv_pw_13", {"last": 3}])
def test_training_moves_neither_weights_nor_moments_of_frozen_layers(make: Any, depth: Any) -> None:
    network = {"mobilenet": {"weights": None, "alpha": 0.25, "trainable_from": depth}}
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


def test_a_named_layer_leaves_exactly_the_weights_that_keras_counts() -> None:
    network = backbone_network("mobilenet", MobileNet(weights=None), (32, 32))
    freeze("mobilenet", network, "conv_pw_12")
    theirs = keras.applications.MobileNet(weights=None, include_top=False, input_shape=(32, 32, 3))
    names = [layer.name for layer in theirs.layers]
    for layer in theirs.layers[: names.index("conv_pw_12")]:
        layer.trainable = False
    assert [weight.path for weight in network.trainable_weights] == [weight.path for weight in theirs.trainable_weights]
    assert sum(math.prod(weight.shape) for weight in network.trainable_weights) == 1_588_224


@pytest.mark.parametrize(
    ("weights", "batch_norm", "norms"), [("own", "frozen", False), ("own", "trained", True), (None, "frozen", True)]
)
def test_batch_norm_keeps_what_came_with_the_weights(
    make: Any, tmp_path: Path, weights: str | None, batch_norm: str, norms: bool
) -> None:
    file = tmp_path / "own.weights.h5"
    network_of("mobilenet").save_weights(file)
    section = {
        "weights": weights and str(file),
        "alpha": 0.25,
        "trainable_from": "conv_pw_12",
        "batch_norm": batch_norm,
    }
    data = {"source": "photos", "image_size": [32, 32]}
    backbone = build_model(make(data=data, model={"mobilenet": section}), 3, 1).get_layer("mobilenet")
    convolutions = ["conv_pw_12", "conv_dw_13", "conv_pw_13"]
    assert [layer for layer in trainable(backbone) if not layer.endswith("_bn")] == convolutions
    assert [layer for layer in trainable(backbone) if layer.endswith("_bn")] == [
        f"{name}_bn" for name in convolutions
    ] * norms


@pytest.fixture(scope="module")
def xception() -> keras.Model:
    return backbone_network("xception", Backbone(weights=None), (71, 71))


def test_a_layer_without_a_blocks_name_belongs_to_the_block_it_stands_in(xception: keras.Model) -> None:
    freeze("xception", xception, "block13")
    kinds = [layer.name.partition("_")[0] for layer in xception.layers if layer.trainable_weights]
    xception.trainable = True
    assert set(kinds) == {"block13", "block14", "conv2d", "batch"}
    assert (kinds.count("conv2d"), kinds.count("batch")) == (1, 1)  # the shortcut of block 13


def test_a_name_that_keras_numbers_is_refused(xception: keras.Model) -> None:
    shortcut = next(layer.name for layer in xception.layers if layer.name.startswith("conv2d"))
    with pytest.raises(CnnSearchError, match=rf"or the name of a block or layer, got '{shortcut}'.* The blocks are bl"):
        freeze("xception", xception, shortcut)


@pytest.fixture(scope="module")
def inception() -> keras.Model:
    return backbone_network("inceptionv3", Backbone(weights=None), (75, 75))


def test_a_block_named_by_its_last_layer_holds_the_layers_before_it(inception: keras.Model) -> None:
    freeze("inceptionv3", inception, "mixed10")
    counts = [len(layer.trainable_weights) for layer in inception.layers]
    inception.trainable = True
    assert counts.index(1) > [layer.name for layer in inception.layers].index("mixed9")
    assert sum(counts) == 18  # nine convolutions, each with a batch norm without scale


def test_a_block_may_be_cut_short_before_an_underscore() -> None:
    network = backbone_network("mobilenetv2", BACKBONES["mobilenetv2"].section(weights=None), (32, 32))
    freeze("mobilenetv2", network, "block")
    assert trainable(network)[0] == "block_1_expand"


@pytest.mark.parametrize(("depth", "same"), [("none", True), ("top", True), (Last(last=3), True), ("all", False)])
def test_frozen_layers_drop_nothing_in_training(depth: str | Last, same: bool) -> None:
    network = backbone_network("efficientnetb0", Backbone(weights=None), (32, 32))
    freeze("efficientnetb0", network, depth)
    inputs = keras.Input((32, 32, 3))
    model = keras.Model(inputs, backbone_features("efficientnetb0", network, inputs))
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("float32")
    one, other = (np.array(model(images, training=True)) for _ in range(2))  # moments do not enter a training step
    assert np.array_equal(one, other) == same


def test_a_name_that_keras_does_not_build_is_a_mistake() -> None:
    with pytest.raises(KeyError, match=r"keras\.applications builds no vgg61"):
        application("vgg61")


def test_a_minimalistic_network_has_weights_for_one_width_only() -> None:
    assert imagenet_file("mobilenetv3small", MobileNetV3(minimalistic=True))
    assert imagenet_file("mobilenetv3small", MobileNetV3(minimalistic=True, alpha=0.75)) is None


def test_a_configuration_loses_its_weights_file_and_nothing_else() -> None:
    space = loads_space("data: {source: photos}\nmodel: {vgg16: {trainable_from: block5}}\n", "vgg")
    plain = without_weights(space.configuration({}))
    assert plain.model.vgg16 is not None
    assert (plain.model.vgg16.weights, plain.model.vgg16.trainable_from) == (None, "block5")
    assert without_weights(plain) is plain
