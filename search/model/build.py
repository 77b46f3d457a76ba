"""A configuration to a compiled Keras model that takes raw 0-255 pixels and gives class probabilities."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from cnnsearch.search.model.augment import augmented
from cnnsearch.search.model.backbones import backbone_features, backbone_network, freeze
from cnnsearch.search.model.blocks import scratch_features
from cnnsearch.search.model.head import classify, loss_and_metric, output_units
from cnnsearch.search.model.optimizer import optimizer_of
from cnnsearch.search.model.weights import load_weights
from cnnsearch.spaces.document import Backbone, Configuration, Model, Scratch, branch_of, sizes
from cnnsearch.spaces.shapes import feature_maps

_CHANNELS = {"rgb": 3, "gray": 1}


def build_model(configuration: Configuration, classes: int, steps_per_epoch: int) -> keras.Model:
    """A compiled model from images (batch, height, width, 3 or 1), 0-255, to probabilities (batch, classes).

    With a sigmoid output they are (batch, 1); `class_probabilities` makes columns of both. Labels are class numbers,
    (batch,). `training.seed` decides the initial weights, the dropout and the augmentation; without a seed they are
    drawn anew. The logged metric is called `accuracy`.

    Raises:
        ImpossibleConfiguration: the images are too small for this network.
        CnnSearchError: something else does not fit: a sigmoid for more than two classes, an unknown `trainable_from`,
            weights of another network.
        WeightsUnavailable: pretrained weights are neither on disk nor to be downloaded.
    """
    units = output_units(configuration.head, classes)
    feature_maps(configuration)  # refuses in our own words what Keras would refuse in its own, half-built
    with seeded(configuration.training.seed):
        images = keras.Input((*sizes(configuration.data.image_size), _CHANNELS[configuration.data.color]), name="image")
        maps = _features(augmented(images, configuration.augment), configuration.model)
        model = keras.Model(images, classify(maps, configuration.head, classes), name="classifier")
    loss, accuracy = loss_and_metric(units)
    model.compile(optimizer_of(configuration, steps_per_epoch), loss=loss, metrics=[accuracy])
    return model


def _features(images: keras.KerasTensor, model: Model) -> keras.KerasTensor:
    name, section = branch_of(model)
    if isinstance(section, Scratch):
        return scratch_features(images, section.layers())
    if not isinstance(section, Backbone):
        raise TypeError(f"no network is known for model.{name}")
    height, width = images.shape[1:3]
    network = backbone_network(name, section, (height, width))
    load_weights(name, section, network)
    freeze(name, network, section.trainable_from)
    return backbone_features(name, network, images)


def create_variables(model: keras.Model) -> None:
    """Create what a compiled model's optimizer and metrics keep, before its first training step.

    Keras creates it while TensorFlow traces that step, which makes TensorFlow trace the step a second time: measured on
    small networks, 0.6 of the 1.3 seconds before the first batch is done. Weights and random draws stay as they are.
    """
    model.optimizer.build(model.trainable_variables)
    label, outputs = keras.ops.zeros((1,), "int32"), keras.ops.zeros((1, *model.output_shape[1:]))
    model.compute_metrics(None, label, outputs)
    model.reset_metrics()


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Within it, layers without a seed of their own get seeds that follow from this one; None leaves them random.

    Keras draws those from Python's global generator, whose state is put back: a tuner that builds models from its
    own random draws must not have them repeated by us.
    """
    if seed is None:
        yield
        return
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def class_probabilities(outputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Probabilities (images, classes) from a model's outputs, (images, classes) or, from a sigmoid, (images, 1)."""
    outputs = np.asarray(outputs, dtype=np.float32)
    return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs
