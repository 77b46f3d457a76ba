"""What a batch's labels become for the loss: class numbers, or rows of shares; and how much each image counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
ClassWeights = Literal["none", "balanced"] | Mapping[str, float]


@dataclass(frozen=True)
class Targets:
    """What is made of labels.

    Attributes:
        columns: 0 leaves class numbers, (batch,); 1 gives (batch, 1), the share of the second of two classes; else
            (batch, classes), the share of each class.
        smoothing: share of each target that is spread over all classes.
        class_weights: how much an image counts by its class: `none`, `balanced` or by name; see `weights_of_classes`.
    """

    columns: int = 0
    smoothing: float = 0.0
    class_weights: ClassWeights = "none"

    def __post_init__(self) -> None:
        if self.smoothing > 0 and self.columns == 0:
            raise ValueError(f"smoothed targets have columns, got columns=0 with smoothing={self.smoothing}")

    def of_shares(self, shares: NDArray[np.float32]) -> NDArray[np.float32]:
        """Smoothed targets (batch, columns) of shares (batch, classes)."""
        smoothed = shares * np.float32(1 - self.smoothing) + np.float32(self.smoothing / shares.shape[1])
        return smoothed[:, 1:] if self.columns == 1 else smoothed


def weights_of_classes(asked: ClassWeights, classes: Sequence[str], labels: NDArray[np.int32]) -> Weights | None:
    """How much an image of each class counts, (classes,); None where all count the same.

    `balanced` is images / (classes * images of the class), so that every class counts the same in sum and the mean
    image counts 1. In a mapping a class that is not named counts 1; the weights are taken as they are.

    Args:
        labels: the class numbers of the images that are trained on.

    Raises:
        ValueError: the mapping names a class that is none.
    """
    if asked == "none":
        return None
    if isinstance(asked, Mapping):
        if unknown := asked.keys() - set(classes):
            raise ValueError(f"class weights belong to the classes {', '.join(classes)}, got {sorted(unknown)}")
        return np.array([asked.get(name, 1.0) for name in classes], np.float32)
    counts = np.bincount(labels, minlength=len(classes))
    # A class without an image never asks for its weight.
    return (len(labels) / (len(classes) * np.maximum(counts, 1))).astype(np.float32)
