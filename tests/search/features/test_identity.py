"""The hash of a frozen network: the same for the same network, another one for whatever makes other features."""

from collections.abc import Callable

import keras
import numpy as np
import pytest

from cnnsearch.search.features.identity import identity_of

Network = Callable[..., keras.Model]


def network(
    *,
    filters: int = 3,
    scale: float = 2.0,
    stride: int = 1,
    policy: str = "float32",
    side: int = 8,
    augment: bool = False,
    trainable: bool = False,
    name: str | None = None,
    crossed: bool = False,
) -> keras.Model:
    """Images to features, through an augmentation, a network within the network, and an operation of Keras."""
    inner = keras.Input((side, side, 3))
    maps = keras.layers.Conv2D(filters, 3, stride, name=name, dtype=policy, kernel_initializer="zeros")(inner)
    maps = keras.layers.BatchNormalization(dtype=policy)(maps)
    left, right = keras.layers.ReLU()(maps), keras.layers.Activation("tanh")(maps)
    backbone = keras.Model(inner, keras.layers.Subtract()([right, left] if crossed else [left, right]), name="backbone")
    backbone.trainable = trainable
    images = keras.Input((side, side, 3), name="image")
    seen = keras.layers.RandomFlip(name="augment_flip")(images, training=False) if augment else images
    seen = keras.layers.RandomZoom(0.1, name="augment_zoom")(seen, training=False) if augment else seen
    return keras.Model(images, keras.layers.GlobalAveragePooling2D()(backbone(seen * scale)))


def test_the_same_network_has_the_same_identity_however_keras_numbers_it() -> None:
    first = network()
    second = network()
    assert [layer.name for layer in first.layers] != [layer.name for layer in second.layers]
    assert identity_of(first) == identity_of(second)
    assert len(identity_of(first)) == 40


SAME = {"augment": True, "trainable": True, "name": "another"}


@pytest.mark.parametrize("change", SAME)
def test_what_makes_the_same_features_does_not_count(change: str) -> None:
    assert identity_of(network(**{change: SAME[change]})) == identity_of(network())


OTHER = {"filters": 4, "scale": 3.0, "stride": 2, "policy": "mixed_float16", "side": 9, "crossed": True}


@pytest.mark.parametrize("change", OTHER)
def test_what_makes_other_features_counts(change: str) -> None:
    assert identity_of(network(**{change: OTHER[change]})) != identity_of(network())


@pytest.mark.parametrize("weight", range(6))
def test_every_weight_counts(weight: int) -> None:
    changed = network()
    values = changed.weights[weight].numpy()
    values.flat[-1] = np.nextafter(values.flat[-1], np.float32(9))
    changed.weights[weight].assign(values)
    assert identity_of(changed) != identity_of(network())


def test_another_output_of_the_same_layers_counts() -> None:
    def ended(first: bool) -> keras.Model:
        images = keras.Input((4, 4, 3))
        middle = keras.layers.ReLU()(images)
        end = keras.layers.ReLU()(middle)
        return keras.Model(images, [middle, end] if first else [end, middle])

    assert identity_of(ended(True)) != identity_of(ended(False))


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Rescaling(0.5)])


def functional() -> keras.Model:
    images = keras.Input((4, 4, 3))
    return keras.Model(images, keras.layers.Rescaling(0.5)(images))


@pytest.mark.parametrize("part", [sequential, functional])
def test_a_part_at_the_end_and_how_often_it_is_called_count(part: Network) -> None:
    def built(twice: bool) -> keras.Model:
        images, inner = keras.Input((4, 4, 3)), part()
        once = inner(images)
        return keras.Model(images, inner(once) if twice else once)

    assert identity_of(built(True)) == identity_of(built(True)) != identity_of(built(False))
    assert identity_of(built(False)) == identity_of(built(False))


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["MobileNetV3Small", "EfficientNetB0", "ConvNeXtTiny", "NASNetMobile", "DenseNet121"])
def test_networks_of_keras_have_an_identity(name: str) -> None:
    built = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(96, 96, 3))
    first = identity_of(built)
    again = keras.Model.from_config(built.get_config())
    again.set_weights(built.get_weights())
    assert identity_of(again) == first
