"""The networks that every course begins with, as spaces of one point, have exactly their published sizes."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.model.build import build_model, build_network
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.load import loads_space


def classic(text: str) -> Configuration:
    """The configuration of a space that has one point."""
    space = loads_space(text, "classic")
    assert space.is_configuration
    return space.configuration({})


def count(weights: list[Any]) -> int:
    """How many numbers these weights hold."""
    return sum(int(np.prod(weight.shape)) for weight in weights)


@pytest.fixture
def unallocated() -> Iterator[None]:
    """Models built within have weights of known shapes and no values: half a gigabyte less for the large ones."""
    with keras.StatelessScope(initialize_variables=False):
        yield
    keras.utils.clear_session()  # else the next scope would give them values after all


THREE_VALID_CONVS = """
data: {source: cats_and_dogs, image_size: 150}
model: {scratch: {blocks: 3, filters: [16, 32, 64], kernel_size: 3, padding: valid, pool: max}}
head: {pooling: flatten, dense: [512], output: sigmoid}
optimizer: {rmsprop: {learning_rate: 0.001}}
"""


def test_three_valid_convs_under_one_sigmoid() -> None:
    model = build_model(classic(THREE_VALID_CONVS), classes=2, steps_per_epoch=100)
    assert model.count_params() == 9_494_561
    assert [layer.name for layer in model.layers] == [
        *("image", "rescaling", "block1_conv1", "block1_pool", "block2_conv1", "block2_pool"),
        *("block3_conv1", "block3_pool", "pooling", "dense1", "classes"),
    ]
    assert type(model.optimizer) is keras.optimizers.RMSprop
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)


THREE_SAME_CONVS = """
data: {source: cats_and_dogs, image_size: 150}
model: {scratch: {blocks: 3, filters: [32, 32, 64], dropout: [0.0, 0.0, 0.25]}}
head: {dense: [{units: 64, dropout: 0.5}], output: softmax}
optimizer: {sgd: {learning_rate: 0.01, momentum: 0.9}}
training:
  epochs: 25
  loss: binary_crossentropy
  schedule: inverse_time
  early_stopping: {patience: 2}
"""


def test_three_same_convs_under_two_softmax_units() -> None:
    configuration = classic(THREE_SAME_CONVS)
    model = build_model(configuration, classes=2, steps_per_epoch=100)
    assert model.count_params() == 1_355_938
    assert configuration.training.early_stopping.patience == 2
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.25, 0.5]
    assert (type(model.optimizer), model.optimizer.momentum) == (keras.optimizers.SGD, 0.9)
    model.optimizer.iterations.assign(1000)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01 / (1 + 0.01 / 25 * 1000))


FROZEN_VGG16 = """
data: {source: cats_and_dogs, image_size: 150}
model: {vgg16: {weights: null, trainable_from: none}}
head: {pooling: flatten, dense: [{units: 512, dropout: 0.5}, {units: 256, dropout: 0.2}], output: sigmoid}
"""


def test_a_frozen_vgg16_under_two_dense_layers(unallocated: None) -> None:
    model = build_network(classic(FROZEN_VGG16), classes=2)
    assert count(model.non_trainable_weights) == model.get_layer("vgg16").count_params() == 14_714_688
    assert count(model.trainable_weights) == 4_326_401
    assert {weight.path.split("/")[0] for weight in model.trainable_weights} == {"dense1", "dense2", "classes"}


LENET_5 = """
data: {source: digits, image_size: 32, color: gray}
model: {scratch: {blocks: 2, filters: [6, 16], kernel_size: 5, padding: valid, activation: tanh, pool: average}}
head: {dense: [{units: 120, activation: tanh}, {units: 84, activation: tanh}]}
"""


def test_lenet_5() -> None:
    assert build_model(classic(LENET_5), classes=10, steps_per_epoch=100).count_params() == 61_706


ALEXNET = """
data: {source: imagenet, image_size: 227}
model:
  scratch:
    blocks: 5
    filters: [96, 256, 384, 384, 256]
    kernel_size: [11, 5, 3, 3, 3]
    strides: [4, 1, 1, 1, 1]
    padding: [valid, same, same, same, same]
    pool: [max, max, none, none, max]
    pool_size: 3
    pool_stride: 2
head: {dense: [{units: 4096, dropout: 0.5}, {units: 4096, dropout: 0.5}]}
optimizer: {sgd: {learning_rate: 0.01, momentum: 0.9, weight_decay: 0.0005}}
"""


def test_alexnet_in_one_tower(unallocated: None) -> None:
    model = build_network(classic(ALEXNET), classes=1000)
    assert model.get_layer("block5_pool").output.shape[1:] == (6, 6, 256)
    assert model.count_params() == 62_378_344


VGG16 = """
data: {source: imagenet, image_size: 224}
model: {scratch: {blocks: 5, convs: [2, 2, 3, 3, 3], filters: {start: 64, growth: 2, most: 512}}}
head: {dense: {layers: 2, units: 4096, dropout: 0.5}}
"""


def test_vgg16_from_scratch(unallocated: None) -> None:
    model = build_network(classic(VGG16), classes=1000)
    assert model.count_params() == 138_357_544


MINI_XCEPTION = """
data: {source: faces, image_size: 48, color: gray}
model:
  scratch:
    blocks: 5
    convs: 2
    conv: [plain, separable, separable, separable, separable]
    filters: [8, 16, 32, 64, 128]
    norm: batch
    residual: [false, true, true, true, true]
    pool: [none, max, max, max, max]
    pool_size: 3
    pool_stride: 2
    pool_padding: same
    l2: 0.01
head: {pooling: average}
"""
RESNET_LIKE = """
data: {source: photos, image_size: 32}
model:
  scratch:
    blocks: 7
    convs: [1, 2, 2, 2, 2, 2, 2]
    filters: [16, 16, 16, 32, 32, 64, 64]
    strides: [1, 1, 1, 2, 1, 2, 1]
    norm: batch
    residual: [false, true, true, true, true, true, true]
    pool: none
head: {pooling: average}
"""


@pytest.mark.parametrize("text", [MINI_XCEPTION, RESNET_LIKE], ids=["mini_xception", "resnet_like"])
def test_a_residual_network_learns_with_every_weight(text: str) -> None:
    model = build_model(classic(text + "training: {seed: 3}\n"), classes=7, steps_per_epoch=1)
    model.run_eagerly = True
    before = [keras.ops.convert_to_numpy(weight).copy() for weight in model.trainable_weights]
    images = np.random.default_rng(0).integers(0, 256, (8, *model.input_shape[1:])).astype("uint8")
    model.train_on_batch(images, np.arange(8) % 7)
    after = [keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights]
    paths = [weight.path for weight in model.trainable_weights]
    assert [path for path, old, new in zip(paths, before, after, strict=True) if (old == new).all()] == []
    outputs = np.asarray(model(images, training=False))
    assert np.isfinite(outputs).all()
    assert np.allclose(outputs.sum(axis=1), 1, atol=1e-5)
