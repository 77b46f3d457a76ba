"""Samplers and pruners by the names that a space gives them."""

from collections.abc import Callable

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from cnnsearch.spaces.errors import CnnSearchError

SAMPLERS: dict[str, Callable[[int | None], BaseSampler]] = {
    # Tree-structured Parzen estimator (Bergstra et al. 2011); grouped: each branch has its own model of what is good.
    "tpe": lambda seed: TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True),
    "random": lambda seed: RandomSampler(seed=seed),
}
_FIRST_LOOK = 3
"""Epochs that a trial trains before it is compared: earlier, those that learn and those that do not look alike."""
REDUCTION = 3
"""One in so many trials passes a look of asha; the next look comes after so many times the epochs."""
STARTUP = 5
"""Trials that the median pruner lets run first, to have a median."""
PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    # Asynchronous successive halving (Li et al. 2018): at the first look, and at 3, 9, ... times that, the best third
    # goes on.
    "asha": lambda first: SuccessiveHalvingPruner(min_resource=first, reduction_factor=REDUCTION),
    # Below the median of the earlier trials at the same epoch (Golovin et al. 2017).
    "median": lambda first: MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=first),
    "none": lambda _: NopPruner(),
}


def sampler_of(sampler: str | BaseSampler, seed: int | None) -> BaseSampler:
    """A sampler by name, or the one given.

    Raises:
        CnnSearchError: there is no sampler of this name.
    """
    if isinstance(sampler, BaseSampler):
        return sampler
    if sampler not in SAMPLERS:
        raise CnnSearchError(f"sampler: one of {', '.join(SAMPLERS)} or an Optuna sampler, got {sampler!r}.")
    return SAMPLERS[sampler](seed)


def first_look(epochs: int) -> int:
    """After how many epochs a pruner first compares a trial that may train for `epochs` at most."""
    return max(_FIRST_LOOK, round(epochs / 6))


def pruner_of(pruner: str | BasePruner, epochs: int = 0) -> BasePruner:
    """A pruner by name, or the one given.

    Args:
        epochs: how long a trial may train at most; the first look comes after a sixth of them. 0 where nobody knows.

    Raises:
        CnnSearchError: there is no pruner of this name.
    """
    if isinstance(pruner, BasePruner):
        return pruner
    if pruner not in PRUNERS:
        raise CnnSearchError(f"pruner: one of {', '.join(PRUNERS)} or an Optuna pruner, got {pruner!r}.")
    return PRUNERS[pruner](first_look(epochs))


def quiet_optuna() -> None:
    """What Optuna says on its own goes to nobody: the run's own table tells it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
