"""How much each parameter matters for being among the best trials: PED-ANOVA.

Watanabe, Bansal and Hutter, "PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces",
IJCAI 2023, arXiv:2304.10255; parameters that some trials do not have as in "Conditional PED-ANOVA", arXiv:2601.20800.
The numbers are those of optuna.importance, whose import alone takes longer than a whole report.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.charts.dimensions import Dimension
from cnnsearch.reports.wording import value_text
from cnnsearch.search.records import TrialRecord
from cnnsearch.spaces.values import FloatRange, IntRange, Scalar, options_of, size

_STEPS = 50
"""A range is looked at in so many steps at most."""
_LEAST = 2
"""With fewer trials that have it, nothing is known of a parameter."""
_PRIOR = 1.0
_TINY = 1e-12
_NARROWEST = 0.5 / 1.64
"""The least width of a kernel, in steps: 90 % of it lie in the step that it is around."""
_Floats = NDArray[np.float64]


def importances(
    dimensions: Sequence[Dimension], top: Sequence[TrialRecord], trials: Sequence[TrialRecord]
) -> dict[str, float]:
    """The share of each parameter, by name, the largest first; they sum to 1, or are all 0 where nothing tells.

    Args:
        dimensions: the parameters to compare.
        top: the best of the trials.
        trials: all trials with a score.
    """
    found = {dimension.name: _importance(dimension, top, trials) for dimension in dimensions}
    total = sum(found.values())
    shares = {name: value / total if total > 0 else 0.0 for name, value in found.items()}
    return dict(sorted(shares.items(), key=lambda each: -each[1]))


def _importance(dimension: Dimension, top: Sequence[TrialRecord], trials: Sequence[TrialRecord]) -> float:
    """The divergence between the values of the best and of all, times what having the parameter has to do with it."""
    best, everyone = _codes(dimension, top), _codes(dimension, trials)
    if not len(best) or len(everyone) < _LEAST:
        return 0.0
    density = _ranged if dimension.is_numeric else _listed
    steps = steps_of(dimension)
    at_best, at_all = density(best, steps) + _TINY, density(everyone, steps) + _TINY
    weight = (len(best) / len(top)) ** 2 / (len(everyone) / len(trials))
    return weight * float(at_all @ (at_best / at_all - 1) ** 2)


def steps_of(dimension: Dimension) -> int:
    """How many values of a parameter are told apart; on a scale of whole numbers those that lie apart by factors."""
    count, domain = size(dimension.domain), dimension.domain
    if isinstance(domain, IntRange) and domain.scale == "log":
        count = math.ceil(math.log(domain.high - domain.low + 1) / math.log(2)) + 1
    return _STEPS if count is None else count if not dimension.is_numeric else min(_STEPS, count)


def _codes(dimension: Dimension, trials: Sequence[TrialRecord]) -> NDArray[np.int64]:
    """The step of each value, for the trials that have one, from 0."""
    values = [trial.values[dimension.name] for trial in trials if dimension.name in trial.values]
    if isinstance(dimension.domain, IntRange | FloatRange):
        return _steps(dimension.domain, values, steps_of(dimension))
    places: Mapping[str, int] = {value_text(option): i for i, option in enumerate(options_of(dimension.domain))}
    return np.array([places[value_text(value)] for value in values], np.int64)


def _steps(domain: IntRange | FloatRange, values: Sequence[Scalar], count: int) -> NDArray[np.int64]:
    is_log = domain.scale == "log"
    ends, places = np.array([domain.low, domain.high], np.float64), np.array(values, np.float64)
    (low, high), places = (np.log(ends), np.log(places)) if is_log else (ends, places)
    steps = np.ceil((places - low) / ((high - low) / (count - 1)) - 0.5)  # what lies between two belongs to the lower
    return np.asarray(np.clip(steps, 0, count - 1), np.int64)


def _listed(codes: NDArray[np.int64], steps: int) -> _Floats:
    """The density of values of a list, shape (steps,): each value that was seen is a kernel, and so is the prior."""
    counts = np.bincount(codes, minlength=steps)
    seen = np.flatnonzero(counts)
    kernels = np.full((len(seen) + 1, steps), _PRIOR / (len(seen) + 1))
    kernels[np.arange(len(seen)), seen] += 1
    kernels /= kernels.sum(axis=1, keepdims=True)
    weights = np.append(counts[seen], _PRIOR)
    return np.asarray(weights / weights.sum() @ kernels, np.float64)


def _ranged(codes: NDArray[np.int64], steps: int) -> _Floats:
    """The density of values of a range, shape (steps,): normal kernels cut off at both ends."""
    counts = np.bincount(codes, minlength=steps)
    seen = np.flatnonzero(counts)
    means = np.append(seen, (steps - 1) / 2)
    widths = np.append(np.full(len(seen), _width(seen, counts[seen])), steps)
    edges = np.arange(steps + 1) - 0.5
    below = _normal((edges[None, :] - means[:, None]) / widths[:, None])
    kernels = np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
    weights = np.append(counts[seen], _PRIOR)
    return np.asarray(weights / weights.sum() @ kernels, np.float64)


def _width(seen: NDArray[np.int64], counts: NDArray[np.int64]) -> float:
    """The width of kernels by Scott's rule (Multivariate Density Estimation, 1992), in steps."""
    total, summed = counts.sum(), np.cumsum(counts)
    mean = (seen @ counts) / total
    deviation = math.sqrt(((seen - mean) ** 2 @ counts) / max(1, total - 1))
    first = int(np.searchsorted(summed, total // 4, side="left"))
    third = int(np.searchsorted(summed, total * 3 // 4, side="right"))
    between = seen[min(seen.size - 1, third)] - seen[first]
    return max(float(1.059 * min(between / 1.34, deviation) * total**-0.2), _NARROWEST)


def _normal(values: _Floats) -> _Floats:
    """The normal distribution up to each value."""
    errors = np.fromiter(map(math.erf, (values / math.sqrt(2)).ravel().tolist()), np.float64, values.size)
    return np.asarray(0.5 * (1 + errors.reshape(values.shape)), np.float64)
