"""What is measured of a model when it stands and is not trained yet: its weights, their bytes, its latency.

A model that breaks a constraint on one of these is not trained.
"""

import time
from dataclasses import dataclass
from statistics import median

import keras
import numpy as np

from cnnsearch.search.devices.facts import device_facts
from cnnsearch.search.model.views import seen_through
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Built
from cnnsearch.search.trial.whole import Whole
from cnnsearch.spaces.document import Configuration, Search
from cnnsearch.spaces.sections.constraints import Limit
from cnnsearch.spaces.sections.objectives import MEASURES

_WARM_UP = 5
"""Predictions that are not timed: the first one traces the model, the next ones fill caches."""
_TIMED, _SECONDS = 50, 3.0
"""Predictions that are timed at most, and about how long they take together at most, once there are some."""
_LEAST = 5


@dataclass(frozen=True)
class Measures:
    """What is asked of a built model.

    Attributes:
        latency: whether its latency is asked for.
        limits: the constraints that a trial must keep to before it is trained.
    """

    latency: bool = False
    limits: tuple[Limit, ...] = ()


class OutOfLimits(Exception):
    """A built model breaks a constraint: its trial is over."""


def measures_of(search: Search) -> Measures:
    """What a space asks of built models."""
    names = {*(goal.metric for goal in search.goals), *(limit.name for limit in search.limits)}
    return Measures("latency" in names, tuple(limit for limit in search.limits if limit.name in MEASURES))


def tell_built(line: Line, whole: Whole, configuration: Configuration, measures: Measures) -> None:
    """Tell the parent of a network that stands.

    Raises:
        OutOfLimits: it breaks a constraint.
    """
    training = configuration.training
    seconds = latency(seen_through(whole.model, configuration.evaluation)) if measures.latency else None
    built = Built(
        whole.parameters,
        device_facts().kind,
        whole.model_size,
        seconds,
        precision=training.precision,
        jit=training.jit is True,
    )
    line.tell(built)
    known = {"parameters": built.parameters, "model_size": built.model_size, "latency": built.latency}
    if any(limit.violation(known[limit.name]) for limit in measures.limits):
        raise OutOfLimits


def latency(model: keras.Model) -> float:
    """The median time of a prediction of one image, in seconds, on the device of this process, after some to warm up.

    The model, built and maybe not compiled, takes images (batch, height, width, channels). Each prediction begins with
    an image in memory and ends with its probabilities there, so calls and transfers are in it. It is a copy that
    predicts, with the same weights: the model itself stays as it was.
    """
    twin = keras.Model(model.inputs, model.outputs)
    image = np.random.default_rng(0).integers(0, 256, (1, *model.input_shape[1:])).astype(np.uint8)
    for _ in range(_WARM_UP):
        twin.predict_on_batch(image)
    taken: list[float] = []
    while len(taken) < _LEAST or (len(taken) < _TIMED and sum(taken) < _SECONDS):
        began = time.perf_counter()
        twin.predict_on_batch(image)
        taken.append(time.perf_counter() - began)
    return median(taken)
