"""A Gaussian process over configurations: what is known of those that were tried says what to expect of others.

Matérn 5/2 with a weight for each parameter (Rasmussen and Williams 2006, chapters 4 and 5), in numpy. The weights are
those of the largest posterior density, whose prior grows weaker with the number of parameters: without it a dozen of
trials would be explained by whichever parameter chance has sorted them by (Hvarfner et al. 2024, arXiv:2402.02229).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROOT_5 = 5**0.5
_WEIGHT, _WEIGHT_SPREAD = 1.7, 1.0
"""The prior of a weight: the median for one parameter, which is divided by the root of their number, and the deviation
of its logarithm."""
_NOISE, _NOISE_SPREAD = 1e-2, 1.5
"""The same of the noise: the variance of a score that is measured again, as a share of the variance of all."""
_JITTER = 1e-6
_STEPS = 20
"""Of the search for the weights."""


def distances(ours: Floats, theirs: Floats, ordered: NDArray[np.bool_]) -> Floats:
    """How far configurations are apart in each parameter, from 0 to 1, squared: (parameters, ours, theirs).

    Args:
        ours, theirs: a row for each configuration, a column for each parameter.
        ordered: of each parameter whether its values are places from 0 to 1; else values are equal or not.
    """
    apart = np.abs(ours.T[:, :, None] - theirs.T[:, None, :])
    squared: Floats = np.where(ordered[:, None, None], apart, apart > 0) ** 2.0
    return squared


@contextmanager
def on_one_core() -> Iterator[None]:
    """Within it, linear algebra takes one core of this process: our matrices are small, and the cores are the trials'.

    Beside busy trials, threads that wait for one another take 15 times as long as one alone: 0.94 s instead of 0.06 s
    for 250 configurations on two cores. And what is drawn does not depend on how many cores a machine has.
    """
    with _linear_algebra().limit(limits=1):
        yield


@cache
def _linear_algebra() -> Any:  # noqa: ANN401 - threadpoolctl has no types
    """The libraries of it in this process, that of scipy included."""
    import scipy.linalg  # noqa: F401 - loaded for its library
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@dataclass(frozen=True)
class GaussianProcess:
    """What is known of some configurations.

    Attributes:
        weights: of the parameters, squared.
        noise: the variance of a score that is measured again, as a share of `scale`.
        scale: the variance of scores.
        factor: the Cholesky factor of the covariance of the known ones, lower; without the scale.
        answers: that covariance's inverse times their scores.
    """

    weights: Floats
    noise: float
    scale: float
    factor: Floats
    answers: Floats

    @classmethod
    def of(cls, apart: Floats, scores: Floats) -> "GaussianProcess":
        """The likeliest one.

        Args:
            apart: the distances of the known configurations from each other.
            scores: theirs, with a mean near 0 and a variance near 1; more is better.
        """
        from scipy.optimize import minimize  # slow to import

        count = len(apart)
        prior = np.log(np.array([_WEIGHT / max(1, count) ** 0.5] * count + [_NOISE]))
        spread = np.array([_WEIGHT_SPREAD] * count + [_NOISE_SPREAD])
        found = minimize(
            _loss,
            prior,
            args=(apart, scores, prior, spread),
            jac=True,
            method="L-BFGS-B",
            bounds=[(-5.0, 3.0)] * count + [(np.log(1e-5), 0.0)],
            options={"maxiter": _STEPS},
        )
        weights, noise = np.exp(2 * found.x[:-1]), float(np.exp(found.x[-1]))
        unscaled = cls(weights, noise, 1.0, np.eye(1), scores).knowing(apart, scores)
        return replace(unscaled, scale=_scale(scores, unscaled.answers))

    def knowing(self, apart: Floats, scores: Floats) -> "GaussianProcess":
        """The same of other configurations."""
        factor = _factor(_covariance(apart, self.weights)[0], self.noise)
        return replace(self, factor=factor, answers=_solved(factor, scores))

    def expects(self, apart: Floats) -> tuple[Floats, Floats]:
        """Mean and deviation of the scores of other configurations, by their distances (parameters, known, others)."""
        from scipy.linalg import solve_triangular  # slow to import

        shared, _ = _covariance(apart, self.weights)
        left = solve_triangular(self.factor, shared, lower=True, check_finite=False)
        variance = self.scale * (1 - (left**2).sum(axis=0))
        return shared.T @ self.answers, np.sqrt(np.maximum(variance, 1e-12))


def _covariance(apart: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Of scores, without their scale; and its derivative by the squared weighted distance."""
    distance = _ROOT_5 * np.sqrt(np.tensordot(weights, apart, 1))
    decay = np.exp(-distance)
    return (1 + distance + distance**2 / 3) * decay, -(5 / 6) * (1 + distance) * decay


def _factor(covariance: Floats, noise: float) -> Floats:
    return np.asarray(np.linalg.cholesky(covariance + (noise + _JITTER) * np.eye(len(covariance))), dtype=np.float64)


def _solved(factor: Floats, values: Any) -> Any:  # noqa: ANN401 - a vector or a matrix
    from scipy.linalg import cho_solve  # slow to import

    return cho_solve((factor, True), values, check_finite=False)


def _scale(scores: Floats, answers: Floats) -> float:
    """The likeliest variance, drawn towards 1 as by one more score."""
    return float((scores @ answers + 1) / (len(scores) + 1))


def _loss(logs: Floats, apart: Floats, scores: Floats, prior: Floats, spread: Floats) -> tuple[float, Floats]:
    """The negative logarithm of the posterior density, and its gradient by the logarithms of weights and noise."""
    weights, noise, count = np.exp(2 * logs[:-1]), float(np.exp(logs[-1])), len(scores)
    covariance, slope = _covariance(apart, weights)
    factor = _factor(covariance, noise)
    inverse = _solved(factor, np.eye(count))
    answers = inverse @ scores
    scale, off = _scale(scores, answers), (logs - prior) / spread
    loss = 0.5 * count * np.log(scale) + np.log(np.diag(factor)).sum() + 0.5 * off @ off
    pull = 0.5 * inverse - (0.5 * count / (scale * (count + 1))) * np.outer(answers, answers)
    by_weights = 2 * weights * np.tensordot(apart, pull * slope, 2)
    return float(loss), np.append(by_weights, noise * np.trace(pull)) + off / spread
