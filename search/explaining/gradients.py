"""How a score changes with what it is computed from: the one thing that each backend of Keras does its own way."""

import importlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.spaces.errors import CnnSearchError


def gradients(score: Callable[[Any], Any], at: NDArray[np.float32]) -> NDArray[np.float32]:
    """The gradient of `score`, which makes one number of a tensor, at these values; of their shape.

    Raises:
        CnnSearchError: the backend is one whose way is not known.
    """
    backend = keras.backend.backend()
    if backend not in _WAYS:
        known = " and ".join(_WAYS)
        raise CnnSearchError(f"KERAS_BACKEND: gradients are computed with {known}, got {backend}. Name one of these.")
    return np.asarray(_WAYS[backend](score, keras.ops.convert_to_tensor(at)), dtype=np.float32)


def _tensorflow(score: Callable[[Any], Any], at: Any) -> Any:  # noqa: ANN401 - tensors
    with importlib.import_module("tensorflow").GradientTape() as tape:
        tape.watch(at)
        found = score(at)
    return tape.gradient(found, at)


def _jax(score: Callable[[Any], Any], at: Any) -> Any:  # noqa: ANN401 - tensors
    return importlib.import_module("jax").grad(score)(at)


_WAYS = {"tensorflow": _tensorflow, "jax": _jax}
