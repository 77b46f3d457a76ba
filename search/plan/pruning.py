"""How many of their epochs trials make under a pruner, if as many of them pass each look as it is meant to.

`asha` lets one in three pass at each look, and always one; `hyperband` is the mean of its brackets, which begin to look
later and later; `median` ends every second one at its first look, `percentile` all but its share, after some whole
trials. `patient` and `threshold` end whom nobody can foresee: they count as none. What else is pruned is not counted.
All looks are in the first fold: who passes makes the others.
"""

from statistics import fmean

from cnnsearch.search.engine.pruners import first_look
from cnnsearch.spaces.sections.pruners import Asha, Hyperband, Median, Patient, Percentile, Pruner, PrunerSection


def epoch_shares(pruner: Pruner, epochs: int, trials: int, folds: int = 1) -> list[float]:
    """For each of the epochs, the share of trials that make it; with folds, in the mean over them."""
    (settings,) = pruner.taken().values()
    first = min(first_look(epochs, settings), epochs) if isinstance(settings, PrunerSection) else epochs
    shares = [1.0] * first + _passing(settings, first, epochs, trials)
    return [(share + (folds - 1) * shares[-1]) / folds for share in shares]


def kept_share(pruner: Pruner, epochs: int, trials: int, folds: int = 1) -> float:
    """The share of all epochs that trials make."""
    return fmean(epoch_shares(pruner, epochs, trials, folds))


def _passing(settings: PrunerSection, first: int, epochs: int, trials: int) -> list[float]:
    """The shares behind the first look."""
    match settings:
        case Hyperband(reduction=reduction):
            return _over_brackets(first, epochs, trials, reduction)
        case Asha(reduction=reduction):
            return _halving(first, first, epochs, trials, reduction)
        case Percentile(percentile=share, startup=startup):
            return _above(share / 100, startup, trials, epochs - first)
        case Median(startup=startup) if not isinstance(settings, Patient):
            return _above(0.5, startup, trials, epochs - first)
    return [1.0] * (epochs - first)


def _halving(first: int, look: int, epochs: int, trials: int, reduction: int) -> list[float]:
    """The shares behind epoch `first` under successive halving whose first look comes at epoch `look`."""
    shares = [1.0] * (min(look, epochs) - first)
    share = 1.0
    while look < epochs:
        share, following = max(share / reduction, 1 / trials), min(look * reduction, epochs)
        shares += [share] * (following - look)
        look = following
    return shares


def _over_brackets(first: int, epochs: int, trials: int, reduction: int) -> list[float]:
    """The mean over the brackets of hyperband, each as large as its share of the budget."""
    looks = [first]
    while looks[-1] * reduction <= epochs:
        looks.append(looks[-1] * reduction)
    sizes = [len(looks) / (index + 1) * reduction**index for index in reversed(range(len(looks)))]
    brackets = [_halving(first, look, epochs, trials, reduction) for look in looks]
    return [sum(map(_product, zip(sizes, each, strict=True))) / sum(sizes) for each in zip(*brackets, strict=True)]


def _product(pair: tuple[float, float]) -> float:
    return pair[0] * pair[1]


def _above(share: float, startup: int, trials: int, epochs: int) -> list[float]:
    """One share for all epochs behind the first look, where so many trials are whole in any case."""
    whole = min(max(startup, 1), trials)
    return [(whole + (trials - whole) * share) / trials] * epochs
