"""A classifier in two parts: what is frozen and makes the same of an image in every epoch, and what is trained on that.

Its graph is cut where a single tensor goes on, so that what the frozen part makes of each image can be computed once,
kept, and fed to the rest. Both parts share the model's layers and variables: to train the rest is to train the model.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from cnnsearch.search.model.block_names import is_numbered_by_keras
from cnnsearch.search.model.size import share_of_training
from cnnsearch.spaces.sections.backbones import BACKBONES

_LEAST_GAIN = 0.1
"""Of a backbone's operations in a training step. Early maps are large: to read them costs more than to make them."""
_GLOBAL = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D)


@dataclass(frozen=True)
class Cut:
    """A model in two parts: `rest(frozen(images))` is what the model gives.

    Attributes:
        frozen: from images (batch, height, width, channels), 0-255, to features: one tensor (batch, ...). No weight of
            it is trained. Called with `training=True` it changes the images as the augmentation says, and nothing else.
        rest: from features to probabilities (batch, classes), or (batch, 1) with a sigmoid.
        layer: the name of the last frozen layer, or of the head's pooling. One whose name Keras numbers is told by its
            place, such as `add@131`, for the name is another one in every process.
    """

    frozen: keras.Model
    rest: keras.Model
    layer: str


@dataclass(frozen=True)
class Step:
    """One call of an operation in a graph.

    Attributes:
        operation: a layer, or one of Keras' own functions.
        given: what it reads.
        made: what it writes.
        single: whether every path to the graph's output goes through what it writes.
    """

    operation: Any
    given: list[keras.KerasTensor]
    made: keras.KerasTensor
    single: bool


def cut(model: keras.Model) -> Cut | None:
    """A model of `build_network` cut behind its frozen part, compiled or not. No variable is made for it.

    The cut is the last single tensor with nothing before it that training changes; behind the last frozen weights, the
    last of the smallest. Behind a backbone that is frozen to its end, the head's global pooling is frozen too.

    None where little is gained: there is no backbone, or what is frozen before such a tensor takes less than a tenth of
    a training step's operations.
    """
    call = _call_of_backbone(model)
    last = _last_frozen(call.operation) if call else None
    if call is None or last is None:
        return None
    if last.made is call.operation.outputs[0]:
        return _cut_behind(model, call, last)
    return _cut_within(model, call, last)


def _call_of_backbone(model: keras.Model) -> Step | None:
    if model.name != "classifier" or not hasattr(model, "_nodes_by_depth"):
        return None  # a HyperModel's own
    return next((step for step in steps_of(model) if step.operation.name in BACKBONES), None)


def _cut_behind(model: keras.Model, call: Step, last: Step) -> Cut:
    following = next(step for step in steps_of(model) if any(given is call.made for given in step.given))
    pooled = isinstance(following.operation, _GLOBAL)
    features = following.made if pooled else call.made
    return Cut(
        frozen=keras.Model(model.input, features, name="frozen"),
        rest=keras.Model(features, model.output, name="rest"),
        layer=following.operation.name if pooled else _name(last.operation, call.operation),
    )


def _cut_within(model: keras.Model, call: Step, last: Step) -> Cut | None:
    network = call.operation
    before = keras.Model(network.input, last.made, name=f"{network.name}_frozen")
    if share_of_training(before, network) < _LEAST_GAIN:
        return None
    behind = keras.Model(last.made, network.output, name=f"{network.name}_rest")
    head = keras.Model(call.made, model.output, name="head")
    return Cut(
        frozen=keras.Model(model.input, before(call.given[0]), name="frozen"),
        rest=keras.Model(behind.input, head(behind.output), name="rest"),
        layer=_name(last.operation, network),
    )


def _last_frozen(network: keras.Model) -> Step | None:
    """The step whose output is the cut's; None where no layer with weights is frozen before such a step."""
    found, pending = None, False
    for step in steps_of(network):
        if _changes_in_training(step.operation):
            break
        pending = pending or _has_weights(step.operation)
        # What has no weights costs little: it shall not make the features larger than they are before it.
        if step.single and (pending or (found and _size(step.made) <= _size(found.made))):
            found, pending = step, False
    return found


def steps_of(graph: keras.Model) -> Iterator[Step]:
    """The calls of a functional model, each after those whose output it reads."""
    nodes = [node for depth in sorted(graph._nodes_by_depth, reverse=True) for node in graph._nodes_by_depth[depth]]
    readers = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
    readers.update(id(tensor) for tensor in graph.outputs)
    waiting: set[int] = set()
    for node in nodes:
        readers.subtract(id(tensor) for tensor in node.input_tensors)
        waiting.update(id(tensor) for tensor in node.outputs)
        waiting = {tensor for tensor in waiting if readers[tensor]}
        made = node.outputs[0]
        yield Step(node.operation, node.input_tensors, made, single=waiting == {id(made)})


def _changes_in_training(operation: Any) -> bool:  # noqa: ANN401 - Keras is untyped
    draws = getattr(operation, "seed_generator", None) is not None and getattr(operation, "rate", 1.0) > 0
    return draws or (_has_weights(operation) and operation.trainable)


def _has_weights(operation: Any) -> bool:  # noqa: ANN401 - Keras is untyped
    """Whether an operation has weights that a training could learn; a network's own preprocessing has others."""
    return bool(getattr(operation, "weights", ())) and not isinstance(operation, keras.layers.Normalization)


def _size(tensor: keras.KerasTensor) -> int:
    return math.prod(length or 1 for length in tensor.shape[1:])


def _name(operation: Any, network: keras.Model) -> str:  # noqa: ANN401 - Keras is untyped
    if not is_numbered_by_keras(operation):
        return str(operation.name)
    return f"{type(operation).__name__.lower()}@{network.operations.index(operation)}"
