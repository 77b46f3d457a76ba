"""From feature maps to class probabilities."""

import keras

from cnnsearch.search.model.loss import output_units
from cnnsearch.spaces.document import Head

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
    return classify_pooled(_POOLINGS[head.pooling](name="pooling")(maps), head, classes)


def classify_pooled(values: keras.KerasTensor, head: Head, classes: int) -> keras.KerasTensor:
    """The same of what the pooling has made of the maps, (batch, values).

    Raises:
        CnnSearchError: as for `classify`.
    """
    units = output_units(head, classes)
    if head.dropout > 0:
        values = keras.layers.Dropout(head.dropout, name="pooling_dropout")(values)
    values = _dense(values, head)
    # Probabilities stay float32 under mixed precision: in half precision the loss loses its small ones.
    return keras.layers.Dense(
        units, activation=head.output, kernel_regularizer=_penalty(head), dtype="float32", name="classes"
    )(values)


def _dense(values: keras.KerasTensor, head: Head) -> keras.KerasTensor:
    for number, layer in enumerate(head.layers(), start=1):
        values = keras.layers.Dense(
            layer.units, activation=layer.activation, kernel_regularizer=_penalty(head), name=f"dense{number}"
        )(values)
        if layer.dropout > 0:
            values = keras.layers.Dropout(layer.dropout, name=f"dense{number}_dropout")(values)
    return values


def _penalty(head: Head) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L2(head.l2) if head.l2 > 0 else None
