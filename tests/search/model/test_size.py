"""The size of models: known networks, hand-counted layers, and the files that are really written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

from cnnsearch.search.model.build import build_model, build_network
from cnnsearch.search.model.size import model_size, outlined
from cnnsearch.spaces.document import Configuration

Make = Callable[..., Configuration]
applications = keras.applications


def of(*layers: Any, shape: tuple[int, ...] = (8, 8, 4)) -> Any:
    return model_size(keras.Sequential([keras.Input(shape), *layers]))


@pytest.mark.parametrize(
    ("network", "parameters", "flops"),
    [
        (applications.VGG16, 138_357_544, 30.94e9),
        (applications.MobileNet, 4_253_864, 1.14e9),
        (applications.ResNet50, 25_636_712, 7.75e9),
        (applications.Xception, 22_910_480, 16.8e9),
        (applications.ConvNeXtTiny, 28_589_128, 8.93e9),
    ],
)
def test_known_networks_have_their_known_sizes(network: Any, parameters: int, flops: float) -> None:
    with outlined():
        model = network(weights=None)
    size = model_size(model)
    assert size.parameters == parameters
    assert size.flops == pytest.approx(flops, rel=0.01)


def test_an_outline_gives_no_weight_a_value() -> None:
    with outlined():
        model = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(1000)])
    assert all(weight._value is None for weight in model.weights)
    assert model_size(model).parameters == 1_001_000


@pytest.mark.parametrize(
    ("layer", "multiply_adds"),
    [
        (keras.layers.Conv2D(6, 3, padding="same"), 64 * 9 * 4 * 6),
        (keras.layers.Conv2D(6, 3, strides=2, padding="same"), 16 * 9 * 4 * 6),
        (keras.layers.Conv2D(6, 3, groups=2, padding="same"), 64 * 9 * 2 * 6),
        (keras.layers.Conv2D(6, 3, dilation_rate=2), 16 * 9 * 4 * 6),
        (keras.layers.DepthwiseConv2D(3, padding="same"), 64 * 9 * 4),
        (keras.layers.SeparableConv2D(6, 3, padding="same"), 64 * (9 * 4 + 4 * 6)),
        (keras.layers.Conv2DTranspose(6, 3, strides=2, padding="same"), 64 * 9 * 4 * 6),
        (keras.layers.Dense(5), 64 * 4 * 5),
        (keras.layers.BatchNormalization(), 64 * 4),
        (keras.layers.LayerNormalization(), 64 * 4),
        (keras.layers.GroupNormalization(2), 64 * 4),
        (keras.layers.MaxPooling2D(), 0),
        (keras.layers.RandomFlip(), 0),
    ],
    ids=lambda value: value.name if isinstance(value, keras.layers.Layer) else None,
)
def test_a_layer_counts_two_operations_for_each_multiply_add(layer: Any, multiply_adds: int) -> None:
    assert of(layer).flops == 2 * multiply_adds


def test_a_layer_nobody_knows_counts_nothing() -> None:
    class Doubled(keras.layers.Layer):  # type: ignore[misc]
        def call(self, values: Any) -> Any:
            return values * 2

    assert of(Doubled()).flops == 0


def test_a_nested_model_counts_as_its_layers_and_a_shared_layer_for_each_call() -> None:
    conv = keras.layers.Conv2D(4, 3, padding="same")
    inner = keras.Sequential([keras.Input((8, 8, 4)), conv])
    nested = keras.Sequential([keras.Input((8, 8, 4)), inner])
    images = keras.Input((8, 8, 4))
    twice = keras.Model(images, conv(conv(images)))
    assert model_size(nested).flops == 2 * 64 * 9 * 16
    assert model_size(twice).flops == 2 * model_size(nested).flops
    assert model_size(twice).parameters == model_size(nested).parameters


def test_frozen_layers_run_forward_only_in_a_training_step() -> None:
    def network(*, frozen: bool) -> Any:
        first, second = (keras.layers.Conv2D(4, 3, padding="same", trainable=not frozen) for _ in range(2))
        return of(first, second, keras.layers.Conv2D(4, 3, padding="same"))

    one = 2 * 64 * 9 * 16
    # Nobody wants the gradient of the image itself: the first trained layer computes that of its weights only.
    assert network(frozen=False).training_flops == (2 + 3 + 3) * one
    assert network(frozen=True).training_flops == (1 + 1 + 2) * one
    assert network(frozen=True).trainable < network(frozen=True).parameters
    assert network(frozen=True).activations < network(frozen=False).activations


def test_memory_grows_with_the_batch_and_with_what_the_optimizer_keeps() -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
    plain, adam = (model_size(model, optimizer) for optimizer in (keras.optimizers.SGD(), keras.optimizers.Adam()))
    weights = 4 * 650
    assert plain.state == 2 * weights
    assert adam.state == 4 * weights
    assert plain.memory(32) - plain.memory(16) == 16 * plain.activations
    assert plain.activations == 4 * (10 + 64)


@pytest.mark.parametrize("blocks", [1, 4])
def test_the_exported_file_is_as_long_as_foretold(make: Make, blocks: int, tmp_path: Path) -> None:
    configuration = make(
        model={"scratch": {"blocks": blocks, "filters": 16, "batch_norm": True, "dropout": 0.1}},
        head={"dense": [64]},
        augment={"horizontal_flip": True},
    )
    with outlined():
        size = model_size(build_network(configuration, classes=3))
    model = build_model(configuration, classes=3, steps_per_epoch=1)
    model.save(tmp_path / "model.keras", include_optimizer=False)
    assert size.parameters == model.count_params()
    assert size.bytes == pytest.approx((tmp_path / "model.keras").stat().st_size, rel=0.05)
