"""A classifier falls into a frozen part and a rest that share its layers, wherever its backbone is frozen."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.backbones import blocks_of, freeze
from cnnsearch.search.model.build import build_model, build_network, make_plain
from cnnsearch.search.model.cut import Cut, cut
from cnnsearch.search.model.size import outlined
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.sections.backbones import BACKBONES, Last

QUICK = {"vgg16", "mobilenetv2", "mobilenetv3small", "resnet50", "resnet50v2", "efficientnetb0", "convnexttiny"}
ONE_OF_EACH = QUICK | {"mobilenet", "efficientnetv2b0", "xception", "densenet121", "inceptionv3", "nasnetmobile"}
NAMES = [name if name in ONE_OF_EACH else pytest.param(name, marks=pytest.mark.nightly) for name in BACKBONES]


def photos(shape: tuple[int, ...], count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape)).astype("uint8")


def document(name: str, depth: Any, **sections: Any) -> Configuration:
    side = BACKBONES[name].smallest
    base: dict[str, Any] = {
        "data": {"source": "photos", "image_size": [side, side + 8]},
        "model": {name: {"weights": None, "trainable_from": depth}},
        "head": {"pooling": "average"},
        "training": {"seed": 3},
    }
    return Configuration.model_validate(base | sections)


def enliven(model: keras.Model, images: np.ndarray) -> None:
    """Give every batch norm the moments of these images: with 0 and 1, deep random networks answer all images alike."""
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    before = [(norm.trainable, norm.momentum) for norm in norms]
    for norm in norms:
        norm.trainable, norm.momentum = True, 0.0
    model(images, training=True)
    for norm, (trainable, momentum) in zip(norms, before, strict=True):
        norm.trainable, norm.momentum = trainable, momentum


def lively(configuration: Configuration, classes: int = 3) -> tuple[keras.Model, np.ndarray]:
    model = build_network(configuration, classes)
    images = photos(model.input_shape[1:])
    enliven(model, images)
    return model, images


def parts_of(model: keras.Model) -> Cut:
    found = cut(model)
    assert found is not None
    return found


def array(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def ids(variables: list[Any]) -> set[int]:
    return {id(variable) for variable in variables}


def check_parts(model: keras.Model, images: np.ndarray, outputs: np.ndarray) -> Cut:
    """Both parts together give the model's outputs, in training too, and the first of them does not learn."""
    known = ids(model.variables)
    parts = parts_of(model)
    assert parts.frozen.weights
    assert parts.frozen.trainable_weights == []
    assert [id(weight) for weight in parts.rest.trainable_weights] == [id(weight) for weight in model.trainable_weights]
    assert ids([*parts.frozen.variables, *parts.rest.variables]) == known
    assert np.allclose(array(parts.rest(parts.frozen(images, training=True))), outputs, atol=1e-5)
    return parts


def telling(outputs: np.ndarray) -> bool:
    """Whether a model tells images apart: else it would not matter what its parts compute."""
    return not np.allclose(outputs, outputs[0], atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_both_parts_together_are_the_model_at_every_depth(name: str) -> None:
    model, images = lively(document(name, "all"))
    outputs = array(model(images))
    network = model.get_layer(name)
    blocks = blocks_of(name, network)
    assert telling(outputs)
    assert cut(model) is None
    for depth in (blocks[3 * len(blocks) // 4], Last(last=len(network.layers) // 4)):
        network.trainable = True
        freeze(name, network, depth)
        if name.startswith("nasnet"):
            assert cut(model) is None  # each of its cells reads the two before it
        else:
            check_parts(model, images, outputs)
    freeze(name, network, "none")
    assert check_parts(model, images, outputs).layer == "pooling"


@pytest.mark.parametrize(
    ("depth", "layer", "features"),
    [
        ("none", "pooling", (512,)),
        ("block5", "block4_pool", (2, 2, 512)),
        ("block5_conv2", "block5_conv1", (2, 2, 512)),
        ({"last": 2}, "block5_conv2", (2, 2, 512)),
        ({"last": 1}, "pooling", (512,)),
        ("block3", "block2_pool", (8, 10, 128)),
    ],
)
def test_the_cut_is_behind_the_last_frozen_layer(depth: Any, layer: str, features: tuple[int, ...]) -> None:
    parts = parts_of(build_network(document("vgg16", depth), 3))
    assert parts.layer == layer
    assert parts.frozen.output_shape[1:] == features


@pytest.mark.parametrize(
    ("pooling", "layer", "features"),
    [("average", "pooling", (1024,)), ("max", "pooling", (1024,)), ("flatten", "conv_pw_13_relu", (1, 1, 1024))],
)
def test_global_pooling_is_frozen_too(pooling: str, layer: str, features: tuple[int, ...]) -> None:
    parts = parts_of(build_network(document("mobilenet", "none", head={"pooling": pooling, "dropout": 0.5}), 3))
    assert parts.layer == layer
    assert parts.frozen.output_shape[1:] == features


def test_padding_does_not_make_the_features_larger() -> None:
    model = build_network(document("mobilenet", "conv_dw_4"), 3)  # a padding stands before it
    assert parts_of(model).layer == "conv_pw_3_relu"


@pytest.mark.parametrize("depth", ["all", "block1", "block2", {"last": 1000}])
def test_nothing_is_cut_where_little_is_frozen(depth: Any) -> None:
    assert cut(build_network(document("vgg16", depth), 3)) is None


def test_a_networks_own_preprocessing_is_not_worth_a_cut() -> None:
    assert cut(build_network(document("efficientnetb0", "stem"), 3)) is None


@pytest.mark.parametrize(
    "model",
    [
        {"scratch": {"blocks": 2, "filters": 4}},
        {"custom": {"function": "tests.search.model.own_parts:two_convs", "arguments": {"width": 2}}},
        {"custom": {"function": "tests.search.model.own_parts:build"}},
    ],
)
def test_only_a_backbone_is_cut(make: Any, model: dict[str, Any]) -> None:
    assert cut(build_model(make(model=model), 3, 1)) is None


def test_a_name_that_keras_numbers_is_told_by_its_place() -> None:
    layers = [parts_of(build_network(document("xception", "block9"), 3)).layer for _ in range(2)]
    assert layers == ["add@75", "add@75"]


def test_an_outline_is_cut_as_the_model_would_be() -> None:
    with outlined():
        parts = parts_of(build_network(document("vgg16", "block5"), 3))
    keras.utils.clear_session()
    assert parts.layer == "block4_pool"


def test_the_frozen_part_changes_images_in_training_only() -> None:
    changing = document("mobilenet", "conv_pw_10", augment={"horizontal_flip": True, "rotation": 0.2})
    model, images = lively(changing)
    frozen = parts_of(model).frozen
    plain = array(frozen(images))
    assert np.array_equal(plain, array(frozen(images, training=False)))
    assert np.allclose(plain, frozen.predict(images, verbose=0), atol=1e-4 * np.abs(plain).max())
    one, other = (array(frozen(images, training=True)) for _ in range(2))
    assert not np.allclose(one, plain, atol=1e-4)
    assert not np.allclose(one, other, atol=1e-4)


def test_gray_images_are_cut_alike() -> None:
    data = {"source": "photos", "image_size": [32, 40], "color": "gray"}
    model, images = lively(document("mobilenetv2", "block_12", data=data))
    check_parts(model, images, array(model(images)))


def test_mixed_precision_is_cut_alike() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model, images = lively(document("mobilenet", "conv_dw_12"))
        parts = check_parts(model, images, array(model(images)))
    finally:
        keras.config.set_dtype_policy("float32")
    assert parts.frozen.output.dtype == "float16"
    stored = array(parts.frozen(images)).astype("float32")
    assert np.allclose(array(parts.rest(stored)), array(model(images)), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "depth", "head"),
    [
        ("mobilenet", "none", {"pooling": "average", "dense": [8], "output": "sigmoid", "l2": 0.01}),
        ("efficientnetb0", "block7a", {"pooling": "max", "dropout": 0.2}),
    ],
)
def test_to_train_the_rest_is_to_train_the_model(name: str, depth: str, head: dict[str, Any]) -> None:
    model, images = lively(document(name, depth, head=head), classes=2)
    parts = parts_of(model)
    features, untrained = array(parts.frozen(images)), array(model(images))
    train(parts.rest, features)
    outputs = array(model(images))
    assert not np.allclose(outputs, untrained, atol=1e-3)
    assert np.array_equal(array(parts.frozen(images)), features)
    assert np.allclose(array(parts.rest(features)), outputs, atol=1e-5)


def train(rest: keras.Model, features: np.ndarray) -> None:
    loss = "binary_crossentropy" if rest.output_shape[-1] == 1 else "sparse_categorical_crossentropy"
    rest.compile(keras.optimizers.Adam(0.01), loss=loss)
    rest.fit(features, np.arange(len(features)) % 2, epochs=3, batch_size=len(features), verbose=0)


def test_the_rests_losses_are_the_models() -> None:
    model = build_network(document("mobilenet", "conv_pw_13", head={"dense": [4], "l2": 0.1}), 3)
    rest = parts_of(model).rest
    assert len(rest.losses) == 2
    assert np.allclose(rest.losses, model.losses)


LOAD = """
import sys
from pathlib import Path
import keras
import numpy as np
for folder in Path(sys.argv[1]).iterdir():
    model = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    np.save(folder / "outputs.npy", model.predict(np.load(folder / "images.npy"), verbose=0))
    model.evaluate(np.load(folder / "images.npy"), np.zeros(4), verbose=0)
assert not [name for name in sys.modules if name.startswith("cnnsearch")]
"""


def test_the_saved_model_says_of_images_what_the_rest_says_of_features(tmp_path: Path) -> None:
    expected = {}
    for name, depth in (("mobilenet", "none"), ("mobilenetv2", "block_14")):
        model, images = lively(document(name, depth, augment={"zoom": 0.2}))
        parts = parts_of(model)
        features = array(parts.frozen(images))
        train(parts.rest, features)
        expected[name] = parts.rest.predict(features, verbose=0)
        make_plain(model)
        (tmp_path / name).mkdir()
        model.save(tmp_path / name / "model.keras")
        np.save(tmp_path / name / "images.npy", images)
    subprocess.run([sys.executable, "-c", LOAD, str(tmp_path)], check=True, timeout=120)
    for name, outputs in expected.items():
        assert np.allclose(np.load(tmp_path / name / "outputs.npy"), outputs, atol=1e-4)
