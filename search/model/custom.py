"""Functions of people's own in a space: a block, a network, or a whole keras_tuner.HyperModel.

They are named `package.module:name` and imported from the installed packages or the current folder. Nothing here runs
unless the space was loaded with `allow_code`.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner

from cnnsearch.spaces.document import Block, Custom
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.sections.own_code import ARGUMENT_NAME

Shape = tuple[int, int, int]


def load_function(name: str, key: str) -> Any:  # noqa: ANN401 - whatever lies there
    """What `package.module:name` names.

    Raises:
        CnnSearchError: it cannot be imported, or is nothing that can be called.
    """
    module, _, path = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # as `python -m` does, but last: no file of this folder shall hide a library
        sys.path.append(here)
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except Exception as error:  # a module of somebody's own may raise anything
        rule = f"it names a function that can be imported, got {name} ({type(error).__name__}: {error})"
        raise CnnSearchError(
            str(Problem(key, rule, "The module must be installed or lie in the current folder."))
        ) from error
    if not callable(found) and not isinstance(found, keras_tuner.HyperModel):
        raise CnnSearchError(str(Problem(key, f"it names a function or a HyperModel, got {type(found).__name__}")))
    return found


def custom_block(maps: keras.KerasTensor, block: Block, name: str) -> keras.KerasTensor:
    """The feature maps (batch, rows, columns, filters) that a block's own function makes of others.

    Raises:
        CnnSearchError: the function cannot be imported, fails, or gives something else.
    """
    key = "model.scratch.custom"
    return _maps(_called(load_function(str(block.custom), key), key, (maps, block, name), {}), key)


def custom_features(images: keras.KerasTensor, section: Custom) -> keras.KerasTensor:
    """The feature maps that a network's own function makes of images (batch, height, width, channels), 0-255.

    Raises:
        CnnSearchError: the function cannot be imported, fails, or gives something else.
    """
    key = "model.custom.function"
    return _maps(_called(load_function(section.function, key), key, (images,), section.arguments), key)


def _called(function: Callable[..., Any], key: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:  # noqa: ANN401
    try:
        return function(*given, **named)
    except CnnSearchError:
        raise
    except Exception as error:
        line = (str(error).strip() or type(error).__name__).splitlines()[0]
        rule = f"it builds a network from {', '.join(named) or 'no arguments'}, got {type(error).__name__}: {line}"
        raise CnnSearchError(str(Problem(key, rule, "The traceback is in the trial's log."))) from error


def _maps(found: Any, key: str) -> keras.KerasTensor:  # noqa: ANN401 - whatever the function gave
    if keras.backend.is_keras_tensor(found) and len(found.shape) == 4:
        return found
    got = f"a tensor of shape {tuple(found.shape)}" if keras.backend.is_keras_tensor(found) else type(found).__name__
    rule = f"it gives feature maps (batch, rows, columns, filters), got {got}"
    raise CnnSearchError(str(Problem(key, rule, "Leave pooling, dense layers and output to the head.")))


def hypermodel_of(section: Custom, shape: Shape, classes: int) -> Callable[[keras_tuner.HyperParameters], Any] | None:
    """The `build(hp)` of a section that names a HyperModel; None for one that names a network's function.

    A HyperModel is an instance, a class (made with `input_shape` and `classes` or `num_classes` where it takes them),
    or a function whose first argument is called `hp`.

    Raises:
        CnnSearchError: it cannot be imported or made.
    """
    key = "model.custom.function"
    found = load_function(section.function, key)
    if isinstance(found, type) and issubclass(found, keras_tuner.HyperModel):
        offered = {"input_shape": shape, "classes": classes, "num_classes": classes}
        taken = {name: value for name, value in offered.items() if name in inspect.signature(found).parameters}
        found = _called(found, key, (), taken)
    if isinstance(found, keras_tuner.HyperModel):
        return found.build  # type: ignore[no-any-return]  # KerasTuner is untyped
    if inspect.isfunction(found) and next(iter(inspect.signature(found).parameters), "") == "hp":
        return found
    return None


def build_hypermodel(
    section: Custom, build: Callable[[keras_tuner.HyperParameters], Any], shape: Shape, classes: int
) -> keras.Model:
    """The model that a HyperModel builds with the section's arguments as hyperparameters; others have their defaults.

    Raises:
        CnnSearchError: it fails, or its inputs or outputs are not images and classes.
    """
    key = "model.custom.function"
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.values = dict(section.arguments)
    model = _called(build, key, (hyperparameters,), {})
    check_fits(model, key, shape, classes)
    return model


def check_fits(model: Any, key: str, shape: Shape, classes: int) -> None:  # noqa: ANN401 - whatever was built
    """Check that what a HyperModel has built tells these classes of these images apart; a model is built after it.

    Raises:
        CnnSearchError: it does not.
    """
    if not isinstance(model, keras.Model):
        raise CnnSearchError(str(Problem(key, f"a HyperModel builds a Keras model, got {type(model).__name__}")))
    if not model.built:
        model.build((None, *shape))
    inputs, outputs = tuple(model.input_shape), tuple(model.output_shape)
    if inputs[1:] != shape:
        rule = f"it takes images of (height, width, channels) {shape}, got {inputs[1:]}"
        raise CnnSearchError(str(Problem(key, rule, "Change data.image_size or data.color, or the HyperModel.")))
    if outputs[1:] not in [(classes,), *([(1,)] if classes == 2 else [])]:
        rule = f"it gives one probability for each of {classes} classes, got outputs {outputs[1:]}"
        raise CnnSearchError(str(Problem(key, rule)))


def found_hyperparameters(build: Callable[[keras_tuner.HyperParameters], Any]) -> list[dict[str, Any]]:
    """The hyperparameters of a HyperModel, found by building it until each condition has held once.

    Each as {"name": ..., "node": what the space language says of it, "when": {name: values}}.

    Raises:
        CnnSearchError: it fails, or has hyperparameters that the language cannot say.
    """
    built = explored(lambda hyperparameters: _called(build, "model.custom.function", (hyperparameters,), {}))
    return [_found(parameter) for parameter in built.space]


def explored(build: Callable[[keras_tuner.HyperParameters], Any]) -> keras_tuner.HyperParameters:
    """All hyperparameters of a HyperModel, found by building it until each condition has held once."""
    hyperparameters = keras_tuner.HyperParameters()
    tried: list[Any] = []
    while True:
        build(hyperparameters)
        known = [*tried, *hyperparameters.active_scopes]
        waiting = [scope for scope in hyperparameters.inactive_scopes if scope not in known]
        if not waiting:
            return hyperparameters
        tried.append(waiting[0])
        for condition in waiting[0]:
            hyperparameters.values[condition.name] = condition.values[0]
        for declared in hyperparameters.space:
            if hyperparameters.is_active(declared):
                hyperparameters.values.setdefault(declared.name, declared.default)
        hyperparameters.active_scopes, hyperparameters.inactive_scopes = [], []


def _found(parameter: Any) -> dict[str, Any]:  # noqa: ANN401 - KerasTuner is untyped
    if not ARGUMENT_NAME.fullmatch(parameter.name):
        rule = f"a hyperparameter's name becomes a part of a dotted name, got {parameter.name!r}"
        raise CnnSearchError(str(Problem("model.custom.function", rule, "Give it letters, digits, _ and - only.")))
    when = {condition.name: list(condition.values) for condition in parameter.conditions}
    return {"name": parameter.name, "node": _node(parameter), "when": when}


def _node(parameter: Any) -> Any:  # noqa: ANN401 - KerasTuner is untyped
    """What the space language says of one of KerasTuner's hyperparameters; its default is where the search starts."""
    kind, stepped = type(parameter).__name__, getattr(parameter, "step", None) is not None
    scale = "log" if getattr(parameter, "sampling", "") == "log" else "linear"
    if kind == "Fixed":
        return parameter.value
    if kind == "Boolean":
        return {"choice": [True, False], "prior": parameter.default}
    if kind == "Choice" or (stepped and (kind == "Float" or parameter.sampling != "linear")):
        options = [int(value) if kind == "Int" else value for value in parameter.values]
        return {"choice": options} | ({"prior": parameter.default} if parameter.default in options else {})
    low, high = parameter.min_value, parameter.max_value
    if kind == "Int" and stepped:
        step = parameter.step
        return {"int": [low, low + (high - low) // step * step], "step": step, "prior": parameter.default}
    if kind == "Int":
        return {"int": [low, high], "scale": scale, "prior": parameter.default}
    return {"float": [float(low), float(high)], "scale": scale, "prior": float(parameter.default)}
