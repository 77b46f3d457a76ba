"""How the learning rate changes from step to step: Keras' own schedules, and a warm-up before them.

Cosine decay: Loshchilov and Hutter, arXiv:1608.03983. Warm-up: Goyal et al., arXiv:1706.02677.
"""

from typing import Any

import keras
from keras.optimizers import schedules

from cnnsearch.spaces.document import Schedule, branch_of
from cnnsearch.spaces.sections.optimizers import Cosine, InverseTime, ScheduleSection, Step


def learning_rate(
    schedule: Schedule, rate: float, epochs: int, steps_per_epoch: int
) -> float | schedules.LearningRateSchedule:
    """What an optimizer takes for its learning rate: a number where it never changes, else a schedule over steps.

    It rises evenly from 0 at the first step to `rate` after `warmup` epochs, rounded to whole steps; there the schedule
    begins, as if it were the first step. A cosine ends with the last epoch, so a warm-up shortens it.
    """
    name, section = branch_of(schedule)
    if not isinstance(section, ScheduleSection):
        raise TypeError(f"no schedule is known for training.schedule.{name}")
    warmup = round(section.warmup * steps_per_epoch)
    if isinstance(section, Cosine):
        return _cosine(section, rate, warmup, epochs * steps_per_epoch)
    after = _after_warmup(section, rate, epochs, steps_per_epoch)
    if warmup == 0:
        return after
    if after == rate:
        return schedules.PolynomialDecay(0.0, decay_steps=warmup, end_learning_rate=rate, power=1.0)
    return WarmUp(rate, warmup, after)


def per_step(rate: float | schedules.LearningRateSchedule, parts: int) -> float | schedules.LearningRateSchedule:
    """The same learning rate for an optimizer that makes a step of so many parts.

    Keras asks a schedule by the number of the part, not of the step.
    """
    return PerStep(rate, parts) if parts > 1 and isinstance(rate, schedules.LearningRateSchedule) else rate


def _cosine(section: Cosine, rate: float, warmup: int, steps: int) -> schedules.LearningRateSchedule:
    # A warm-up as long as the training leaves the cosine no step, and Keras wants one.
    falling = max(1, steps - warmup)
    if warmup == 0:
        return schedules.CosineDecay(rate, falling, alpha=section.end)
    return schedules.CosineDecay(0.0, falling, alpha=section.end, warmup_target=rate, warmup_steps=warmup)


def _after_warmup(
    section: ScheduleSection, rate: float, epochs: int, steps_per_epoch: int
) -> float | schedules.LearningRateSchedule:
    if isinstance(section, InverseTime):
        decay = rate / epochs if section.decay is None else section.decay
        return schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)
    if isinstance(section, Step):
        return schedules.ExponentialDecay(rate, section.every * steps_per_epoch, section.factor, staircase=True)
    return rate


@keras.saving.register_keras_serializable(package="cnnsearch")
class WarmUp(schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras is untyped
    """A learning rate that rises evenly from 0 to `rate` within `steps` and then follows another schedule.

    Args:
        rate: learning rate at the end of the rise.
        steps: how many steps the rise takes, 1 or more.
        after: the schedule that then begins with its step 0.
    """

    def __init__(self, rate: float, steps: int, after: schedules.LearningRateSchedule) -> None:
        self.rate = rate
        self.steps = steps
        self.after = after

    def __call__(self, step: Any) -> Any:  # noqa: ANN401 - a number or a tensor of any backend
        """The learning rate at a step, counted from 0."""
        step = keras.ops.cast(step, "float32")
        rising = self.rate * step / self.steps
        return keras.ops.where(step < self.steps, rising, self.after(keras.ops.maximum(step - self.steps, 0.0)))

    def get_config(self) -> dict[str, Any]:
        """The arguments, for a saved model."""
        return {"rate": self.rate, "steps": self.steps, "after": schedules.serialize(self.after)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "WarmUp":
        """The schedule of a saved model."""
        return cls(config["rate"], config["steps"], schedules.deserialize(config["after"]))


@keras.saving.register_keras_serializable(package="cnnsearch")
class PerStep(schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras is untyped
    """A schedule over steps, asked by the number of a part of a step, from 0.

    Args:
        schedule: over steps.
        parts: how many make a step.
    """

    def __init__(self, schedule: schedules.LearningRateSchedule, parts: int) -> None:
        self.schedule, self.parts = schedule, parts

    def __call__(self, part: Any) -> Any:  # noqa: ANN401 - a number or a tensor of any backend
        """The learning rate of the step that a part belongs to."""
        return self.schedule(keras.ops.floor_divide(part, self.parts))

    def get_config(self) -> dict[str, Any]:
        """The arguments, for a saved model."""
        return {"schedule": schedules.serialize(self.schedule), "parts": self.parts}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "PerStep":
        """The schedule of a saved model."""
        return cls(schedules.deserialize(config["schedule"]), config["parts"])
