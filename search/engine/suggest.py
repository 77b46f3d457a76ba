"""KerasTuner's hyperparameters, asked of an Optuna trial."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import keras_tuner
import optuna
from keras_tuner.engine import hyperparameters as kt

from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.values import Scalar


def suggest(trial: optuna.Trial, space: keras_tuner.HyperParameters) -> dict[str, Scalar]:
    """Values for the active parameters of a space, in its order, so that a condition's parent comes before it."""
    drawn = keras_tuner.HyperParameters()
    for parameter in space.space:
        if all(condition.is_active(drawn.values) for condition in parameter.conditions):
            drawn.values[parameter.name] = _value(trial, parameter)
    return dict(drawn.values)


def _value(trial: optuna.Trial, parameter: Any) -> Scalar:  # noqa: ANN401 - KerasTuner is not typed
    name = parameter.name
    if isinstance(parameter, kt.Fixed):
        return parameter.value  # type: ignore[no-any-return]
    if isinstance(parameter, kt.Int | kt.Float):
        return _number(trial, parameter)
    if isinstance(parameter, kt.Boolean):
        return trial.suggest_categorical(name, (False, True))
    if isinstance(parameter, kt.Choice):
        return _chosen(trial, name, parameter.values)
    raise CnnSearchError(
        f"{name}: a parameter is Int, Float, Choice, Boolean or Fixed, got {type(parameter).__name__}."
    )


def _chosen(trial: optuna.Trial, name: str, options: Iterable[Scalar]) -> Scalar:
    chosen: Scalar = trial.suggest_categorical(name, tuple(options))
    return chosen


def _last_step(low: float, high: float, step: float) -> Any:  # noqa: ANN401 - an int of ints, a float of floats
    start, width = Decimal(str(low)), Decimal(str(step))
    return type(low)(start + (Decimal(str(high)) - start) // width * width)


def _number(trial: optuna.Trial, parameter: Any) -> Scalar:  # noqa: ANN401 - KerasTuner is not typed
    """A number of a range. Optuna has no reversed log scale, which is drawn evenly, and no step on a log scale."""
    name, low, high, step = parameter.name, parameter.min_value, parameter.max_value, parameter.step
    log = parameter.sampling == "log"
    whole = isinstance(parameter, kt.Int)
    if log and step is not None and (step != 1 or not whole):
        return _chosen(trial, name, [int(value) if whole else value for value in parameter.values])
    if step is not None and not log:  # both count from low; Optuna wants high to be one of the steps
        high = _last_step(low, high, step)
    if whole:
        return trial.suggest_int(name, low, high, step=1 if log else step or 1, log=log)
    return trial.suggest_float(name, low, high, step=None if log else step, log=log)
