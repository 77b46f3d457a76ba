"""KerasTuner's hyperparameters as parameters of ours, with the Optuna distribution of each."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import keras_tuner
from keras_tuner.engine import hyperparameters as kt
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from cnnsearch.spaces.counting import count_configurations
from cnnsearch.spaces.draws import Plan, walked
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.parameters import Condition, Parameter
from cnnsearch.spaces.values import Choice, Domain, FloatRange, IntRange, Scalar, has, label, nth, size, value_of


@dataclass(frozen=True)
class SearchSpace:
    """What a study's trials are drawn from.

    Attributes:
        plan: the parameters, parents first, each with its conditions.
        distributions: what Optuna calls their domains; a fixed parameter has none, and is in no trial.
    """

    plan: Plan
    distributions: Mapping[str, BaseDistribution]

    @cached_property
    def domains(self) -> Mapping[str, Domain]:
        """Each parameter's domain."""
        return {parameter.name: parameter.domain for parameter, _ in self.plan}

    @cached_property
    def cardinality(self) -> int | None:
        """How many configurations there are; None where they cannot be counted."""
        return count_configurations([parameter for parameter, _ in self.plan])

    @property
    def all_of_it(self) -> str:
        """All configurations, as the beginning of a sentence in the past."""
        count = self.cardinality
        if count == 1:
            return "the one configuration was"
        return "all configurations were" if count is None else f"all {count:,} configurations were"

    def on_grid(self, name: str, value: Scalar) -> Scalar:
        """The range's own value that this one stands for, rounding errors mended; itself where there is none."""
        domain = self.domains.get(name)
        if not isinstance(domain, IntRange | FloatRange):
            return value
        try:
            return label(value_of(domain, value))
        except ValueError:
            return value

    def draws(self, values: Mapping[str, Scalar]) -> bool:
        """Whether these are the values of a whole configuration of the space."""
        names = set()
        for name, value in walked(self.plan, lambda parameter: values.get(parameter.name, _only(parameter))).items():
            if name in self.distributions and not (name in values and has(self.domains[name], value)):
                return False
            names.add(name)
        return values.keys() <= names

    def key(self, values: Mapping[str, Scalar]) -> str:
        """What tells one configuration from another: its active values."""
        known = {name: self.on_grid(name, value) for name, value in values.items() if name in self.distributions}
        return json.dumps(known, sort_keys=True)


def search_space_of(hyperparameters: keras_tuner.HyperParameters) -> SearchSpace:
    """What KerasTuner's hyperparameters are in our words and in Optuna's.

    Raises:
        CnnSearchError: one of them is of a kind that KerasTuner does not have.
    """
    plan: list[tuple[Parameter, tuple[Condition, ...]]] = []
    distributions: dict[str, BaseDistribution] = {}
    for declared in hyperparameters.space:
        domain, distribution = _domain(declared)
        conditions = tuple(Condition(each.name, tuple(each.values)) for each in declared.conditions)
        plan.append((Parameter(declared.name, domain, conditions), conditions))
        if distribution is not None:
            distributions.setdefault(declared.name, distribution)
    return SearchSpace(tuple(plan), distributions)


def _only(parameter: Parameter) -> Scalar:
    """The value of a fixed parameter."""
    return nth(parameter.domain, 0) if size(parameter.domain) == 1 else None


def _domain(declared: Any) -> tuple[Domain, BaseDistribution | None]:  # noqa: ANN401 - KerasTuner is not typed
    if isinstance(declared, kt.Fixed):
        return Choice((declared.value,)), None
    if isinstance(declared, kt.Int | kt.Float):
        return _range(declared)
    if isinstance(declared, kt.Boolean):
        return _choice((False, True))
    if isinstance(declared, kt.Choice):
        return _choice(declared.values)
    raise CnnSearchError(
        f"{declared.name}: a parameter is Int, Float, Choice, Boolean or Fixed, got {type(declared).__name__}."
    )


def _choice(options: Iterable[Scalar]) -> tuple[Domain, BaseDistribution]:
    known = tuple(options)
    return Choice(known), CategoricalDistribution(known)


def _range(declared: Any) -> tuple[Domain, BaseDistribution]:  # noqa: ANN401 - KerasTuner is not typed
    """A range. Optuna has no reversed log scale, which is drawn evenly, and no step on a log scale."""
    low, high, step = declared.min_value, declared.max_value, declared.step
    log, whole = declared.sampling == "log", isinstance(declared, kt.Int)
    if log and step is not None and (step != 1 or not whole):
        return _choice(int(value) if whole else value for value in declared.values)
    if step is not None and not log:  # both count from low; Optuna wants high to be one of the steps
        high = _last_step(low, high, step)
    if whole:
        step = 1 if log else step or 1
        return IntRange(low, high, step), IntDistribution(low, high, log, step)
    step = None if log else step
    return FloatRange(low, high, step, "log" if log else "linear"), FloatDistribution(low, high, log, step)


def _last_step(low: float, high: float, step: float) -> Any:  # noqa: ANN401 - an int of ints, a float of floats
    start, width = Decimal(str(low)), Decimal(str(step))
    return type(low)(start + (Decimal(str(high)) - start) // width * width)
