"""A configuration becomes a model of the promised shape, size and behaviour."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnsearch.search.model.build import build_model, class_probabilities
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import CnnSearchError

# TensorFlow's arrays do not know numpy 2's `copy` yet; Keras meets that when it writes a model.

ACTIVATIONS = ["relu", "elu", "gelu", "leaky_relu", "selu", "silu", "tanh"]


def parameters(weights: list[Any]) -> int:
    return sum(int(np.prod(weight.shape)) for weight in weights)


def photos(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype("uint8")


def strengths() -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, 0.2, 1.0])


def per_block(values: st.SearchStrategy[Any], blocks: int) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=blocks, max_size=blocks)


@st.composite
def scratches(draw: st.DrawFn) -> dict[str, Any]:
    blocks = draw(st.integers(1, 3))
    values = {
        "convs": st.integers(1, 2),
        "filters": st.integers(1, 6),
        "kernel_size": st.sampled_from([1, 3, 5]),
        "padding": st.sampled_from(["same", "valid"]),
        "activation": st.sampled_from(ACTIVATIONS),
        "batch_norm": st.booleans(),
        "pool": st.sampled_from(["max", "average", "none"]),
        "pool_size": st.integers(2, 3),
        "dropout": st.sampled_from([0.0, 0.5]),
    }
    return {"blocks": blocks} | {name: draw(per_block(value, blocks)) for name, value in values.items()}


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    dense = st.fixed_dictionaries({"units": st.integers(1, 8), "dropout": st.sampled_from([0.0, 0.3])})
    strength = {name: strengths() for name in ("rotation", "zoom", "shear", "translation", "contrast", "brightness")}
    flips = {"horizontal_flip": st.booleans(), "vertical_flip": st.booleans()}
    return {
        "data": {"source": "photos", "image_size": [20, 24], "color": draw(st.sampled_from(["rgb", "gray"]))},
        "augment": draw(st.fixed_dictionaries(flips | strength)),
        "model": {"scratch": draw(scratches())},
        "head": {
            "pooling": draw(st.sampled_from(["flatten", "average", "max"])),
            "dropout": draw(st.sampled_from([0.0, 0.3])),
            "dense": draw(st.lists(dense, max_size=2)),
            "output": draw(st.sampled_from(["softmax", "sigmoid"])),
        },
        "optimizer": {draw(st.sampled_from(["sgd", "adam", "rmsprop"])): {}},
        "training": {"schedule": draw(st.sampled_from(["constant", "cosine"])), "seed": 3},
    }


def loss_after_a_step(model: keras.Model, images: np.ndarray, classes: int) -> float:
    labels = np.arange(len(images)) % classes
    return float(model.train_on_batch(images, labels, return_dict=True)["loss"])


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_any_small_configuration_gives_probabilities_and_learns(raw: dict[str, Any]) -> None:
    classes = 2 if raw["head"]["output"] == "sigmoid" else 3
    try:
        model = build_model(Configuration.model_validate(raw), classes, steps_per_epoch=2)
    except CnnSearchError as error:
        assert "each block must leave a pixel" in str(error)  # noqa: PT017 - an impossible draw is told in our own words
        return
    images = photos(4, *model.input_shape[1:])
    outputs = class_probabilities(model(images, training=False))
    assert outputs.shape == (4, classes)
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-5)
    assert np.isfinite(loss_after_a_step(model, images, classes))
    assert all(np.isfinite(keras.ops.convert_to_numpy(weight)).all() for weight in model.weights)


SMOOTH = {"blocks": 3, "convs": 2, "filters": [4, 6, 8], "activation": "tanh"}


@pytest.mark.parametrize("batch_norm", [True, False])
@pytest.mark.parametrize(("output", "classes"), [("softmax", 3), ("sigmoid", 2)])
def test_a_gradient_reaches_every_trainable_parameter(make: Any, output: str, classes: int, batch_norm: bool) -> None:
    # tanh: a relu may be dead from the start. sgd: its step is the gradient, never larger where that is 0.
    model = build_model(
        make(
            model={"scratch": SMOOTH | {"batch_norm": batch_norm}},
            head={"dense": [{"units": 5, "activation": "tanh"}], "output": output},
            optimizer={"sgd": {"learning_rate": 1.0}},
            augment={"horizontal_flip": True, "rotation": 0.1, "contrast": 0.1},
        ),
        classes,
        steps_per_epoch=1,
    )
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
    loss_after_a_step(model, photos(8, 16, 16, 3), classes)
    after = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    paths = [weight.path for weight in model.trainable_weights]
    assert [path for path, old, new in zip(paths, before, after, strict=True) if (old == new).all()] == []


def test_the_first_classic_of_the_tutorials(make: Any) -> None:
    model = build_model(
        make(
            data={"source": "photos", "image_size": [150, 150]},
            model={"scratch": {"blocks": 3, "filters": [16, 32, 64], "kernel_size": 3, "padding": "valid"}},
            head={"dense": [{"units": 512}], "output": "sigmoid"},
            optimizer={"rmsprop": {"learning_rate": 0.001}},
        ),
        classes=2,
        steps_per_epoch=100,
    )
    assert model.count_params() == 9_494_561
    assert [layer.name for layer in model.layers] == [
        *("image", "rescaling", "block1_conv1", "block1_pool", "block2_conv1", "block2_pool"),
        *("block3_conv1", "block3_pool", "pooling", "dense1", "classes"),
    ]
    assert type(model.optimizer) is keras.optimizers.RMSprop


def test_lenet_5(make: Any) -> None:
    model = build_model(
        make(
            data={"source": "digits", "image_size": [32, 32], "color": "gray"},
            model={
                "scratch": {
                    "blocks": 2,
                    "filters": [6, 16],
                    "kernel_size": 5,
                    "padding": "valid",
                    "activation": "tanh",
                    "pool": "average",
                }
            },
            head={"dense": [{"units": 120, "activation": "tanh"}, {"units": 84, "activation": "tanh"}]},
        ),
        classes=10,
        steps_per_epoch=100,
    )
    assert model.count_params() == 61_706


def test_vgg16_under_two_dense_layers(make: Any) -> None:
    model = build_model(
        make(
            data={"source": "photos", "image_size": [150, 150]},
            model={"vgg16": {"weights": None}},
            head={"dense": [{"units": 512}, {"units": 256}], "output": "sigmoid"},
        ),
        classes=2,
        steps_per_epoch=100,
    )
    assert parameters(model.non_trainable_weights) == 14_714_688
    assert parameters(model.trainable_weights) == 4_326_401


def test_batch_norm_takes_the_convs_bias_away(make: Any) -> None:
    model = build_model(make(model={"scratch": {"blocks": 1, "filters": 4, "batch_norm": True}}), 3, 1)
    assert [layer.name for layer in model.layers][2:6] == [
        *("block1_conv1", "block1_conv1_norm", "block1_conv1_relu", "block1_pool"),
    ]
    assert model.get_layer("block1_conv1").bias is None


def weights_of(model: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(weight) for weight in model.weights]


def same(one: keras.Model, other: keras.Model) -> bool:
    return all((a == b).all() for a, b in zip(weights_of(one), weights_of(other), strict=True))


@pytest.mark.parametrize("model", [{"scratch": {"blocks": 2}}, {"mobilenet": {"weights": None, "alpha": 0.25}}])
def test_the_seed_decides_the_initial_weights(make: Any, model: dict[str, Any]) -> None:
    def built(seed: int | None) -> keras.Model:
        data = {"source": "photos", "image_size": [32, 32]}
        return build_model(make(model=model, data=data, training={"seed": seed}), 3, 1)

    first = built(7)
    assert same(first, built(7))
    assert not same(first, built(8))
    assert not same(built(None), built(None))


def test_the_seed_decides_dropout_and_augmentation(make: Any) -> None:
    def losses() -> list[float]:
        configuration = make(
            augment={"horizontal_flip": True, "zoom": 0.3, "brightness": 0.2},
            model={"scratch": {"blocks": 1, "filters": 4, "dropout": 0.5}},
        )
        model = build_model(configuration, 3, 1)
        return [loss_after_a_step(model, photos(6, 16, 16, 3), 3) for _ in range(3)]

    assert losses() == losses()


def test_building_leaves_the_callers_random_numbers_alone(make: Any) -> None:
    random.seed(1)
    expected = random.random()
    random.seed(1)
    build_model(make(), 3, 1)
    assert random.random() == expected


def test_augmentation_rests_in_inference(make: Any) -> None:
    every = dict.fromkeys(["rotation", "zoom", "shear", "translation", "contrast", "brightness"], 0.5)
    flips = {"horizontal_flip": True, "vertical_flip": True}
    plain, augmented = (build_model(make(augment=augment), 3, 1) for augment in ({}, every | flips))
    augmented.set_weights(plain.get_weights())
    images = photos(4, 16, 16, 3)
    expected = plain.predict(images, verbose=0)
    assert np.array_equal(augmented.predict(images, verbose=0), expected)
    assert np.allclose(augmented(images), expected, atol=1e-6)
    assert not np.allclose(augmented(images, training=True), expected, atol=1e-3)


def test_only_what_has_a_strength_becomes_a_layer(make: Any) -> None:
    model = build_model(make(augment={"vertical_flip": True, "zoom": 0.1}), 3, 1)
    names = [layer.name for layer in model.layers if layer.name.startswith("augment")]
    assert names == ["augment_flip", "augment_zoom"]
    assert model.get_layer("augment_flip").mode == "vertical"


def test_bytes_and_floats_are_the_same_pixels(make: Any) -> None:
    model = build_model(make(), 3, 1)
    images = photos(4, 16, 16, 3)
    assert np.array_equal(model.predict(images, verbose=0), model.predict(images.astype("float32"), verbose=0))


def test_half_precision_inside_gives_whole_probabilities(make: Any) -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build_model(make(augment={"contrast": 0.5}), 3, 1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.get_layer("block1_conv1").compute_dtype == "bfloat16"
    assert keras.backend.standardize_dtype(model(photos(2, 16, 16, 3)).dtype) == "float32"


LOAD = """
import pathlib, sys, warnings
warnings.simplefilter("error")
import keras, numpy
for folder in pathlib.Path(sys.argv[1]).iterdir():
    model = keras.saving.load_model(folder / "model.keras")
    numpy.save(folder / "outputs.npy", model.predict(numpy.load(folder / "images.npy"), verbose=0))
sys.exit("cnnsearch" in sys.modules)
"""
SAVED: dict[str, dict[str, Any]] = {
    "rgb": {"scratch": {"blocks": 2, "filters": 4, "batch_norm": [True, False], "dropout": 0.2}},
    "gray": {"mobilenet": {"weights": None, "alpha": 0.25, "trainable_from": "conv_pw_12"}},
}


def test_a_saved_model_loads_without_our_code(make: Any, tmp_path: Path) -> None:
    every = dict.fromkeys(["rotation", "zoom", "shear", "translation", "contrast", "brightness"], 0.1)
    expected = {}
    for color, network in SAVED.items():
        data = {"source": "photos", "image_size": [32, 40], "color": color}
        schedule = {"schedule": "cosine", "seed": 5}
        model = build_model(make(data=data, model=network, augment=every, training=schedule), 3, 2)
        images = photos(3, *model.input_shape[1:])
        loss_after_a_step(model, images, 3)
        (tmp_path / color).mkdir()
        model.save(tmp_path / color / "model.keras")
        np.save(tmp_path / color / "images.npy", images)
        expected[color] = model.predict(images, verbose=0)
    subprocess.run([sys.executable, "-c", LOAD, str(tmp_path)], check=True, timeout=120)
    for color, outputs in expected.items():
        assert np.allclose(np.load(tmp_path / color / "outputs.npy"), outputs, atol=1e-5)


@pytest.mark.parametrize(
    ("sections", "classes", "message"),
    [
        ({"head": {"output": "sigmoid"}}, 3, r"head\.output: a sigmoid tells two classes apart, got 3 classes\. Use"),
        ({}, 1, r"data\.source: there are at least two classes to tell apart, got 1\."),
        (
            {"model": {"scratch": {"blocks": 5}}},
            3,
            r"model\.scratch: each block must leave a pixel, but block 5 takes a map of 1 x 1",
        ),
        (
            {"model": {"scratch": {"blocks": 3, "kernel_size": 5, "padding": "valid"}}},
            3,
            r"model\.scratch: each block must leave a pixel, but block 3 takes a map of 1 x 1",
        ),
        (
            {"model": {"vgg16": {"weights": None}}},
            3,
            r"model\.vgg16: needs images of 32 pixels or more, got data\.image_size \[16, 16\]",
        ),
    ],
)
def test_what_cannot_be_built_is_told(make: Any, sections: dict[str, Any], classes: int, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        build_model(make(**sections), classes, 1)


@pytest.mark.parametrize(("size", "blocks"), [([16, 16], {"blocks": 4}), ([46, 46], {"blocks": 4, "padding": "valid"})])
def test_the_smallest_image_that_fits_is_built(make: Any, size: list[int], blocks: dict[str, Any]) -> None:
    model = build_model(make(data={"source": "photos", "image_size": size}, model={"scratch": blocks}), 3, 1)
    assert model.get_layer("block4_pool").output.shape[1:3] == (1, 1)


def test_a_sigmoid_becomes_two_columns() -> None:
    assert np.allclose(class_probabilities(np.array([[0.25], [1.0]])), [[0.75, 0.25], [0.0, 1.0]])


def test_softmax_stays_as_it_is() -> None:
    outputs = np.array([[0.25, 0.75]], dtype="float32")
    assert np.array_equal(class_probabilities(outputs), outputs)
