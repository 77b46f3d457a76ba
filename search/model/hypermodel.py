"""A space as KerasTuner sees it: its parameters as HyperParameters, and a HyperModel that builds from them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import keras_tuner
from keras_tuner.engine import hyperparameters as kt
from keras_tuner.src.engine.conditions import Parent

from cnnsearch.search.model.build import build_model
from cnnsearch.spaces.space import Parameter, Space
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar, label, options_of, value_of


def hyperparameters_of(space: Space) -> keras_tuner.HyperParameters:
    """All parameters of a space, the conditions of the conditional ones included."""
    hyperparameters = keras_tuner.HyperParameters()
    declare(space, hyperparameters)
    return hyperparameters


def declare(space: Space, hyperparameters: keras_tuner.HyperParameters) -> dict[str, Scalar]:
    """Declare a space's parameters where they are not yet, and give the values of the active ones by dotted path.

    Not in KerasTuner's conditional scopes: each wants its parent to have all conditions of the scopes around it, and
    values may hang on two others that have nothing to do with each other.
    """
    domains = {parameter.name: parameter.domain for parameter in space.parameters}
    values = {}
    for parameter in space.parameters:
        known = [(c.parent, [_encoded(domains[c.parent], value) for value in c.values]) for c in parameter.conditions]
        declared = _declared(parameter, [Parent(name, options) for name, options in known])
        hyperparameters.merge([declared], overwrite=False)
        if hyperparameters.is_active(declared):
            values[parameter.name] = _decoded(parameter.domain, hyperparameters.values[parameter.name])
    return values


def decoded(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """The space's own values for those that KerasTuner has drawn for it."""
    domains = {parameter.name: parameter.domain for parameter in space.parameters}
    return {name: _decoded(domains[name], value) for name, value in values.items()}


def encoded(space: Space, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What stands for a space's own values at KerasTuner; the way back from `decoded`."""
    domains = {parameter.name: parameter.domain for parameter in space.parameters}
    return {name: _encoded(domains[name], value) for name, value in values.items()}


def _declared(parameter: Parameter, conditions: list[Any]) -> Any:  # noqa: ANN401 - untyped there
    name, domain = parameter.name, parameter.domain
    if isinstance(domain, IntRange):
        step = domain.step if domain.scale == "linear" else None  # on other scales KerasTuner's are factors
        return kt.Int(name, domain.low, domain.high, step=step, sampling=domain.scale, conditions=conditions)
    if isinstance(domain, FloatRange):
        # KerasTuner counts the steps without rounding and loses the last one: (0.3 - 0.0) // 0.1 is 2. A millionth of
        # a step more brings it back; the value itself is put on the grid again when it is decoded.
        high = domain.high + (domain.step or 0.0) * 1e-6
        return kt.Float(name, domain.low, high, step=domain.step, sampling=domain.scale, conditions=conditions)
    if _both_bools(domain):
        return kt.Boolean(name, default=_options(domain)[0], conditions=conditions)
    options = [_encoded(domain, option) for option in _options(domain)]
    return kt.Choice(name, options, ordered=False, conditions=conditions)


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
