"""Which photos are shown of all that a model was asked about: its worst mistakes, its doubts, what it is sure of."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnsearch.search.csv_file import cell

MOST_WRONG, LEAST_SURE = 24, 12
"""How many photos the gallery has."""
_PARTS = ("test", "validation")


@dataclass(frozen=True)
class Predicted:
    """A photo that the model was asked about.

    Attributes:
        image: its name, as `predictions.csv` has it.
        label: the number of its class.
        predicted: the number of the class that the model takes it for.
        shares: the probability of each class.
    """

    image: str
    label: int
    predicted: int
    shares: tuple[float, ...]

    @property
    def is_right(self) -> bool:
        """Whether the model is right."""
        return self.label == self.predicted

    @property
    def probability(self) -> float:
        """Of the class that the model takes it for."""
        return self.shares[self.predicted]

    @property
    def lead(self) -> float:
        """How far the most probable class is before the next."""
        first, second = sorted(self.shares, reverse=True)[:2]
        return first - second


def read_predicted(predictions: Path, classes: Sequence[str]) -> tuple[str, list[Predicted]]:
    """The test part, or the validation part where there is no test part, and the photos of it; none where it has none.

    Raises:
        OSError, ValueError, KeyError: the file cannot be read, or is of other classes.
    """
    numbers = {str(cell(name)): number for number, name in enumerate(classes)}
    with predictions.open(encoding="utf-8", newline="") as file:
        _, *lines = csv.reader(file)
    for part in _PARTS:
        if asked := [_asked(line, numbers) for line in lines if line[0] == part]:
            return part, asked
    return _PARTS[-1], []


def _asked(line: Sequence[str], numbers: Mapping[str, int]) -> Predicted:
    _, image, label, predicted, *shares = line
    return Predicted(image, numbers[label], numbers[predicted], tuple(map(float, shares)))


def rows_of(names: Sequence[str]) -> dict[str, int]:
    """The row of each photo of a dataset by its name as a table has it: bytes that are no UTF-8 are spelled out."""
    told = (str(cell(name)).encode("utf-8", "backslashreplace").decode("utf-8") for name in names)
    return {name: row for row, name in enumerate(told)}


def most_wrong(asked: Sequence[Predicted], most: int = MOST_WRONG) -> list[Predicted]:
    """The mistakes, the most confident one first."""
    return sorted((one for one in asked if not one.is_right), key=lambda one: -one.probability)[:most]


def least_sure(asked: Sequence[Predicted], most: int = LEAST_SURE) -> list[Predicted]:
    """The photos whose two most probable classes are closest to each other."""
    return sorted(asked, key=lambda one: one.lead)[:most]


def surely_right(asked: Sequence[Predicted], most: int) -> list[Predicted]:
    """What the model is right about and surest of, from as many classes as possible."""
    right = sorted((one for one in asked if one.is_right), key=lambda one: -one.probability)
    turns: dict[int, int] = {}
    order: list[tuple[int, int]] = []
    for index, one in enumerate(right):
        order.append((turns.setdefault(one.label, 0), index))
        turns[one.label] += 1
    return [right[index] for _, index in sorted(order)[:most]]
