"""How large a model is: its weights, what one image costs, what a training step keeps, how long its file is.

Read from the model's graph alone, so that a model of any size is measured in milliseconds: see `outlined`.
A multiply-add is two floating point operations (FLOPs), as in most tables of published networks; those of
convolutions, dense and norm layers are counted. What only moves, compares or adds values counts nothing.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

_WEIGHTED = (
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.DepthwiseConv1D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv1D,
    keras.layers.SeparableConv2D,
    keras.layers.Dense,
    keras.layers.EinsumDense,
)
"""Layers that multiply each position of their output by all of their kernels."""
_TRANSPOSED = (keras.layers.Conv1DTranspose, keras.layers.Conv2DTranspose, keras.layers.Conv3DTranspose)
"""Layers that do so at each position of their input."""
_NORMS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.RMSNormalization,
    keras.layers.Normalization,
)
_VIEWS = (keras.layers.Flatten, keras.layers.Reshape)
"""Layers whose output is their input's memory."""
_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
_FLOAT = 4
"""Bytes of a value."""
_FILE, _FILE_LAYER, _FILE_ARRAY = 9650, 1950, 410
"""Bytes of a `.keras` file beside its values and its configuration: in all, for each layer, for each array of weights.
Fitted to files from 170 kB to 100 MB (keras 3.15, h5py 3): within 1 % of each."""
Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class ModelSize:
    """What a model costs.

    Attributes:
        parameters: all weights, the frozen ones too.
        trainable: those that training moves.
        flops: floating point operations of one image from input to output, two for a multiply-add.
        training_flops: of one image in a training step: a frozen layer runs forward only, a trained one also computes
            the gradient of its weights, and every layer behind a trained one that of its input.
        activations: bytes that a training step keeps for each image, an upper estimate.
        state: bytes of weights, their gradients and the optimizer's own values.
        bytes: the length of the exported model's file.
    """

    parameters: int
    trainable: int
    flops: int
    training_flops: int
    activations: int
    state: int
    bytes: int

    def memory(self, batch_size: int) -> int:
        """Bytes that training needs with so many images in a batch; what the backend takes for itself comes on top."""
        return self.state + batch_size * self.activations


@dataclass(frozen=True)
class _Step:
    """One call of one layer on one image."""

    multiply_adds: int
    taken: int
    """Values it reads."""
    made: int
    """Values it writes; none for a view of its input."""
    learns: bool
    """Whether it has weights to train."""
    passes: bool
    """Whether a layer before it learns, so that gradients go through it."""


@contextmanager
def outlined() -> Iterator[None]:
    """Within it, layers get shapes and no memory: VGG16 with its 138 million weights stands in 30 ms.

    Such a model can be measured, never run. For a process that trains nothing: Keras gives these weights their values
    when it next leaves a stateless scope of its own.
    """
    with keras.StatelessScope(initialize_variables=False):
        yield


def model_size(model: keras.Model, optimizer: keras.optimizers.Optimizer | None = None) -> ModelSize:
    """The size of a functional or sequential model, nested models included, compiled or not.

    Args:
        model: built, also within `outlined`.
        optimizer: a fresh one, which is used up by this; None where nothing is trained.
    """
    steps = list(_steps(model, passes=False))
    trainable, weights = _values(model.trainable_weights), _values(model.weights)
    kept = [step for step in steps if step.learns or step.passes]
    passing = [step for step in steps if not (step.learns or step.passes)]
    # What is kept for the gradients, the input of the first trained layers, and the widest place before them.
    first = max((step.taken for step in kept if not step.passes), default=0)
    widest = max((step.taken + step.made for step in passing), default=0)
    state = weights + trainable * (1 + _kept_for_each_weight(optimizer) if optimizer else 0)
    return ModelSize(
        parameters=weights,
        trainable=trainable,
        flops=_flops(steps),
        training_flops=_training_flops(steps),
        activations=_FLOAT * (sum(step.made for step in kept) + max(first, widest)),
        state=_FLOAT * state,
        bytes=_FLOAT * weights + _file_overhead(model),
    )


def weight_bytes(model: keras.Model) -> int:
    """Bytes of the arrays of weights in a model's file: 4 for each weight of float32, in which mixed precision keeps
    them, too."""
    return sum(math.prod(weight.shape) * np.dtype(weight.dtype).itemsize for weight in model.weights)


def share_of_training(part: keras.Model, whole: keras.Model) -> float:
    """The share of a model's floating point operations in a training step that one of its frozen parts takes."""
    return _flops(list(_steps(part, passes=False))) / max(1, _training_flops(list(_steps(whole, passes=False))))


def _flops(steps: list[_Step]) -> int:
    return 2 * sum(step.multiply_adds for step in steps)


def _training_flops(steps: list[_Step]) -> int:
    return 2 * sum(step.multiply_adds * (1 + step.learns + step.passes) for step in steps)


def _values(variables: list[Any]) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def _file_overhead(model: keras.Model) -> int:
    layers = sum(1 for _ in model._flatten_layers(include_self=False))
    return _FILE + _FILE_LAYER * layers + _FILE_ARRAY * len(model.weights) + len(model.to_json())


def _kept_for_each_weight(optimizer: keras.optimizers.Optimizer) -> int:
    """How many values an optimizer keeps for each weight: tried on one, for it would allocate them all."""
    probe = keras.Variable("zeros", shape=(2, 3), name="probe")
    optimizer.build([probe])
    return sum(tuple(variable.shape) == (2, 3) for variable in optimizer.variables)


def _steps(model: keras.Model, *, passes: bool) -> Iterator[_Step]:
    """Every call of every layer, from the input on. `passes`: whether the model's input has a gradient."""
    graph = _graph(model)
    reached = {id(tensor) for tensor in graph.inputs} if passes else set()
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            layer, given, made = node.operation, node.input_tensors, node.outputs
            if isinstance(layer, keras.layers.InputLayer):
                continue
            through = any(id(tensor) in reached for tensor in given)
            learns = bool(getattr(layer, "trainable_weights", ()))
            if through or learns:
                reached.update(id(tensor) for tensor in made)
            if _graph(layer) is not None:
                yield from _steps(layer, passes=through)
            else:
                yield _step(layer, [t.shape for t in given], [t.shape for t in made], learns=learns, passes=through)


def _graph(layer: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """The graph of a functional model or of a sequential one; None for any other layer."""
    if isinstance(layer, keras.Sequential):
        return layer._functional
    return layer if hasattr(layer, "_nodes_by_depth") else None


def _step(layer: Any, given: list[Shape], made: list[Shape], *, learns: bool, passes: bool) -> _Step:  # noqa: ANN401
    return _Step(
        multiply_adds=_multiply_adds(layer, given, made),
        taken=sum(map(_size, given)),
        made=0 if isinstance(layer, _VIEWS) else sum(map(_size, made)),
        learns=learns,
        passes=passes,
    )


def _multiply_adds(layer: Any, given: list[Shape], made: list[Shape]) -> int:  # noqa: ANN401 - Keras is untyped
    if isinstance(layer, _NORMS):
        return _size(made[0])
    kernels = _kernel_values(layer) if isinstance(layer, _WEIGHTED + _TRANSPOSED) else 0
    return kernels and kernels * _positions(layer, given[0] if isinstance(layer, _TRANSPOSED) else made[0])


def _kernel_values(layer: Any) -> int:  # noqa: ANN401 - Keras is untyped
    return _values([weight for weight in layer.weights if weight.name in _KERNELS])


def _size(shape: Shape) -> int:
    """Values of one image in a tensor (batch, ...)."""
    return math.prod(length or 1 for length in shape[1:])


def _positions(layer: Any, shape: Shape) -> int:  # noqa: ANN401 - Keras is untyped
    """How many rows of channels a tensor (batch, ..., channels) or (batch, channels, ...) has for one image."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return math.prod(length or 1 for length in (shape[2:] if first else shape[1:-1]))
