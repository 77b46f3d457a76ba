"""The sections that say how the weights are moved: the optimizer and its learning rate's schedule."""

from typing import Annotated

from pydantic import Field

from cnnsearch.spaces.sections.searched import Searched
from cnnsearch.spaces.sections.section import Branches, Section

LearningRate = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Epsilon = Annotated[float, Field(gt=0, le=1)]


class OptimizerSection(Section):
    """What all optimizers have."""

    learning_rate: Searched[LearningRate] = 0.001
    """Step of the weights along their gradients."""
    weight_decay: Searched[Annotated[float, Field(ge=0, le=1)]] = 0.0
    """Share by which each step shrinks the weights, times the learning rate."""


class Sgd(OptimizerSection):
    """Stochastic gradient descent."""

    learning_rate: Searched[LearningRate] = 0.01
    """Step of the weights along their gradients."""
    momentum: Searched[Share] = 0.0
    """Share of the last step that the next one keeps."""
    nesterov: Searched[bool] = False
    """Looks ahead along the momentum before the gradient is taken."""


class RmsProp(OptimizerSection):
    """RMSprop: steps divided by a running mean of the gradients' size."""

    rho: Searched[Share] = 0.9
    """How slowly that mean forgets."""
    momentum: Searched[Share] = 0.0
    """Share of the last step that the next one keeps."""
    epsilon: Searched[Epsilon] = 1e-7
    """Added to the divisor, so that it is never 0."""
    centered: Searched[bool] = False
    """Divides by the gradients' variance instead."""


class Adam(OptimizerSection):
    """Adam (Kingma and Ba, arXiv:1412.6980)."""

    beta_1: Searched[Share] = 0.9
    """How slowly the gradients' running mean forgets."""
    beta_2: Searched[Share] = 0.999
    """How slowly their squares' running mean forgets."""
    epsilon: Searched[Epsilon] = 1e-7
    """Added to the divisor, so that it is never 0."""


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv:1711.05101)."""

    weight_decay: Searched[Annotated[float, Field(ge=0, le=1)]] = 0.004
    """Share by which each step shrinks the weights, times the learning rate."""


class Adagrad(OptimizerSection):
    """Adagrad: steps divided by the sum of all squared gradients so far."""

    initial_accumulator_value: Searched[Annotated[float, Field(ge=0)]] = 0.1
    """Where that sum starts."""
    epsilon: Searched[Epsilon] = 1e-7
    """Added to the divisor, so that it is never 0."""


class Lion(OptimizerSection):
    """Lion (Chen et al., arXiv:2302.06675): steps of one size, by the sign of the momentum alone."""

    learning_rate: Searched[LearningRate] = 0.0001
    """Step of the weights; three to ten times less than Adam's."""
    beta_1: Searched[Annotated[float, Field(gt=0, lt=1)]] = 0.9
    """Share of the momentum in a step's direction; over 0."""
    beta_2: Searched[Share] = 0.99
    """How slowly the momentum forgets."""


class Optimizer(Branches):
    """How the weights are moved: one of these, or a choice over several."""

    sgd: Searched[Sgd] | None = None
    rmsprop: Searched[RmsProp] | None = None
    adam: Searched[Adam] | None = None
    adamw: Searched[AdamW] | None = None
    nadam: Searched[Adam] | None = None
    """Adam with Nesterov's look ahead (Dozat, "Incorporating Nesterov Momentum into Adam", 2016)."""
    adagrad: Searched[Adagrad] | None = None
    lion: Searched[Lion] | None = None


class ScheduleSection(Section):
    """The learning rate stays as it is."""

    warmup: Searched[Annotated[float, Field(ge=0, le=1000)]] = 0.0
    """Epochs, parts of them too, in which the learning rate rises evenly from 0 to its value."""


class Cosine(ScheduleSection):
    """The learning rate falls along half a cosine by the last epoch (arXiv:1608.03983)."""

    end: Searched[Annotated[float, Field(ge=0, le=1)]] = 0.0
    """Share of the learning rate that is left at the end."""


class InverseTime(ScheduleSection):
    """The learning rate is divided by 1 + decay * steps."""

    decay: Searched[Annotated[float, Field(gt=0)] | None] = None
    """How much each training step adds to the divisor; null for learning_rate / epochs."""


class Step(ScheduleSection):
    """The learning rate is multiplied by a factor every few epochs."""

    every: Searched[Annotated[int, Field(ge=1)]] = 10
    """Epochs between two falls."""
    factor: Searched[Annotated[float, Field(gt=0, lt=1)]] = 0.1
    """What the learning rate is multiplied by."""


class Schedule(Branches):
    """How the learning rate changes while a trial trains: one of these, or a choice over several."""

    constant: Searched[ScheduleSection] | None = None
    cosine: Searched[Cosine] | None = None
    inverse_time: Searched[InverseTime] | None = None
    step: Searched[Step] | None = None
