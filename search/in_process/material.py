"""What somebody's HyperModel is given: images and targets as arrays, the form that KerasTuner's users know."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.dataset import Dataset


@dataclass(frozen=True)
class Part:
    """The images (n, height, width, channels) uint8 and class numbers (n,) int32 of a part."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int32]

    @classmethod
    def of(cls, dataset: Dataset, part: str) -> "Part":
        """A part of a dataset, in memory."""
        rows = dataset.rows(part)
        return cls(dataset.images[rows], dataset.labels[rows])

    def targets(self, model: keras.Model, classes: int) -> NDArray[Any]:
        """Class numbers (n,) where the model's loss or its single output wants them, else rows (n, classes)."""
        if wants_numbers(model):
            return self.labels
        return np.eye(classes, dtype=np.float32)[self.labels]


def wants_numbers(model: keras.Model) -> bool:
    """Whether a model is trained on class numbers: its loss is a sparse one, or unknown, or it has one output."""
    loss = getattr(model, "loss", None)
    if loss is None or model.output_shape[-1] == 1:
        return True
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", type(loss).__name__)
    return name.lower().startswith("sparse")
