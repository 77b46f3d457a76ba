"""The optimizer of a configuration, with its learning rate's schedule.

Cosine decay: Loshchilov and Hutter, arXiv:1608.03983.
"""

import keras

from cnnsearch.spaces.document import Adaptive, Document, Sgd, branch_of

_ADAPTIVE = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}


def optimizer_of(configuration: Document, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """A fresh optimizer.

    A cosine schedule brings the learning rate from its value down to 0 over all of `training.epochs`.
    """
    name, section = branch_of(configuration.optimizer)
    if isinstance(section, Sgd):
        rate = _learning_rate(configuration, section.learning_rate, steps_per_epoch)
        return keras.optimizers.SGD(rate, momentum=float(section.momentum), nesterov=section.nesterov)
    if isinstance(section, Adaptive):
        return _ADAPTIVE[name](_learning_rate(configuration, section.learning_rate, steps_per_epoch))
    raise TypeError(f"no optimizer is known for optimizer.{name}")


def _learning_rate(
    configuration: Document, rate: float, steps_per_epoch: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    training = configuration.training
    if training.schedule == "constant":
        return rate
    return keras.optimizers.schedules.CosineDecay(rate, decay_steps=training.epochs * steps_per_epoch)
