"""The places in a model's graph that hold maps, (batch, rows, columns, filters), also within the backbone it calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from cnnsearch.search.model.cut import Step, steps_of
from cnnsearch.search.model.views import OVER_VIEWS

_KERNELS = ("kernel", "depthwise_kernel")
_FRAMING = (keras.layers.ZeroPadding2D, keras.layers.Cropping2D)
"""Layers that put a frame around maps or take it away: what they make is shown better by the layer before."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where a layer has made maps.

    Attributes:
        layer: the layer's name, behind the backbone's and a slash where it is one of its layers.
        shape: (rows, columns, filters).
        made: the maps in their graph.
        single: whether every path to the end of their graph goes through them.
        call: the backbone's call, where they lie within it.
    """

    layer: str
    shape: tuple[int, int, int]
    made: keras.KerasTensor
    single: bool
    call: Step | None


def graph_of(model: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """The graph of a functional model or of a sequential one; None of anything else."""
    if isinstance(model, keras.Sequential):
        return model._functional
    return model if hasattr(model, "_nodes_by_depth") else None


def one_view(model: keras.Model) -> keras.Model:
    """What a model that looks at several views of an image asks about each of them; any other model itself."""
    if not model.name.endswith(OVER_VIEWS):
        return model
    return next((layer for layer in model.layers if isinstance(layer, keras.Model)), model)


def places_of(model: keras.Model) -> list[Place]:
    """Every place with maps from the first convolution on, in the order in which they are computed.

    None in a model that is no graph of one input and one output.
    """
    graph = graph_of(model)
    if graph is None or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        return []
    places, begun = [], False
    for step, call in _all_steps(graph):
        begun = begun or convolves(step.operation)
        if begun and _is_maps(step.made) and not isinstance(step.operation, _FRAMING):
            name = f"{call.operation.name}/{step.operation.name}" if call else step.operation.name
            rows, columns, filters = step.made.shape[1:]
            places.append(Place(name, (rows, columns, filters), step.made, step.single and _passes(call), call))
    return places


def convolves(operation: Any) -> bool:  # noqa: ANN401 - Keras is untyped
    """Whether a layer has a kernel of rows and columns."""
    return any(len(weight.shape) == 4 and weight.name in _KERNELS for weight in getattr(operation, "weights", ()))


def maps_at(model: keras.Model, places: Sequence[Place]) -> keras.Model:
    """A model of the same weights from images to the maps of these places, all in one graph or all in one backbone."""
    graph, call = graph_of(model), places[0].call
    made = [place.made for place in places]
    if call is None:
        return keras.Model(graph.inputs[0], made)
    within = keras.Model(call.operation.input, made)
    return keras.Model(graph.inputs[0], within(call.given[0]))


def behind(model: keras.Model, place: Place) -> keras.Model:
    """A model of the same weights from the maps of a single place to the outputs."""
    output = graph_of(model).outputs[0]
    if place.call is None:
        return keras.Model(place.made, output)
    if place.made is place.call.operation.outputs[0]:
        return keras.Model(place.call.made, output)
    rest = keras.Model(place.made, place.call.operation.output)
    return keras.Model(rest.input, keras.Model(place.call.made, output)(rest.output))


def _all_steps(graph: Any) -> Iterator[tuple[Step, Step | None]]:  # noqa: ANN401 - Keras is untyped
    """The calls of a graph; in the place of a backbone's call, those within it."""
    for step in steps_of(graph):
        network = step.operation if graph_of(step.operation) is step.operation else None
        if network is not None and len(network.inputs) == 1 and len(network.outputs) == 1:
            yield from ((within, step) for within in steps_of(network))
        elif not isinstance(step.operation, keras.layers.InputLayer):
            yield step, None


def _passes(call: Step | None) -> bool:
    return call is None or call.single


def _is_maps(made: Any) -> bool:  # noqa: ANN401 - Keras is untyped
    shape = getattr(made, "shape", ())
    return len(shape) == 4 and all(shape[1:]) and min(shape[1:3]) > 1
