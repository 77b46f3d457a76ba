"""A configuration becomes a model of the promised shape, size and behaviour."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cnnsearch.search.model.build import build_model, create_variables, make_plain
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.stack import Activation


def photos(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, *shape)).astype("uint8")


def strengths() -> st.SearchStrategy[float]:
    return st.sampled_from([0.0, 0.2, 1.0])


@st.composite
def scratches(draw: st.DrawFn) -> dict[str, Any]:
    blocks = draw(st.integers(1, 3))
    values: dict[str, st.SearchStrategy[Any]] = {
        "convs": st.integers(1, 2),
        "conv": st.sampled_from(["plain", "separable", "depthwise_separable"]),
        "filters": st.integers(2, 6),  # TensorFlow on a CPU aborts on one depthwise filter under a leaky relu
        "kernel_size": st.sampled_from([1, 3, 5]),
        "strides": st.integers(1, 2),
        "dilation": st.integers(1, 2),
        "padding": st.sampled_from(["same", "valid"]),
        "activation": st.sampled_from(get_args(Activation)),
        "norm": st.sampled_from(["none", "batch", "layer", "group"]),
        "norm_place": st.sampled_from(["before_activation", "after_activation", "before_conv"]),
        "residual": st.booleans(),
        "squeeze_excite": st.sampled_from([0, 2]),
        "pool": st.sampled_from(["max", "average", "none"]),
        "pool_size": st.integers(2, 3),
        "pool_stride": st.none() | st.integers(1, 3),
        "pool_padding": st.sampled_from(["same", "valid"]),
        "dropout": st.sampled_from([0.0, 0.5]),
        "dropout_kind": st.sampled_from(["plain", "spatial"]),
    }
    entries = {name: draw(value | st.lists(value, min_size=blocks, max_size=blocks)) for name, value in values.items()}
    return {"blocks": blocks, "l2": draw(st.sampled_from([0.0, 0.01]))} | entries


def heads() -> st.SearchStrategy[dict[str, Any]]:
    dense = st.fixed_dictionaries({"units": st.integers(1, 8), "dropout": st.sampled_from([0.0, 0.3])})
    stack = st.fixed_dictionaries({"layers": st.integers(0, 2), "units": st.integers(1, 8)})
    values = {
        "pooling": st.sampled_from(["flatten", "average", "max"]),
        "dropout": st.sampled_from([0.0, 0.3]),
        "dense": st.lists(dense, max_size=2) | stack,
        "output": st.sampled_from(["softmax", "sigmoid"]),
        "l2": st.sampled_from([0.0, 0.01]),
    }
    return st.fixed_dictionaries(values)


STRENGTHS = ("rotation", "zoom", "shear", "translation", "contrast", "brightness", "erasing")


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    color = draw(st.sampled_from(["rgb", "gray"]))
    strong = [*STRENGTHS, *(("saturation", "hue") if color == "rgb" else ())]
    flips = {"horizontal_flip": st.booleans(), "vertical_flip": st.booleans()}
    schedule = {draw(st.sampled_from(["constant", "cosine", "inverse_time", "step"])): {"warmup": 0.5}}
    return {
        "data": {"source": "photos", "image_size": [20, 24], "color": color},
        "augment": draw(st.fixed_dictionaries(flips | {name: strengths() for name in strong})),
        "model": {"scratch": draw(scratches())},
        "head": draw(heads()),
        "optimizer": draw(st.sampled_from(["sgd", "adam", "rmsprop", "adamw", "nadam", "adagrad", "lion"])),
        "training": {"schedule": schedule, "seed": 3},
    }


def loss_after_a_step(model: keras.Model, images: np.ndarray, classes: int) -> float:
    labels = np.arange(len(images)) % classes
    return float(model.train_on_batch(images, labels, return_dict=True)["loss"])


UNSHRUNK = [Phase.explicit, Phase.reuse, Phase.generate]  # to shrink a model takes minutes


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], phases=UNSHRUNK)
@given(documents())
def test_any_small_configuration_gives_probabilities_and_learns(raw: dict[str, Any]) -> None:
    classes = 2 if raw["head"]["output"] == "sigmoid" else 3
    try:
        model = build_model(Configuration.model_validate(raw), classes, steps_per_epoch=2)
    except CnnSearchError as error:
        assert str(error).startswith("model.scratch: ")  # noqa: PT017 - an impossible draw is told in our own words
        return
    model.run_eagerly = True  # a graph for one step takes longer than the step
    images = photos(4, *model.input_shape[1:])
    outputs = class_probabilities(model(images, training=False))
    assert outputs.shape == (4, classes)
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-5)
    assert np.isfinite(loss_after_a_step(model, images, classes))
    assert all(np.isfinite(keras.ops.convert_to_numpy(weight)).all() for weight in model.weights)


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


@pytest.mark.parametrize(
    ("depth", "shared"), [("none", True), ("conv_pw_13", True), ({"last": 3}, True), ("all", False)]
)
def test_trials_share_the_random_weights_of_a_frozen_backbone(make: Any, depth: Any, shared: bool) -> None:
    def built(seed: int | None, search_seed: int = 42) -> keras.Model:
        data = {"source": "photos", "image_size": [32, 32]}
        model = {"mobilenet": {"weights": None, "alpha": 0.25, "trainable_from": depth}}
        sections = {"training": {"seed": seed}, "search": {"seed": search_seed}}
        return build_model(make(model=model, data=data, **sections), 3, 1)

    def of_layer(model: keras.Model, name: str) -> np.ndarray:
        return np.array(model.get_layer(name).get_weights()[0])

    first, other, third = built(7), built(8), built(7, search_seed=43)
    assert np.array_equal(of_layer(first, "mobilenet"), of_layer(other, "mobilenet")) == shared
    assert np.array_equal(of_layer(first, "mobilenet"), of_layer(third, "mobilenet")) != shared
    assert not np.array_equal(of_layer(first, "classes"), of_layer(other, "classes"))
    assert np.array_equal(of_layer(first, "classes"), of_layer(third, "classes"))
    assert np.array_equal(of_layer(built(None), "mobilenet"), of_layer(first, "mobilenet")) == shared


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
EVERY_KIND = {
    "blocks": 3,
    "convs": 2,
    "conv": ["plain", "separable", "depthwise_separable"],
    "filters": 4,
    "norm": ["batch", "layer", "group"],
    "norm_place": ["before_activation", "after_activation", "before_conv"],
    "residual": True,
    "squeeze_excite": 2,
    "dropout": 0.2,
    "dropout_kind": ["plain", "spatial", "plain"],
    "l2": 0.01,
}
SAVED: dict[str, dict[str, Any]] = {
    "rgb": {"scratch": EVERY_KIND},
    "gray": {"mobilenet": {"weights": None, "alpha": 0.25, "trainable_from": "conv_pw_12"}},
}


SCHEDULES = {"rgb": "cosine", "gray": {"step": {"warmup": 1}}}  # a warm-up before steps is a class of ours


def test_a_saved_model_loads_without_our_code(make: Any, tmp_path: Path) -> None:
    colours = {"rgb": ("saturation", "hue", "rand_augment"), "gray": ()}
    expected = {}
    for color, network in SAVED.items():
        data = {"source": "photos", "image_size": [32, 40], "color": color}
        augment = dict.fromkeys([*STRENGTHS, *colours[color]], 0.1)
        training = {"schedule": SCHEDULES[color], "ema": 0.9, "seed": 5}
        model = build_model(make(data=data, model=network, augment=augment, training=training), 3, 2)
        model.run_eagerly = True
        images = photos(3, *model.input_shape[1:])
        loss_after_a_step(model, images, 3)
        (tmp_path / color).mkdir()
        expected[color] = class_probabilities(model(images, training=False))
        make_plain(model)
        model.save(tmp_path / color / "model.keras")
        np.save(tmp_path / color / "images.npy", images)
    subprocess.run([sys.executable, "-c", LOAD, str(tmp_path)], check=True, timeout=120)
    for color, outputs in expected.items():
        assert np.allclose(np.load(tmp_path / color / "outputs.npy"), outputs, atol=1e-5)


def test_a_plain_model_is_smaller_and_the_same(make: Any, tmp_path: Path) -> None:
    model = build_model(make(optimizer="adam", head={"dense": [64]}), 3, 2)
    create_variables(model)
    images = photos(3, *model.input_shape[1:])
    outputs = model(images, training=False)
    model.save(tmp_path / "whole.keras")
    make_plain(model)
    model.save(tmp_path / "plain.keras")
    assert (tmp_path / "plain.keras").stat().st_size < 0.6 * (tmp_path / "whole.keras").stat().st_size
    assert np.array_equal(outputs, model(images, training=False))
    assert set(model.evaluate(images, np.arange(3), verbose=0, return_dict=True)) == {"loss", "accuracy"}


ON_JAX = """
import json, sys
import keras, numpy
from cnnsearch.search.model.build import build_model
from cnnsearch.spaces.document import Configuration
model = build_model(Configuration.model_validate(json.loads(sys.argv[1])), classes=3, steps_per_epoch=2)
images = numpy.random.default_rng(0).integers(0, 256, (6, 16, 16, 3)).astype("uint8")
history = model.fit(images, numpy.arange(6) % 3, batch_size=3, epochs=2, verbose=0).history
sys.exit(not (keras.backend.backend() == "jax" and numpy.isfinite(history["loss"]).all()))
"""


@pytest.mark.parametrize("schedule", ["cosine", "inverse_time", "step"])
def test_everything_trains_on_jax(schedule: str) -> None:
    pytest.importorskip("jax")
    document = {
        "data": {"source": "photos", "image_size": [16, 16]},
        "augment": dict.fromkeys([*STRENGTHS, "saturation", "hue", "rand_augment"], 0.2) | {"horizontal_flip": True},
        "model": {"scratch": EVERY_KIND},
        "head": {"dense": {"layers": 2, "units": 4, "dropout": 0.2}, "l2": 0.01},
        "optimizer": "adamw",
        "training": {"schedule": {schedule: {"warmup": 1}}, "clip_norm": 1.0, "ema": 0.9, "seed": 1},
    }
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", ON_JAX, json.dumps(document)], check=True, timeout=250, env=environment)


def test_the_head_as_a_stack(make: Any) -> None:
    dense = {"layers": 3, "units": [8, 6, 4], "dropout": [0.0, 0.2, 0.3], "activation": "tanh"}
    model = build_model(make(head={"pooling": "max", "dropout": 0.1, "dense": dense}), 3, 1)
    head = [layer.name for layer in model.layers]
    assert head[head.index("pooling") :] == [
        *("pooling", "pooling_dropout", "dense1", "dense2", "dense2_dropout", "dense3", "dense3_dropout", "classes"),
    ]
    assert [model.get_layer(f"dense{number}").units for number in (1, 2, 3)] == [8, 6, 4]
    assert model.get_layer("dense3").activation is keras.activations.tanh


def test_a_stack_of_no_layers_is_an_output_alone(make: Any) -> None:
    model = build_model(make(head={"dense": {"layers": 0, "units": 8}}), 3, 1)
    assert [layer.name for layer in model.layers][-2:] == ["pooling", "classes"]


def test_l2_weighs_on_every_kernel_of_the_head(make: Any) -> None:
    model = build_model(make(head={"dense": [5], "l2": 0.5}), 3, 1)
    expected = sum(0.5 * float(keras.ops.sum(model.get_layer(name).kernel ** 2)) for name in ("dense1", "classes"))
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


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
