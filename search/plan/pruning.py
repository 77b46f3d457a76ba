"""How many of their epochs trials make under a pruner, if as many of them pass each look as it is meant to.

`asha` lets one in three pass at each look, and always one; `median` ends every second one at its first look, after
five whole trials. What else is pruned is not counted. All looks are in the first fold: who passes makes the others.
"""

from collections.abc import Callable
from statistics import fmean

from cnnsearch.search.engine.samplers import REDUCTION, STARTUP, first_look


def epoch_shares(pruner: str, epochs: int, trials: int, folds: int = 1) -> list[float]:
    """For each of the epochs, the share of trials that make it; with folds, in the mean over them."""
    first = min(first_look(epochs), epochs)
    passing = _PASSING.get(pruner)
    shares = [1.0] * first + (passing(first, epochs, trials) if passing else [1.0] * (epochs - first))
    return [(share + (folds - 1) * shares[-1]) / folds for share in shares]


def kept_share(pruner: str, epochs: int, trials: int, folds: int = 1) -> float:
    """The share of all epochs that trials make."""
    return fmean(epoch_shares(pruner, epochs, trials, folds))


def _halving(first: int, epochs: int, trials: int) -> list[float]:
    """The shares behind the first look under successive halving."""
    shares: list[float] = []
    share, look = 1.0, first
    while look < epochs:
        share, following = max(share / REDUCTION, 1 / trials), min(look * REDUCTION, epochs)
        shares += [share] * (following - look)
        look = following
    return shares


def _above_the_median(first: int, epochs: int, trials: int) -> list[float]:
    whole = min(STARTUP, trials)
    return [(whole + (trials - whole) / 2) / trials] * (epochs - first)


_PASSING: dict[str, Callable[[int, int, int], list[float]]] = {"asha": _halving, "median": _above_the_median}
