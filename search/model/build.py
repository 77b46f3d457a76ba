"""A configuration to a compiled Keras model that takes raw 0-255 pixels and gives class probabilities."""

import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from cnnsearch.search.model.augment import augmented
from cnnsearch.search.model.backbones import backbone_features, backbone_network, freeze, freeze_batch_norm
from cnnsearch.search.model.blocks import scratch_features
from cnnsearch.search.model.custom import build_hypermodel, custom_features, hypermodel_of
from cnnsearch.search.model.head import classify, classify_pooled
from cnnsearch.search.model.loss import loss_and_metric, loss_and_metric_of_numbers, output_units
from cnnsearch.search.model.optimizer import accumulating, optimizer_of
from cnnsearch.search.model.precision import in_precision, of_steps, scaled
from cnnsearch.search.model.weights_file import load_weights
from cnnsearch.spaces.document import Backbone, Configuration, Custom, Scratch, branch_of, sizes
from cnnsearch.spaces.shapes import feature_maps


def build_model(configuration: Configuration, classes: int, steps_per_epoch: int) -> keras.Model:
    """A compiled model from images (batch, height, width, 3 or 1), 0-255, to probabilities (batch, classes).

    With a sigmoid output they are (batch, 1); `class_probabilities` makes columns of both. Labels are class numbers,
    (batch,). `training.seed` decides the initial weights, the dropout and the augmentation; without a seed they are
    drawn anew. Random weights of a backbone that is frozen in part come from `search.seed`: trials share its features.
    The logged metric is called `accuracy`.

    Raises:
        ImpossibleConfiguration: the images are too small for this network, or values do not go together.
        CnnSearchError: something else does not fit: a sigmoid for more than two classes, an unknown `trainable_from`,
            weights of another network.
        WeightsUnavailable: pretrained weights are neither on disk nor to be downloaded.
    """
    model = build_network(configuration, classes)
    compile_model(model, configuration, classes, steps_per_epoch)
    return model


def compile_model(
    model: keras.Model, configuration: Configuration, classes: int, steps_per_epoch: int, at_once: int = 1
) -> None:
    """Give a model, or the part of one that is trained, the optimizer, the loss and the metric of a configuration.

    `at_once` steps are made in one call of the backend, which tells of no batch between them.
    """
    loss, accuracy = loss_and_metric(configuration, classes)
    own = getattr(model, "optimizer", None)  # a HyperModel may bring one
    parts = configuration.training.accumulate
    optimizer = accumulating(own, parts) if own is not None else optimizer_of(configuration, steps_per_epoch)
    model.compile(
        scaled(optimizer, configuration),
        loss=loss,
        metrics=[accuracy],
        steps_per_execution=at_once,
        jit_compile=configuration.training.jit,
        auto_scale_loss=False,
    )


def build_network(configuration: Configuration, classes: int) -> keras.Model:
    """The same model, not compiled (but for a HyperModel's own, which comes as it was built).

    Built within `keras.StatelessScope(initialize_variables=False)` its weights have shapes and no values: enough to
    count them, in a fraction of a second and without their memory. `keras.utils.clear_session()` must follow.

    Raises:
        CnnSearchError: as for `build_model`.
    """
    output_units(configuration.head, classes)  # refuses before anything is built
    feature_maps(configuration)  # refuses in our own words what Keras would refuse in its own, half-built
    shape = (*sizes(configuration.data.image_size), configuration.data.channels)
    with seeded(configuration.training.seed), in_precision(configuration.training.precision):
        _, section = branch_of(configuration.model)
        build = hypermodel_of(section, shape, classes) if isinstance(section, Custom) else None
        if build is not None and isinstance(section, Custom):
            return build_hypermodel(section, build, shape, classes)
        images = keras.Input(shape, name="image")
        maps = _features(augmented(images, configuration.augment), configuration)
        with _seeded_head(configuration):
            outputs = classify(maps, configuration.head, classes)
        return keras.Model(images, outputs, name="classifier")


def build_for_steps(configuration: Configuration, classes: int, network: keras.Model) -> keras.Model | None:
    """The same network in half precision with the same weights, which are float32; None where none is asked for.

    It makes the steps of a training whose `network` is measured and kept in float32.
    """
    half = of_steps(configuration)
    if half is None:
        return None
    found = build_network(half, classes)
    found.set_weights(network.get_weights())
    return found


def build_head(configuration: Configuration, classes: int, features: tuple[int, ...], dtype: str) -> keras.Model:
    """Only what comes behind a backbone that is frozen to its end: with the same weights as in `build_network`.

    Args:
        features: the shape of what the frozen part gives, without the batch: maps, or what their pooling made of them.
        dtype: of the same.
    """
    given = keras.Input(features, dtype=dtype, name="features")
    make = classify_pooled if len(features) == 1 else classify
    with _seeded_head(configuration), in_precision(configuration.training.precision):
        return keras.Model(given, make(given, configuration.head, classes), name="rest")


def set_last_weights(model: keras.Model, weights: Sequence[Any]) -> None:
    """Set the weights of the end of a model, which may be all of it; those before stay."""
    before = model.get_weights()
    model.set_weights([*before[: len(before) - len(weights)], *weights])


def _seeded_head(configuration: Configuration) -> AbstractContextManager[None]:
    """Within it, a head's seeds: its own, so that it is the same one with and without the network before it."""
    seed = configuration.training.seed
    return seeded(None if seed is None else f"head of {seed}")


def _features(images: keras.KerasTensor, configuration: Configuration) -> keras.KerasTensor:
    name, section = branch_of(configuration.model)
    if isinstance(section, Scratch):
        return scratch_features(images, section)
    if isinstance(section, Custom):
        return custom_features(images, section)
    if not isinstance(section, Backbone):
        raise TypeError(f"no network is known for model.{name}")
    height, width = images.shape[1:3]
    shared = section.weights is None and section.trainable_from != "all"
    with seeded(configuration.search.seed if shared else None):
        network = backbone_network(name, section, (height, width))
    load_weights(name, section, network)
    freeze(name, network, section.trainable_from)
    if section.batch_norm == "frozen" and section.weights is not None:
        freeze_batch_norm(network)
    return backbone_features(name, network, images)


def create_variables(model: keras.Model, targets: npt.NDArray[Any] | None = None) -> None:
    """Create what a compiled model's optimizer and metrics keep, before its first training step.

    `targets` are some of those that it will be trained on; without them, a class number.

    Keras creates it while TensorFlow traces that step, which makes TensorFlow trace the step a second time: measured on
    small networks, 0.6 of the 1.3 seconds before the first batch is done. Weights and random draws stay as they are.
    """
    model.optimizer.build(model.trainable_variables)
    targets = np.zeros(1, np.int32) if targets is None else targets
    outputs = keras.ops.zeros((len(targets), *model.output_shape[1:]))
    model.compute_metrics(None, keras.ops.convert_to_tensor(targets), outputs)
    model.reset_metrics()


def make_plain(model: keras.Model) -> None:
    """Take from a model what only its training needed, before it is written.

    Its file then has no optimizer's state, which is up to twice the weights, and loads without cnnsearch; it can be
    evaluated on class numbers.
    """
    loss, accuracy = loss_and_metric_of_numbers(model.output_shape[-1])
    model.compile("sgd", loss=loss, metrics=[accuracy])  # the one optimizer without a state, when it is plain


@contextmanager
def seeded(seed: int | str | None) -> Iterator[None]:
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
