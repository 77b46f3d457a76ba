"""What a model's outputs say of the classes; without Keras, for those who only read predictions."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", np.float32, np.float64)


def class_probabilities(outputs: NDArray[Float]) -> NDArray[Float]:
    """Probabilities (images, classes) from a model's outputs, (images, classes) or, from a sigmoid, (images, 1).

    A single sigmoid output is the probability of the second of two classes.
    """
    outputs = np.asarray(outputs)  # Keras gives tensors of its backend
    return np.concatenate([1 - outputs, outputs], axis=1) if outputs.shape[1] == 1 else outputs
