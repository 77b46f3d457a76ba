"""Samplers by the names that a space gives them."""

import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from optuna.samplers import BaseSampler, CmaEsSampler, NSGAIIISampler, NSGAIISampler
from pydantic import ValidationError

from cnnsearch.search.engine.samplers.covering import ChanceSampler, GridSampler, QmcSampler
from cnnsearch.search.engine.samplers.evolution import EvolutionSampler, LocalSampler
from cnnsearch.search.engine.samplers.gp import GpSampler
from cnnsearch.search.engine.samplers.grouped_tpe import GroupedTpeSampler
from cnnsearch.search.engine.samplers.space_sampler import SpaceSampler
from cnnsearch.search.engine.samplers.turn import Method, Turn
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.sections.rules import first_problem
from cnnsearch.spaces.sections.samplers import Cmaes, Genetic, Sampler
from cnnsearch.spaces.sections.section import Section

_MEMORY, _FEW = 500, 100
"""Trials that are looked back on where more would cost time and tell little: the best, and the latest. The Gaussian
process takes time by the third power of their number."""


def sampler_of(sampler: str | Mapping[str, Any] | Sampler | BaseSampler) -> Method:
    """A sampler by its name or its section, or the one given.

    Raises:
        CnnSearchError: there is no sampler of this name, or a library that it needs is missing.
    """
    if isinstance(sampler, BaseSampler):
        return Method(lambda _: sampler)
    try:
        section = sampler if isinstance(sampler, Sampler) else Sampler.model_validate(sampler)
    except ValidationError as error:
        known, why = ", ".join(METHODS), first_problem(error)
        raise CnnSearchError(f"sampler: one of {known} or an Optuna sampler, got {sampler!r} ({why}).") from None
    ((name, settings),) = section.taken().items()
    return METHODS[name](settings)


def _of_ours(made: Callable[..., BaseSampler], memory: int | None = None) -> Callable[[Section], Method]:
    """One whose settings are the arguments of its class."""
    knows_scales = isinstance(made, type) and issubclass(made, SpaceSampler)
    return lambda settings: Method(lambda turn: made(turn, **dict(settings)), memory, knows_scales)


def _genetic(made: type[NSGAIISampler | NSGAIIISampler], settings: Genetic) -> Method:
    return Method(lambda turn: made(population_size=settings.population, seed=turn.own_seed))


def _cmaes(settings: Cmaes) -> Method:
    _check_there("cmaes", "cmaes")

    def made(turn: Turn) -> BaseSampler:
        return CmaEsSampler(seed=turn.own_seed, n_startup_trials=settings.startup, warn_independent_sampling=False)

    return Method(made)


def _check_there(module: str, sampler: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise CnnSearchError(
            f"sampler {sampler}: it needs the library {module}, which is not installed. "
            f"Run pip install 'cnnsearch[{sampler}]', or take another sampler."
        )


METHODS: dict[str, Callable[..., Method]] = {
    "gp": _of_ours(GpSampler, _FEW),
    "tpe": _of_ours(GroupedTpeSampler, _MEMORY),
    "random": _of_ours(ChanceSampler),
    "grid": _of_ours(GridSampler),
    "qmc": _of_ours(QmcSampler),
    "evolution": _of_ours(EvolutionSampler, _MEMORY),
    "local": _of_ours(LocalSampler, _MEMORY),
    "cmaes": _cmaes,
    "nsga2": partial(_genetic, NSGAIISampler),
    "nsga3": partial(_genetic, NSGAIIISampler),
}
"""What makes a way to choose out of the settings of each kind of the language."""
