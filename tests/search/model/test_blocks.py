"""Every key of a scratch network becomes the layers it names, of the sizes that the language foretells."""

from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnsearch.search.model.blocks import scratch_features
from cnnsearch.search.model.build import build_model
from cnnsearch.spaces.document import Configuration, Scratch
from cnnsearch.spaces.sections.stack import Activation
from cnnsearch.spaces.shapes import ImpossibleConfiguration, feature_maps

CONVS = ["plain", "separable", "depthwise_separable"]
NORMS = ["none", "batch", "layer", "group"]
PLACES = ["before_activation", "after_activation", "before_conv"]


def features(height: int = 16, width: int = 16, channels: int = 3, **scratch: Any) -> keras.Model:
    """A network from images to feature maps."""
    images = keras.Input((height, width, channels))
    return keras.Model(images, scratch_features(images, Scratch.model_validate(scratch)))


def names(model: keras.Model, block: str = "") -> list[str]:
    return [layer.name for layer in model.layers if layer.name.startswith(f"block{block}")]


def photos(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, *shape)).astype("float32")


@st.composite
def stacks(draw: st.DrawFn) -> dict[str, Any]:
    """Random values of a scratch section."""
    blocks = draw(st.integers(1, 3))
    values = {
        "convs": st.integers(1, 2),
        "conv": st.sampled_from(CONVS),
        "filters": st.integers(1, 6),
        "kernel_size": st.integers(1, 6),
        "strides": st.integers(1, 3),
        "dilation": st.integers(1, 3),
        "padding": st.sampled_from(["same", "valid"]),
        "norm": st.sampled_from(NORMS),
        "norm_place": st.sampled_from(PLACES),
        "norm_groups": st.integers(1, 4),
        "residual": st.booleans(),
        "squeeze_excite": st.integers(0, 4),
        "pool": st.sampled_from(["max", "average", "none"]),
        "pool_size": st.integers(2, 4),
        "pool_stride": st.none() | st.integers(1, 5),
        "pool_padding": st.sampled_from(["same", "valid"]),
        "dropout_kind": st.sampled_from(["plain", "spatial"]),
        "dropout": st.sampled_from([0.0, 0.3]),
    }
    entries = {name: st.lists(value, min_size=blocks, max_size=blocks) for name, value in values.items()}
    return {"blocks": blocks} | {name: draw(entry) for name, entry in entries.items()}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(stacks(), st.integers(5, 40), st.integers(5, 40), st.sampled_from(["rgb", "gray"]))
def test_feature_maps_have_the_size_that_the_language_foretells(
    scratch: dict[str, Any], height: int, width: int, color: str
) -> None:
    data = {"source": "photos", "image_size": [height, width], "color": color}
    try:
        foretold = feature_maps(Configuration.model_validate({"data": data, "model": {"scratch": scratch}}))
    except ImpossibleConfiguration:
        return
    model = features(height, width, 3 if color == "rgb" else 1, **scratch)
    for number, size in enumerate(foretold, start=1):
        assert model.get_layer(names(model, str(number))[-1]).output.shape[1:3] == size
    assert model.output_shape[1:] == (*foretold[-1], scratch["filters"][-1])


@pytest.mark.parametrize("conv", CONVS)
@pytest.mark.parametrize(("height", "kernel"), [(5, {"strides": 3}), (12, {"dilation": 2, "padding": "valid"})])
def test_maps_of_the_foretold_size_are_really_computed(conv: str, height: int, kernel: dict[str, Any]) -> None:
    model = features(height, 14, blocks=1, filters=3, conv=conv, pool="max", pool_stride=3, **kernel)
    assert model(photos(2, height, 14, 3)).shape == (2, *model.output_shape[1:])


def unmoved_by_a_step(configuration: Configuration) -> list[str]:
    """The paths of the trainable weights that one training step leaves as they are."""
    model = build_model(configuration, classes=3, steps_per_epoch=1)
    model.run_eagerly = True  # a graph for one step takes longer than the step
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
    loss = model.train_on_batch(photos(8, 16, 16, 3), np.arange(8) % 3, return_dict=True)["loss"]
    assert np.isfinite(loss)
    after = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    moves = [np.abs(new - old).max() for new, old in zip(after, before, strict=True)]
    return [weight.path for weight, move in zip(model.trainable_weights, moves, strict=True) if move < 1e-7]


STACK = {"blocks": 2, "convs": 2, "activation": "tanh", "strides": [1, 2]}
SGD = {"sgd": {"learning_rate": 1.0}}  # tanh and this: a relu may be dead from the start, and a step is the gradient


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("conv", CONVS)
def test_a_gradient_reaches_every_weight(make: Any, conv: str, norm: str, place: str, residual: bool) -> None:
    values = {"filters": [4, 6], "conv": conv, "norm": norm, "norm_place": place, "norm_groups": 2}
    scratch = STACK | values | {"residual": residual}
    assert unmoved_by_a_step(make(model={"scratch": scratch}, optimizer=SGD)) == []


def test_a_gradient_reaches_squeeze_and_excitation(make: Any) -> None:
    scratch = STACK | {"filters": 16, "squeeze_excite": 2, "residual": True}
    assert unmoved_by_a_step(make(model={"scratch": scratch}, optimizer=SGD)) == []


def test_norm_before_the_activation() -> None:
    model = features(blocks=1, convs=2, norm="batch", filters=4)
    assert names(model) == [
        *("block1_conv1", "block1_conv1_norm", "block1_conv1_relu"),
        *("block1_conv2", "block1_conv2_norm", "block1_conv2_relu", "block1_pool"),
    ]
    assert model.get_layer("block1_conv1").bias is None
    assert model.get_layer("block1_conv1_norm").momentum == 0.9


def test_norm_after_the_activation_leaves_the_conv_its_bias() -> None:
    model = features(blocks=1, norm="batch", norm_place="after_activation", filters=4)
    assert names(model) == ["block1_conv1", "block1_conv1_norm", "block1_pool"]
    conv = model.get_layer("block1_conv1")
    assert conv.activation is keras.activations.relu
    assert conv.bias is not None


def test_norm_before_the_convs_begins_after_the_first_and_closes_the_last_block() -> None:
    model = features(blocks=2, convs=2, norm="layer", norm_place="before_conv", activation="elu", pool="none")
    assert names(model, "1") == ["block1_conv1", "block1_conv2_norm", "block1_conv2_elu", "block1_conv2"]
    assert names(model, "2") == [
        *("block2_conv1_norm", "block2_conv1_elu", "block2_conv1"),
        *("block2_conv2_norm", "block2_conv2_elu", "block2_conv2", "block2_norm", "block2_elu"),
    ]


def test_a_block_whose_norms_come_first_is_closed_before_one_of_another_kind() -> None:
    model = features(blocks=2, norm="batch", norm_place=["before_conv", "before_activation"], pool="none")
    assert names(model, "1") == ["block1_conv1", "block1_norm", "block1_relu"]


def test_the_norms_are_keras_own() -> None:
    kinds = {
        "batch": keras.layers.BatchNormalization,
        "layer": keras.layers.LayerNormalization,
        "group": keras.layers.GroupNormalization,
    }
    for norm, kind in kinds.items():
        assert type(features(blocks=1, norm=norm, filters=4).get_layer("block1_conv1_norm")) is kind


@pytest.mark.parametrize(("groups", "filters", "taken"), [(8, 32, 8), (8, 12, 4), (8, 7, 1), (3, 9, 3)])
def test_groups_that_do_not_divide_the_filters_become_fewer(groups: int, filters: int, taken: int) -> None:
    model = features(blocks=1, norm="group", norm_groups=groups, filters=filters)
    assert model.get_layer("block1_conv1_norm").groups == taken


@pytest.mark.parametrize("scratch", [{"norm": "layer", "filters": 1}, {"norm": "group", "filters": 8, "strides": 8}])
def test_a_norm_over_one_value_is_left_out(scratch: dict[str, Any]) -> None:
    assert names(features(8, 8, blocks=1, pool="none", **scratch)) == ["block1_conv1", "block1_conv1_relu"]


def test_a_group_of_one_channel_takes_the_convs_bias_away_like_a_batch_norm() -> None:
    model = features(blocks=2, norm="group", norm_groups=[8, 4], filters=8)
    assert model.get_layer("block1_conv1").bias is None
    assert model.get_layer("block2_conv1").bias is not None


def test_the_kinds_of_conv() -> None:
    model = features(blocks=3, conv=CONVS, filters=4, norm=["none", "none", "batch"], pool="none", kernel_size=5)
    assert type(model.get_layer("block1_conv1")) is keras.layers.Conv2D
    assert type(model.get_layer("block2_conv1")) is keras.layers.SeparableConv2D
    assert names(model, "3") == [
        *("block3_conv1_depthwise", "block3_conv1_depthwise_norm", "block3_conv1_depthwise_relu"),
        *("block3_conv1", "block3_conv1_norm", "block3_conv1_relu"),
    ]
    assert model.get_layer("block3_conv1_depthwise").kernel_size == (5, 5)
    assert model.get_layer("block3_conv1").kernel_size == (1, 1)
    counts = [model.get_layer(f"block{number}_conv1").count_params() for number in (1, 2)]
    assert counts == [5 * 5 * 3 * 4 + 4, 5 * 5 * 4 + 4 * 4 + 4]


@pytest.mark.parametrize("activation", get_args(Activation))
def test_every_activation_is_keras_own(activation: str) -> None:
    values = np.linspace(-3, 8, 16 * 16 * 3, dtype="float32").reshape(1, 16, 16, 3)
    plain, active = (features(blocks=1, pool="none", activation=name) for name in ("linear", activation))
    active.set_weights(plain.get_weights())
    expected = keras.activations.get(activation)(plain(values * 100))
    assert np.allclose(active(values * 100), expected, atol=1e-5)


def test_only_the_first_conv_of_a_block_is_strided() -> None:
    model = features(blocks=1, convs=3, strides=2, pool="none")
    assert [model.get_layer(f"block1_conv{number}").strides for number in (1, 2, 3)] == [(2, 2), (1, 1), (1, 1)]


def test_a_residual_of_the_same_shape_adds_the_input_itself() -> None:
    model = features(channels=4, blocks=1, convs=2, filters=4, residual=True, pool="none", activation="relu")
    assert names(model) == ["block1_conv1", "block1_conv2", "block1_sum", "block1_relu"]
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    images = photos(2, 16, 16, 4)
    assert np.allclose(model(images), images / 255)


def test_a_residual_of_another_shape_comes_by_a_conv_of_one_pixel() -> None:
    model = features(blocks=1, convs=2, filters=8, strides=2, residual=True, norm="batch", pool="max")
    assert sorted(names(model)) == [
        *("block1_conv1", "block1_conv1_norm", "block1_conv1_relu", "block1_conv2", "block1_conv2_norm"),
        *(
            "block1_pool",
            "block1_relu",
            "block1_shortcut",
            "block1_shortcut_norm",
            "block1_shortcut_pixels",
            "block1_sum",
        ),
    ]
    assert [layer.name for layer in model.layers][-3:] == ["block1_sum", "block1_relu", "block1_pool"]
    shortcut = model.get_layer("block1_shortcut")
    assert (shortcut.kernel_size, shortcut.strides, shortcut.use_bias) == ((1, 1), (1, 1), False)
    pixels = model.get_layer("block1_shortcut_pixels")
    assert (pixels.pool_size, pixels.strides) == ((1, 1), (2, 2))


def test_a_residual_with_norms_first_is_a_bare_sum() -> None:
    scratch = {"blocks": 2, "filters": [4, 8], "residual": True, "norm": "batch", "norm_place": "before_conv"}
    model = features(**scratch, pool="none")
    assert sorted(names(model, "1")) == ["block1_conv1", "block1_shortcut", "block1_sum"]
    assert model.get_layer("block2_shortcut").input is model.get_layer("block2_conv1_relu").output


def test_squeeze_and_excitation_weighs_the_maps() -> None:
    model = features(blocks=1, filters=16, squeeze_excite=4, residual=True)
    assert names(model)[1:5] == ["block1_squeeze", "block1_squeeze_hidden", "block1_excite", "block1_shortcut"]
    assert model.get_layer("block1_squeeze_hidden").units == 4
    excite = model.get_layer("block1_excite")
    excite.set_weights([np.zeros((4, 16)), np.full(16, np.log(3.0))])  # a sigmoid of ln 3 is three quarters
    inner = keras.Model(model.input, [model.get_layer("block1_conv1").output, model.get_layer("block1_excited").output])
    maps, weighed = inner(photos(2, 16, 16, 3))
    assert np.allclose(weighed, 0.75 * np.asarray(maps), atol=1e-5)


def test_the_pool_takes_size_stride_and_padding() -> None:
    model = features(blocks=2, pool=["max", "average"], pool_size=3, pool_stride=[2, None], pool_padding="same")
    first, second = (model.get_layer(f"block{number}_pool") for number in (1, 2))
    assert (type(first), type(second)) == (keras.layers.MaxPooling2D, keras.layers.AveragePooling2D)
    assert (first.pool_size, first.strides, first.padding) == ((3, 3), (2, 2), "same")
    assert second.strides == (3, 3)


def test_dropout_of_both_kinds() -> None:
    model = features(blocks=2, dropout=[0.2, 0.3], dropout_kind=["plain", "spatial"])
    assert type(model.get_layer("block1_dropout")) is keras.layers.Dropout
    spatial = model.get_layer("block2_dropout")
    assert (type(spatial), spatial.rate) == (keras.layers.SpatialDropout2D, 0.3)


@pytest.mark.parametrize(("conv", "kernels"), [("plain", 1), ("separable", 2), ("depthwise_separable", 2)])
def test_l2_weighs_on_every_kernel_of_the_convs(conv: str, kernels: int) -> None:
    model = features(blocks=1, convs=2, filters=6, conv=conv, l2=0.5, residual=True)
    convs = [layer for layer in model.layers if "conv" in layer.name or "shortcut" in layer.name]
    weights = [weight for layer in convs for weight in layer.weights if "bias" not in weight.path]
    assert len(weights) == 2 * kernels + 1
    expected = sum(0.5 * float(keras.ops.sum(weight.value**2)) for weight in weights)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-4)


def test_without_l2_there_is_no_penalty() -> None:
    assert features(blocks=1, l2=0.0).losses == []


def test_filters_that_grow() -> None:
    model = features(blocks=3, filters={"start": 3, "growth": 2.0, "most": 10})
    assert [model.get_layer(f"block{number}_conv1").filters for number in (1, 2, 3)] == [3, 6, 10]


def test_a_function_of_ones_own_takes_the_place_of_the_convs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "def doubled(maps, block, name):\n    return keras.layers.Concatenate(name=name + '_twice')([maps, maps])\n"
    (tmp_path / "blocks_of_mine.py").write_text(f"import keras\n{code}")
    monkeypatch.syspath_prepend(tmp_path)
    model = features(blocks=2, custom=["blocks_of_mine:doubled", None], dropout=0.1)
    assert names(model, "1") == ["block1_twice", "block1_pool", "block1_dropout"]
    assert model.get_layer("block1_twice").output.shape == (None, 16, 16, 6)
