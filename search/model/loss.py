"""The loss and the metric `accuracy` of a configuration, and what its targets look like."""

from typing import Any

import keras

from cnnsearch.spaces.document import Configuration, Head
from cnnsearch.spaces.errors import CnnSearchError, Problem

_OF_ONE_UNIT = {
    "crossentropy": keras.losses.BinaryCrossentropy,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "focal": keras.losses.BinaryFocalCrossentropy,
}


def output_units(head: Head, classes: int) -> int:
    """How many units the output layer has.

    Raises:
        CnnSearchError: fewer than two classes, or a sigmoid for more than two.
    """
    if classes < 2:
        problem = Problem("data.source", f"there are at least two classes to tell apart, got {classes}.")
        raise CnnSearchError(str(problem))
    if head.output == "softmax":
        return classes
    if classes > 2:
        rule = f"a sigmoid tells two classes apart, got {classes} classes."
        raise CnnSearchError(str(Problem("head.output", rule, "Use output: softmax.")))
    return 1


def target_columns(configuration: Configuration, classes: int) -> int:
    """How many columns the targets of training and validation have; 0 where class numbers, (batch,), are enough.

    One is the share of the second class, for a sigmoid; else each class has a column with its share. Class numbers take
    the least memory and are what a plain configuration gets.

    Raises:
        CnnSearchError: the output does not fit the classes.
    """
    units = output_units(configuration.head, classes)
    training, augment = configuration.training, configuration.augment
    shared = training.label_smoothing > 0 or augment.mixup > 0 or augment.cutmix > 0
    return units if shared or (units > 1 and training.loss != "crossentropy") else 0


def loss_and_metric(configuration: Configuration, classes: int) -> tuple[keras.losses.Loss, keras.metrics.Metric]:
    """The loss and the metric `accuracy` for targets with `target_columns`.

    The focal loss (Lin et al., arXiv:1708.02002) has gamma 2 and no weights of classes: those are
    `training.class_weights`.

    Raises:
        CnnSearchError: the output does not fit the classes.
    """
    loss, columns = configuration.training.loss, target_columns(configuration, classes)
    units = output_units(configuration.head, classes)
    if columns == 0:
        _, accuracy = loss_and_metric_of_numbers(units)
        return _OF_ONE_UNIT[loss]() if units == 1 else keras.losses.SparseCategoricalCrossentropy(), accuracy
    if units == 1:
        return _OF_ONE_UNIT[loss](), RoundedBinaryAccuracy(name="accuracy")
    return _of_each_class(loss), keras.metrics.CategoricalAccuracy(name="accuracy")


def _of_each_class(loss: str) -> keras.losses.Loss:
    if loss == "focal":
        # Keras' alpha of 0.25 would only make the loss of every class a quarter.
        return keras.losses.CategoricalFocalCrossentropy(alpha=1.0)
    if loss == "binary_crossentropy":
        return keras.losses.BinaryCrossentropy()
    return keras.losses.CategoricalCrossentropy()


def loss_and_metric_of_numbers(units: int) -> tuple[keras.losses.Loss, keras.metrics.Metric]:
    """The plain loss and accuracy for class numbers, (batch,): what a finished model is asked by."""
    if units == 1:
        return keras.losses.BinaryCrossentropy(), keras.metrics.BinaryAccuracy(name="accuracy")
    return keras.losses.SparseCategoricalCrossentropy(), keras.metrics.SparseCategoricalAccuracy(name="accuracy")


@keras.saving.register_keras_serializable("cnnsearch")
class RoundedBinaryAccuracy(keras.metrics.BinaryAccuracy):  # type: ignore[misc]  # keras has no types
    """The accuracy of targets that are shares, (batch, 1): the class with the greater share is the right one.

    Keras' own asks for targets that are 0 or 1, and gives 0 for all that are smoothed or mixed.
    """

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401 - any tensor
        """Count a batch."""
        super().update_state(keras.ops.cast(keras.ops.greater(y_true, 0.5), "float32"), y_pred, sample_weight)
