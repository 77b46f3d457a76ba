"""How near a converted model's answers are to those of Keras, on the same images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.exports.formats import Tolerance


@dataclass(frozen=True)
class Parity:
    """A comparison of two models.

    Attributes:
        images: on how many.
        difference: the largest one of any class's probability.
        agreement: the share of images of which both say the same class.
        holds: whether that is near enough.
    """

    images: int
    difference: float
    agreement: float
    holds: bool


def parity(expected: NDArray[np.float64], got: NDArray[np.float64], tolerance: Tolerance) -> Parity:
    """Compare class probabilities of shape (images, classes); a number that is none agrees with nothing."""
    if got.shape != expected.shape or not np.isfinite(got).all():
        return Parity(len(expected), 1.0, 0.0, holds=False)
    difference = float(np.abs(expected - got).max())
    agreement = float((expected.argmax(axis=1) == got.argmax(axis=1)).mean())
    near = tolerance.difference is None or difference <= tolerance.difference
    return Parity(len(expected), difference, agreement, near and agreement >= tolerance.agreement)
