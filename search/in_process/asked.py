"""What a search of somebody's HyperModel is asked for, and which keys of the language it takes."""

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras_tuner

from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.sections.objectives import MEASURES
from cnnsearch.spaces.sections.search import EFFORT
from cnnsearch.spaces.sections.section import plain
from cnnsearch.spaces.space import Space

_TAKEN = {
    "data": ("source", "exclude", "image_size", "color", "resize", "split"),
    "training": ("epochs", "batch_size", "early_stopping", "seed"),
    "search": (
        "sampler",
        "pruner",
        "objective",
        "seed",
        "trials",
        "time",
        "epochs",
        "stop_at",
        "max_failures_in_a_row",
    ),
    "keep": ("checkpoints",),
}
_TEXT = "{model: {scratch: {blocks: 1, filters: 1, padding: same}}, training: {batch_size: 32}}"
"""A document wants a network; nothing is made of this one."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A HyperModel and how it is searched.

    Attributes:
        hypermodel: builds and trains the models.
        space: a document whose sections data, training, search and keep count.
        own_batches: whether the HyperModel says itself how large its batches are.
    """

    hypermodel: keras_tuner.HyperModel
    space: Space
    own_batches: bool

    @property
    def configuration(self) -> Configuration:
        """The document, in which nothing is searched."""
        return self.space.configuration({})

    @property
    def key(self) -> str:
        """What messages call its `build`."""
        return f"{name_of(self.hypermodel)}.build"

    def identity(self, hyperparameters: keras_tuner.HyperParameters) -> str:
        """A hash of what makes two searches the same: the HyperModel's text and parameters, and how it is trained."""
        document = plain(self.space.document)
        parts = {
            "text": _text_of(self.hypermodel),
            "parameters": hyperparameters.get_config()["space"],
            "data": {key: document["data"][key] for key in ("image_size", "color", "resize")},
            "training": {key: document["training"][key] for key in _TAKEN["training"]},
            "search": {key: document["search"][key] for key in _TAKEN["search"] if key not in EFFORT},
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def asked_for(given: Any, settings: Sequence[str]) -> Asked:  # noqa: ANN401 - keras_tuner is untyped
    """A HyperModel, or a function `build(hp)`, with `KEY=VALUE` settings.

    Raises:
        CnnSearchError: a setting is not one that such a search takes, or breaks a rule of the language.
    """
    if isinstance(given, type):
        rule = f"a HyperModel is an object, got the class {given.__name__}"
        raise CnnSearchError(str(Problem("space", rule, f"Make one: {given.__name__}().")))
    hypermodel = given if isinstance(given, keras_tuner.HyperModel) else _OfFunction(given)
    if not any(re.match(r"data\.source\s*=", setting) for setting in settings):
        raise CnnSearchError(str(Problem("data", "a HyperModel is searched on images, got none", "Name a folder.")))
    for setting in settings:
        _check_taken(setting)
    space = loads_space(_TEXT, folder_name(hypermodel), settings, where="set")
    if not space.is_configuration:
        names = ", ".join(parameter.name for parameter in space.parameters)
        advice = "Search it as a hyperparameter: hp.Int, hp.Float, hp.Choice."
        raise CnnSearchError(str(Problem("set", f"a HyperModel's settings are fixed, got {names} searched", advice)))
    for goal in space.document.search.goals:
        if goal.metric in MEASURES:
            rule = f"trials of a HyperModel are ranked by metrics of their training, got {goal.metric}"
            raise CnnSearchError(str(Problem("search.objective", rule, "Take one such as val_accuracy.")))
    fit = type(hypermodel).fit is not keras_tuner.HyperModel.fit
    return Asked(hypermodel, space, own_batches=fit and not any(s.startswith("training.batch_size=") for s in settings))


class _OfFunction(keras_tuner.HyperModel):  # type: ignore[misc]  # KerasTuner is untyped
    """A function `build(hp)` as a HyperModel."""

    def __init__(self, function: Callable[[keras_tuner.HyperParameters], Any]) -> None:
        super().__init__(name=getattr(function, "__name__", type(function).__name__))
        self.function = function

    def build(self, hp: keras_tuner.HyperParameters) -> Any:  # noqa: ANN401 - a Keras model, if all goes well
        """What the function builds."""
        return self.function(hp)


def _check_taken(setting: str) -> None:
    key = setting.partition("=")[0].strip()
    section, _, rest = key.partition(".")
    if rest.split(".")[0] in _TAKEN.get(section, ()):
        return
    known = ", ".join(f"{section}.{name}" for section, names in _TAKEN.items() for name in names)
    rule = f"the rest of a HyperModel's training is its own, got {key}"
    raise CnnSearchError(str(Problem("set", rule, f"Write it into build or fit. It takes: {known}.")))


def name_of(hypermodel: Any) -> str:  # noqa: ANN401 - keras_tuner is untyped
    """What a person calls it."""
    return str(hypermodel.name or type(hypermodel).__name__)


def folder_name(hypermodel: Any) -> str:  # noqa: ANN401 - keras_tuner is untyped
    """Its name as a run's folder can have it."""
    return re.sub(r"[^\w.+=-]", "", name_of(hypermodel))[:100].lstrip(".+=-") or "hypermodel"


def _text_of(hypermodel: Any) -> str:  # noqa: ANN401 - keras_tuner is untyped
    """The code that builds it, where Python knows it: changed code is another search."""
    try:
        return inspect.getsource(hypermodel.function if isinstance(hypermodel, _OfFunction) else type(hypermodel))
    except (OSError, TypeError):
        return name_of(hypermodel)
