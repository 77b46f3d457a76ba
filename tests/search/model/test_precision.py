"""Which precision and compilation suit a device, and what they do to a network and its optimizer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.devices.facts import DeviceFacts, cpu_multiplies_bfloat16
from cnnsearch.search.features.identity import identity_of
from cnnsearch.search.model.build import build_for_steps, build_model, build_network
from cnnsearch.search.model.optimizer import accumulating
from cnnsearch.search.model.precision import in_precision, jit_on, precision_on, with_jit, with_precision
from cnnsearch.spaces.document import Configuration

Make = Callable[..., Configuration]
CPU = DeviceFacts("cpu", "tensorflow")
AMPERE = DeviceFacts("gpu", "tensorflow", (8, 0))


@pytest.mark.parametrize(
    ("device", "precision"),
    [
        (CPU, "float32"),
        (DeviceFacts("cpu", "jax"), "float32"),
        (DeviceFacts("gpu", "tensorflow"), "float32"),
        (DeviceFacts("gpu", "tensorflow", (6, 1)), "float32"),
        (DeviceFacts("gpu", "tensorflow", (7, 0)), "mixed_float16"),
        (DeviceFacts("gpu", "tensorflow", (7, 5)), "mixed_float16"),
        (AMPERE, "mixed_bfloat16"),
        (DeviceFacts("gpu", "jax", (9, 0)), "mixed_bfloat16"),
        (DeviceFacts("gpu", "jax", (10, 0)), "mixed_bfloat16"),
    ],
)
def test_each_device_has_the_precision_it_is_fastest_in(device: DeviceFacts, precision: str) -> None:
    assert precision_on(device) == precision


@pytest.mark.parametrize(
    ("model", "side", "settled"),
    [
        ({"scratch": {"blocks": 2}}, 32, "bfloat16_steps"),
        ({"scratch": {"blocks": 2, "norm": "batch", "residual": True}}, 64, "bfloat16_steps"),
        ({"scratch": {"blocks": 2, "norm": ["batch", "none"], "filters": [32, 8]}}, 32, "bfloat16_steps"),
        ({"scratch": {"blocks": 2, "norm": ["none", "batch"], "filters": [32, 16]}}, 64, "float32"),
        ({"scratch": {"blocks": 2, "activation": ["relu", "gelu"]}}, 64, "float32"),
        ({"scratch": {"blocks": 2, "custom": [None, "tests.search.model.own_parts:wide_block"]}}, 64, "float32"),
        ({"scratch": {"blocks": 2}}, 31, "float32"),
        ({"scratch": {"blocks": 2, "conv": ["plain", "separable"]}}, 64, "float32"),
        ({"mobilenet": {"weights": None}}, 64, "float32"),
        ({"custom": {"function": "tests.search.model.own_parts:two_convs"}}, 64, "float32"),
    ],
)
def test_a_cpu_that_multiplies_bfloat16_makes_the_steps_of_plain_networks_in_it(
    make: Make, model: dict[str, Any], side: int, settled: str
) -> None:
    asked = make(model=model, data={"source": "photos", "image_size": [side, 64]})
    assert with_precision(asked, replace(CPU, multiplies_bfloat16=True)).training.precision == settled
    assert with_precision(asked, CPU).training.precision == "float32"
    assert with_precision(asked, AMPERE).training.precision in ("mixed_bfloat16", "float32")


@pytest.mark.parametrize(
    ("flags", "onednn", "multiplies"),
    [
        ("fpu avx2 avx512f avx512_bf16", None, True),
        ("fpu amx_bf16", "1", True),
        ("fpu avx2 avx512f", None, False),
        ("fpu avx512_bf16", "0", False),
        (None, None, False),
    ],
)
def test_linux_tells_whether_a_cpu_multiplies_bfloat16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str | None, onednn: str | None, multiplies: bool
) -> None:
    if flags is not None:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t: none\n")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if onednn is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", onednn)
    assert cpu_multiplies_bfloat16(tmp_path / "cpuinfo") is multiplies


@pytest.mark.parametrize(
    ("device", "jit"),
    [
        (CPU, False),
        (AMPERE, True),
        (DeviceFacts("cpu", "jax"), True),
        (DeviceFacts("gpu", "jax", (8, 0)), True),
        (DeviceFacts("gpu", "torch", (8, 0)), False),
    ],
)
def test_xla_is_for_gpus_and_for_jax(device: DeviceFacts, jit: bool) -> None:
    assert jit_on(device) is jit


def test_what_is_asked_for_is_kept_and_auto_is_settled(make: Make) -> None:
    asked = make(training={"precision": "mixed_float16"})
    assert with_precision(asked, CPU) is asked
    assert with_precision(make(), AMPERE).training.precision == "mixed_bfloat16"


def test_code_of_ones_own_is_in_half_precision_only_where_that_is_asked_for(make: Make) -> None:
    own = make(model={"custom": {"function": "tests.search.model.own_parts:two_convs"}})
    assert with_precision(own, AMPERE).training.precision == "float32"


@pytest.mark.parametrize(
    ("jit", "augment", "device", "settled"),
    [
        ("auto", {}, CPU, False),
        ("auto", {}, AMPERE, True),
        (True, {}, CPU, True),
        (False, {}, AMPERE, False),
        ("auto", {"rotation": 0.1}, AMPERE, False),
        (True, {"rotation": 0.1}, AMPERE, False),
    ],
)
def test_a_layer_that_xla_does_not_take_leaves_it_out(
    make: Make, jit: Any, augment: dict[str, Any], device: DeviceFacts, settled: bool
) -> None:
    configuration = make(training={"jit": jit}, augment=augment)
    network = build_network(configuration, 2)
    assert with_jit(configuration, network, device).training.jit is settled


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_weights_and_probabilities_are_float32_and_what_lies_between_is_not(make: Make, precision: str) -> None:
    network = build_network(make(training={"precision": precision}), 2)
    assert {weight.dtype for weight in network.weights if "seed" not in weight.path} == {"float32"}
    assert network.output.dtype == "float32"
    assert any(layer.compute_dtype == precision.removeprefix("mixed_") for layer in network.layers)
    assert keras.config.dtype_policy().name == "float32"


def test_a_failed_building_leaves_no_precision_behind() -> None:
    with pytest.raises(RuntimeError, match="no network"), in_precision("mixed_bfloat16"):
        raise RuntimeError("no network")
    assert keras.config.dtype_policy().name == "float32"


def test_the_network_of_the_steps_has_the_same_weights_and_reckons_in_half_precision(make: Make) -> None:
    configuration = make(training={"precision": "bfloat16_steps", "seed": 2})
    network = build_network(configuration, 2)
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}
    steps = build_for_steps(configuration, 2, network)
    assert steps is not None
    assert any(layer.compute_dtype == "bfloat16" for layer in steps.layers)
    assert {weight.dtype for weight in steps.weights} == {"float32"}
    for one, other in zip(network.get_weights(), steps.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert build_for_steps(make(), 2, network) is None


def test_only_float16_scales_its_loss(make: Make) -> None:
    kinds = {
        precision: type(build_model(make(training={"precision": precision}), 2, 1).optimizer)
        for precision in ("float32", "mixed_bfloat16", "mixed_float16")
    }
    adam, scaling = keras.optimizers.Adam, keras.optimizers.LossScaleOptimizer
    assert kinds == {"float32": adam, "mixed_bfloat16": adam, "mixed_float16": scaling}


def test_an_own_optimizer_that_scales_the_loss_already_is_not_wrapped_twice() -> None:
    own = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    assert type(accumulating(own, 1)) is keras.optimizers.SGD
    assert accumulating(own, 2).gradient_accumulation_steps == 2


def test_features_of_another_precision_are_other_features(make: Make) -> None:
    networks = [
        build_network(make(training={"precision": precision, "seed": 3}), 2)
        for precision in ("float32", "mixed_bfloat16", "mixed_float16", "float32")
    ]
    one, half, other_half, again = map(identity_of, networks)
    assert len({one, half, other_half}) == 3
    assert again == one


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_a_saved_model_predicts_the_same_without_the_precision_being_set(
    make: Make, tmp_path: Path, precision: str
) -> None:
    network = build_network(make(training={"precision": precision}), 2)
    images = np.random.default_rng(0).integers(0, 256, (4, *network.input_shape[1:])).astype("uint8")
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), network.predict(images, verbose=0))
