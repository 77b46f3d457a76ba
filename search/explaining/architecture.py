"""What a model is made of, as facts: its layers with their shapes and weights, a backbone as one of them."""

import math
from collections.abc import Iterator
from typing import Any

import keras

from cnnsearch.search.model.cut import Step, steps_of
from cnnsearch.search.model.places import graph_of

_SETTINGS = ("kernel_size", "strides", "pool_size", "rate", "activation")
_USUAL = {"strides": (1, 1), "activation": "linear"}


def architecture(model: keras.Model) -> dict[str, Any]:
    """A model as JSON values: its input's shape, its weights, and its layers in the order in which they are computed.

    Each layer has its name, type, output shape without the batch, number of weights and of those that training moved,
    and its main settings. A backbone is one layer, and `within` says how many layers of its own it has. A model that
    is no graph has its layers without shapes.
    """
    graph, shape = graph_of(model), getattr(model, "input_shape", None)
    layers = list(_layers(graph)) if graph is not None else [_layer(each, None) for each in model.layers]
    return {
        "name": model.name,
        "input": list(shape[1:]) if isinstance(shape, tuple) else None,
        "parameters": _count(model.weights),
        "trainable": _count(model.trainable_weights),
        "layers": layers,
    }


def _layers(graph: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - Keras is untyped
    counted: set[int] = set()
    for step in steps_of(graph):
        if not isinstance(step.operation, keras.layers.InputLayer):
            yield _layer(step.operation, step, again=id(step.operation) in counted)
            counted.add(id(step.operation))


def _layer(operation: Any, step: Step | None, *, again: bool = False) -> dict[str, Any]:  # noqa: ANN401
    """One layer; where it is called once more its weights are not counted again."""
    weights = [] if again else getattr(operation, "weights", [])
    trainable = [] if again else getattr(operation, "trainable_weights", [])
    return {
        "name": operation.name,
        "type": type(operation).__name__,
        "output": list(step.made.shape[1:]) if step else None,
        "parameters": _count(weights),
        "trainable": _count(trainable),
        "settings": _settings(operation),
        "within": _within(operation),
    }


def _within(operation: Any) -> dict[str, int] | None:  # noqa: ANN401 - Keras is untyped
    """The layers of a network that is a layer here, how many have weights, and how many of these training moved."""
    if graph_of(operation) is None:
        return None
    weighted = [layer for layer in operation.layers if layer.weights]
    moved = sum(bool(layer.trainable_weights) for layer in weighted)
    return {"layers": len(operation.layers), "weighted": len(weighted), "trained": moved}


def _settings(operation: Any) -> dict[str, Any]:  # noqa: ANN401 - Keras is untyped
    found: dict[str, Any] = {}
    for name in _SETTINGS:
        value = getattr(operation, name, None)
        value = getattr(value, "__name__", value)
        if isinstance(value, str | int | float | tuple | list) and value != _USUAL.get(name):
            found[name] = list(value) if isinstance(value, tuple) else value
    return found


def _count(weights: Any) -> int:  # noqa: ANN401 - Keras is untyped
    return sum(math.prod(weight.shape) for weight in weights)
