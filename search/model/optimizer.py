"""The optimizer of a configuration: its own settings, clipped gradients, averaged weights, its learning rate."""

from typing import Any

import keras

from cnnsearch.search.model.schedules import learning_rate, per_step
from cnnsearch.spaces.document import Configuration, Training, branch_of
from cnnsearch.spaces.sections.optimizers import OptimizerSection

_OPTIMIZERS = {
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "adagrad": keras.optimizers.Adagrad,
    "lion": keras.optimizers.Lion,
}


def optimizer_of(configuration: Configuration, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """A fresh optimizer; `steps_per_epoch` are those that move the weights, each of `training.accumulate` parts.

    With `training.ema` it keeps a running mean of the weights beside them; who trains swaps the two.
    """
    name, section = branch_of(configuration.optimizer)
    if not isinstance(section, OptimizerSection):
        raise TypeError(f"no optimizer is known for optimizer.{name}")
    training = configuration.training
    rate = learning_rate(training.schedule, section.learning_rate, training.epochs, steps_per_epoch)
    return _OPTIMIZERS[name](
        per_step(rate, training.accumulate),
        **_settings(name, section),
        **_clipping(training),
        **_averaging(training),
        **_accumulating(training),
    )


def accumulating(own: keras.optimizers.Optimizer, parts: int) -> keras.optimizers.Optimizer:
    """A fresh optimizer like another one, which makes a step of `parts` of its batches; its loss is not scaled."""
    if isinstance(own, keras.optimizers.LossScaleOptimizer):
        own = own.inner_optimizer
    if parts == 1:
        return own
    steps = parts * (own.gradient_accumulation_steps or 1)
    optimizer = type(own).from_config(own.get_config() | {"gradient_accumulation_steps": steps})
    if isinstance(own._learning_rate, keras.optimizers.schedules.LearningRateSchedule):
        optimizer.learning_rate = per_step(own._learning_rate, parts)
    return optimizer


def _settings(name: str, section: OptimizerSection) -> dict[str, Any]:
    # Keras refuses an int for some of them, and YAML writes 0 for 0.0.
    values = {key: value if isinstance(value, bool) else float(value) for key, value in section}
    del values["learning_rate"]
    if name == "adamw" or values["weight_decay"]:  # AdamW is nothing without one, so it takes 0 as well
        return values
    return values | {"weight_decay": None}


def _clipping(training: Training) -> dict[str, float]:
    both = {"global_clipnorm": training.clip_norm, "clipvalue": training.clip_value}
    return {key: float(value) for key, value in both.items() if value is not None}


def _averaging(training: Training) -> dict[str, Any]:
    """Keras averages with each part of a batch, which together forget as much as one step."""
    if training.ema is None:
        return {}
    return {"use_ema": True, "ema_momentum": training.ema ** (1 / training.accumulate)}


def _accumulating(training: Training) -> dict[str, int]:
    return {"gradient_accumulation_steps": training.accumulate} if training.accumulate > 1 else {}
