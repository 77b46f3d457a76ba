"""KerasTuner's hyperparameters as parameters of ours, with the Optuna distribution of each."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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

_LONGEST = 200
"""Characters of a parameter's name, where its conditions are a part of it: a database keeps 512."""


@dataclass(frozen=True)
class SearchSpace:
    """What a study's trials are drawn from.

    Attributes:
        plan: the parameters, parents first, each with its conditions.
        distributions: what Optuna calls their domains; a fixed parameter has none, and is in no trial.
        names: what KerasTuner calls those that have another name here.
    """

    plan: Plan
    distributions: Mapping[str, BaseDistribution]
    names: Mapping[str, str] = field(default_factory=dict)

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

    @cached_property
    def reversed_ranges(self) -> list[str]:
        """The names of the ranges on a scale that Optuna does not have."""
        known = self.domains.items()
        return [n for n, each in known if isinstance(each, IntRange | FloatRange) and each.scale == "reverse_log"]

    def named(self, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """A trial's values under KerasTuner's names; where two are there of one name, the later one counts."""
        return {self.names.get(name, name): value for name, value in values.items()}

    def offered(self, named: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """What some values under KerasTuner's names may be here: of each parameter that could have them."""
        called = {name: self.names.get(name, name) for name in self.domains}
        known = {name: named[theirs] for name, theirs in called.items() if theirs in named}
        return {name: value for name, value in known.items() if has(self.domains[name], value)}

    def told(self, named: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """What a whole trial's values under KerasTuner's names are here, as far as the space has them."""
        offered, found = self.offered(named), dict[str, Scalar]()
        for parameter, conditions in self.plan:
            if parameter.name in offered and all(condition.holds(found) for condition in conditions):
                found[parameter.name] = offered[parameter.name]
        return found

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

    KerasTuner tells them apart by name and conditions, a study by name alone. So one whose name stands for other values
    under earlier conditions gets its own in its name here: `lr (optimizer: sgd)`.

    Raises:
        CnnSearchError: one of them is of a kind that KerasTuner does not have.
    """
    found = _Found()
    for declared in hyperparameters.space:
        found.add(declared)
    return SearchSpace(tuple(found.plan), found.distributions, found.names)


class _Found:
    """The parameters, one after the other.

    Attributes:
        plan: them, with their conditions.
        distributions: of those that are searched.
        names: what KerasTuner calls those that have another name here.
    """

    def __init__(self) -> None:
        self.plan: list[tuple[Parameter, tuple[Condition, ...]]] = []
        self.distributions: dict[str, BaseDistribution] = {}
        self.names: dict[str, str] = {}
        self._domains: dict[str, Domain] = {}
        self._declared: dict[str, list[tuple[Any, str]]] = {}

    def add(self, declared: Any) -> None:  # noqa: ANN401 - KerasTuner is not typed
        before = self._declared.setdefault(declared.name, [])
        if any(conditions == declared.conditions for conditions, _ in before):
            return
        domain, distribution = _domain(declared)
        name = self._name(declared, domain)
        before.append((declared.conditions, name))
        conditions = tuple(self._condition(declared.conditions, place) for place in range(len(declared.conditions)))
        self.plan.append((Parameter(name, domain, conditions), conditions))
        self._domains[name] = domain
        if name != declared.name:
            self.names[name] = declared.name
        if distribution is not None:
            self.distributions[name] = distribution

    def _name(self, declared: Any, domain: Domain) -> str:  # noqa: ANN401 - as above
        name = str(declared.name)
        if repr(self._domains.get(name, domain)) == repr(domain):  # equality takes 1 for 1.0 and for true
            return name
        where = ", ".join(f"{each.name}: {'/'.join(map(str, each.values))}" for each in declared.conditions)
        name = f"{name} ({where or 'always'})"[:_LONGEST]
        while name in self._domains:
            name += "'"
        return name

    def _condition(self, conditions: Any, place: int) -> Condition:  # noqa: ANN401 - as above
        """One of them; its parent is the one that was declared under those before it."""
        parent, values = conditions[place].name, tuple(conditions[place].values)
        known = self._declared.get(parent, [])
        return Condition(next((name for under, name in known if under == conditions[:place]), parent), values)


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
    """A range. Optuna has no reversed log scale, which its own samplers draw evenly, and no step on a log scale."""
    low, high, step = declared.min_value, declared.max_value, declared.step
    scale, whole = declared.sampling, isinstance(declared, kt.Int)
    log = scale == "log"
    if scale != "linear" and step is not None:  # a factor
        return _choice(int(value) if whole else value for value in declared.values)
    if step is not None:  # both count from low; Optuna wants high to be one of the steps
        high = _last_step(low, high, step)
    if whole:
        step = step or 1
        return IntRange(low, high, step, scale), IntDistribution(low, high, log, step)
    return FloatRange(low, high, step, scale), FloatDistribution(low, high, log, step)


def _last_step(low: float, high: float, step: float) -> Any:  # noqa: ANN401 - an int of ints, a float of floats
    start, width = Decimal(str(low)), Decimal(str(step))
    return type(low)(start + (Decimal(str(high)) - start) // width * width)
