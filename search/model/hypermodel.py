"""A space as KerasTuner sees it: its parameters as HyperParameters, and a HyperModel that builds from them."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import keras
import keras_tuner

from cnnsearch.search.model.build import build_model
from cnnsearch.spaces.space import Parameter, Space
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, label, options_of, value_of


def hyperparameters_of(space: Space) -> keras_tuner.HyperParameters:
    """All parameters of a space, the conditions of the conditional ones included."""
    hyperparameters = keras_tuner.HyperParameters()
    declare(space, hyperparameters)
    return hyperparameters


def declare(space: Space, hyperparameters: keras_tuner.HyperParameters) -> dict[str, Scalar]:
    """Declare a space's parameters where they are not yet, and give the values of the active ones by dotted path."""
    domains = {parameter.name: parameter.domain for parameter in space.parameters}
    values = {}
    for parameter in space.parameters:
        with ExitStack() as scopes:
            for condition in parameter.conditions:
                parents = [_encoded(domains[condition.parent], value) for value in condition.values]
                scopes.enter_context(hyperparameters.conditional_scope(condition.parent, parents))
            drawn = _declared(parameter, hyperparameters)
        if drawn is not None:
            values[parameter.name] = _decoded(parameter.domain, drawn)
    return values


def decoded(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """The space's own values for those that KerasTuner has drawn for it."""
    domains = {parameter.name: parameter.domain for parameter in space.parameters}
    return {name: _decoded(domains[name], value) for name, value in values.items()}


def encoded(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What stands for a space's own values at KerasTuner; the way back from `decoded`."""
    domains = {parameter.name: parameter.domain for parameter in space.parameters}
    return {name: _encoded(domains[name], value) for name, value in values.items()}


def _declared(parameter: Parameter, hyperparameters: keras_tuner.HyperParameters) -> Any:  # noqa: ANN401 - untyped there
    name, domain = parameter.name, parameter.domain
    if isinstance(domain, IntRange):
        step = domain.step if domain.scale == "linear" else None  # on other scales KerasTuner's are factors
        return hyperparameters.Int(name, domain.low, domain.high, step=step, sampling=domain.scale)
    if isinstance(domain, FloatRange):
        # KerasTuner counts the steps without rounding and loses the last one: (0.3 - 0.0) // 0.1 is 2. A millionth of
        # a step more brings it back; the value itself is put on the grid again when it is decoded.
        high = domain.high + (domain.step or 0.0) * 1e-6
        return hyperparameters.Float(name, domain.low, high, step=domain.step, sampling=domain.scale)
    if _both_bools(domain):
        return hyperparameters.Boolean(name, default=_options(domain)[0])
    return hyperparameters.Choice(name, [_encoded(domain, option) for option in _options(domain)], ordered=False)


def _options(domain: Choice | Branch) -> Sequence[Scalar]:
    return [label(option) for option in options_of(domain)]


def _both_bools(domain: Domain) -> bool:
    return isinstance(domain, Choice) and set(map(repr, domain.options)) == {"True", "False"}


def _encoded(domain: Domain, value: Scalar) -> Scalar:
    """What stands for a value at KerasTuner, whose Choice takes strings, or ints, or floats, of one type only."""
    if not isinstance(domain, Choice) or _both_bools(domain):
        return value
    types = {type(option) for option in _options(domain)}
    return value if isinstance(value, str) or (len(types) == 1 and types <= {int, float}) else json.dumps(value)


def _decoded(domain: Domain, drawn: Any) -> Scalar:  # noqa: ANN401 - untyped there
    """The space's own value for one drawn by KerasTuner."""
    if isinstance(domain, IntRange | FloatRange):
        return value_of(domain, drawn)  # type: ignore[no-any-return]
    return next(option for option in _options(domain) if _encoded(domain, option) == drawn)


class CnnHyperModel(keras_tuner.HyperModel):  # type: ignore[misc]  # KerasTuner is untyped
    """Builds the model of a draw from a space; any KerasTuner tuner takes it.

    Args:
        space: where the draws come from.
        classes: how many classes the labels have.
        steps_per_epoch: batches in an epoch, for the learning rate's schedule.
    """

    def __init__(self, space: Space, classes: int, steps_per_epoch: int) -> None:
        super().__init__(name="cnnsearch", tunable=True)
        self.space = space
        self.classes = classes
        self.steps_per_epoch = steps_per_epoch

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The compiled model of the values in `hp`, which learns the space's parameters where it lacks them.

        Raises:
            CnnSearchError: this configuration cannot be built.
        """
        configuration = self.space.configuration(declare(self.space, hp))
        return build_model(configuration, self.classes, self.steps_per_epoch)
