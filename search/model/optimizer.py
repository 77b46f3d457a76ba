"""The optimizer of a configuration: its own settings, clipped gradients, averaged weights, its learning rate."""

from typing import Any

import keras

from cnnsearch.search.model.schedules import learning_rate
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
    """A fresh optimizer.

    With `training.ema` it keeps a running mean of the weights beside them; who trains swaps the two.
    """
    name, section = branch_of(configuration.optimizer)
    if not isinstance(section, OptimizerSection):
        raise TypeError(f"no optimizer is known for optimizer.{name}")
    training = configuration.training
    return _OPTIMIZERS[name](
        learning_rate(training.schedule, section.learning_rate, training.epochs, steps_per_epoch),
        **_settings(name, section),
        **_clipping(training),
        **_averaging(training),
    )


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
    return {"use_ema": True, "ema_momentum": training.ema} if training.ema is not None else {}
