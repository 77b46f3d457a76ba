"""In which precision a network reckons, and which XLA compiles: from facts about the device to a choice, and its use.

Weights, losses and probabilities are float32 in every precision. Mixed ones: Micikevicius et al., arXiv:1710.03740.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from cnnsearch.search.devices.facts import DeviceFacts
from cnnsearch.spaces.document import Block, Configuration, Custom, Scratch, branch_of, sizes

STEPS = "bfloat16_steps"
"""The precision in which only the steps of a training are made in half precision."""
_SMALLEST_IMAGE = 32
"""Pixels of the shorter side from which such steps are faster: below, they gain a tenth of a few milliseconds."""
_FEWEST_NORMED = 32
"""Filters from which they are faster beside a norm, which reckons in float32: with fewer some took up to 1.14 times."""
_SLOW_ACTIVATIONS = frozenset(("gelu", "mish", "selu", "softplus"))
"""Those that TensorFlow makes of bfloat16 more slowly than of float32: with 8 filters a step took up to 1.2 times."""

_BFLOAT16_FROM = (8, 0)
"""The compute capability from which a GPU's tensor cores know bfloat16 (Ampere)."""
_FLOAT16_FROM = (7, 0)
"""The compute capability from which it has tensor cores, which know float16 (Volta)."""


def with_precision(configuration: Configuration, device: DeviceFacts) -> Configuration:
    """The configuration with its precision settled: what it asks for, or what suits the device where it says `auto`."""
    if configuration.training.precision != "auto":
        return configuration
    _, section = branch_of(configuration.model)
    settled = "float32" if isinstance(section, Custom) else precision_on(device)
    if settled == "float32" and device.multiplies_bfloat16 and _gains_by_steps(configuration):
        settled = STEPS
    return _with(configuration, settled)


def _with(configuration: Configuration, precision: str) -> Configuration:
    training = configuration.training.model_copy(update={"precision": precision})
    return configuration.model_copy(update={"training": training})


def _gains_by_steps(configuration: Configuration) -> bool:
    """Whether a network's steps are faster in bfloat16 on a CPU that multiplies it.

    Plain convolutions are: a step takes 0.55 to 0.9 of its time, and 0.8 to 0.95 beside norms. Separable ones, which
    move more than they multiply, are slower.
    """
    _, section = branch_of(configuration.model)
    if not isinstance(section, Scratch) or min(sizes(configuration.data.image_size)) < _SMALLEST_IMAGE:
        return False
    return all(map(_is_quicker, section.layers()))


def _is_quicker(block: Block) -> bool:
    """Whether a block is in bfloat16, on a CPU that multiplies it."""
    if block.conv != "plain" or block.custom is not None or block.activation in _SLOW_ACTIVATIONS:
        return False
    return block.norm == "none" or block.filters >= _FEWEST_NORMED


def of_steps(configuration: Configuration) -> Configuration | None:
    """What the network of a training's steps is built from, where it is not the one that is measured; else None."""
    return _with(configuration, "mixed_bfloat16") if configuration.training.precision == STEPS else None


def precision_on(device: DeviceFacts) -> str:
    """The precision that a device is fastest in without harm.

    bfloat16 where tensor cores know it: it has the range of float32, so no gradient is lost and no loss is scaled.
    float16 on older ones, whose loss is scaled. Most CPUs emulate both. Code of one's own is never reckoned in half
    precision unasked: its last layer may not be made for it.
    """
    if not device.is_gpu or device.capability is None or device.capability < _FLOAT16_FROM:
        return "float32"
    return "mixed_bfloat16" if device.capability >= _BFLOAT16_FROM else "mixed_float16"


def with_jit(configuration: Configuration, model: keras.Model, device: DeviceFacts) -> Configuration:
    """The configuration with `training.jit` settled for this network on this device.

    Where a layer does not allow it, such as one that rotates images, Keras leaves it out though it is asked for.
    """
    training = configuration.training
    asked = jit_on(device) if training.jit == "auto" else training.jit
    settled = asked and all(layer.supports_jit for layer in model._flatten_layers())
    return configuration.model_copy(update={"training": training.model_copy(update={"jit": settled})})


def jit_on(device: DeviceFacts) -> bool:
    """Whether XLA makes a network's steps faster on a device.

    JAX without it runs one operation at a time. With TensorFlow it is for GPUs: on two CPU cores it made epochs longer.
    """
    return device.backend == "jax" or (device.backend == "tensorflow" and device.is_gpu)


@contextmanager
def in_precision(precision: str) -> Iterator[None]:
    """Within it, layers are made in this precision; `auto` leaves Keras' own. Saved layers remember theirs."""
    if precision == "auto":
        yield
        return
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if precision == STEPS else precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def scaled(optimizer: keras.optimizers.Optimizer, configuration: Configuration) -> keras.optimizers.Optimizer:
    """The optimizer, or in float16 one that scales the loss for it, lest small gradients become 0.

    A step whose gradients are not finite is left out, and the scale halved; clipping, averaging and the schedule see
    true gradients and the steps that were made.
    """
    if configuration.training.precision != "mixed_float16":
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)
