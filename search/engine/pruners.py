"""Pruners by the names that a space gives them."""

from collections.abc import Mapping
from typing import Any

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    PatientPruner,
    PercentilePruner,
    SuccessiveHalvingPruner,
    ThresholdPruner,
)
from pydantic import ValidationError

from cnnsearch.search.study.quiet import without_experimental_warnings
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.pruners import (
    Asha,
    Hyperband,
    Median,
    Patient,
    Percentile,
    Pruner,
    PrunerSection,
    Threshold,
)
from cnnsearch.spaces.sections.rules import first_problem

_FIRST_LOOK = 3
"""Epochs that a trial trains before it is compared: earlier, those that learn and those that do not look alike."""


def first_look(epochs: int, pruner: PrunerSection | None = None) -> int:
    """After how many epochs a pruner first compares a trial that may train for `epochs` at most."""
    return pruner.first if pruner and pruner.first is not None else max(_FIRST_LOOK, round(epochs / 6))


def pruner_of(pruner: str | Mapping[str, Any] | Pruner | BasePruner, epochs: int = 0) -> BasePruner:
    """A pruner by its name or its section, or the one given.

    Args:
        epochs: how long a trial may train at most; the first look comes after a sixth of them. 0 where nobody knows.

    Raises:
        CnnSearchError: there is no pruner of this name, or it needs settings.
    """
    if isinstance(pruner, BasePruner):
        return pruner
    try:
        section = pruner if isinstance(pruner, Pruner) else Pruner.model_validate(pruner)
    except ValidationError as error:
        known, why = ", ".join(Pruner.kinds()), first_problem(error)
        raise CnnSearchError(f"pruner: one of {known} or an Optuna pruner, got {pruner!r} ({why}).") from None
    (settings,) = section.taken().values()
    with without_experimental_warnings():
        return _made(settings, epochs)


def _made(settings: PrunerSection, epochs: int) -> BasePruner:
    """The most special kinds first: some are others with more to set."""
    made: BasePruner = NopPruner()
    first = first_look(epochs, settings) if isinstance(settings, PrunerSection) else 0
    match settings:
        case Hyperband(reduction=reduction):
            made = HyperbandPruner(first, max(epochs, first) if epochs else "auto", reduction)
        case Asha(reduction=reduction):
            made = SuccessiveHalvingPruner(first, reduction)
        case Percentile(percentile=share, startup=startup):
            made = PercentilePruner(share, startup, first)
        case Patient(patience=patience, min_delta=delta, startup=startup):
            made = PatientPruner(MedianPruner(startup, first), patience, delta)
        case Median(startup=startup):
            made = MedianPruner(startup, first)
        case Threshold(lower=lower, upper=upper):
            made = ThresholdPruner(lower, upper, first)
    return made
