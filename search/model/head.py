"""From feature maps to class probabilities, and the loss and metric that belong to the kind of output."""

from collections.abc import Sequence

import keras

from cnnsearch.spaces.document import Dense, Head
from cnnsearch.spaces.errors import CnnSearchError, Problem

_POOLINGS = {
    "flatten": keras.layers.Flatten,
    "average": keras.layers.GlobalAveragePooling2D,
    "max": keras.layers.GlobalMaxPooling2D,
}


def classify(maps: keras.KerasTensor, head: Head, classes: int) -> keras.KerasTensor:
    """Class probabilities of feature maps (batch, rows, columns, filters).

    The shape is (batch, classes) for softmax, and (batch, 1), the probability of the second class, for sigmoid.

    Raises:
        CnnSearchError: fewer than two classes, or a sigmoid for more than two.
    """
    units = output_units(head, classes)
    values = _POOLINGS[head.pooling](name="pooling")(maps)
    if head.dropout > 0:
        values = keras.layers.Dropout(head.dropout, name="pooling_dropout")(values)
    values = _dense(values, head.dense)
    # Probabilities stay float32 under mixed precision: in half precision the loss loses its small ones.
    return keras.layers.Dense(units, activation=head.output, dtype="float32", name="classes")(values)


def _dense(values: keras.KerasTensor, layers: Sequence[Dense]) -> keras.KerasTensor:
    for number, layer in enumerate(layers, start=1):
        values = keras.layers.Dense(layer.units, activation=layer.activation, name=f"dense{number}")(values)
        if layer.dropout > 0:
            values = keras.layers.Dropout(layer.dropout, name=f"dense{number}_dropout")(values)
    return values


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


def loss_and_metric(units: int) -> tuple[keras.losses.Loss, keras.metrics.Metric]:
    """The loss and the metric `accuracy` for labels that are class numbers, (batch,)."""
    if units == 1:
        return keras.losses.BinaryCrossentropy(), keras.metrics.BinaryAccuracy(name="accuracy")
    return keras.losses.SparseCategoricalCrossentropy(), keras.metrics.SparseCategoricalAccuracy(name="accuracy")
