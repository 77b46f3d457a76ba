"""A model's predictions for validation and test part, as `predictions.csv` in its folder holds them."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.csv_file import cell
from cnnsearch.search.json_file import unreadable
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem

PROBABILITY = "p:"
_COLUMNS = ("part", "image", "label", "predicted")


@dataclass(frozen=True)
class Predictions:
    """What a model says about images whose class is known.

    Attributes:
        classes: the classes' names in the order of the model's outputs.
        parts: for each image its part, `validation` or `test`.
        images: for each image its name.
        labels: for each image the index of its true class, shape (images,).
        predicted: for each image the index of the class the model takes it for, shape (images,).
        probabilities: shape (images, classes).
    """

    classes: tuple[str, ...]
    parts: tuple[str, ...]
    images: tuple[str, ...]
    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def of(self, part: str) -> "Predictions":
        """The predictions of one part; empty where there is none."""
        rows = np.array([index for index, name in enumerate(self.parts) if name == part], dtype=np.int64)
        return Predictions(
            self.classes,
            tuple(self.parts[row] for row in rows),
            tuple(self.images[row] for row in rows),
            self.labels[rows],
            self.predicted[rows],
            self.probabilities[rows],
        )

    def __len__(self) -> int:
        return len(self.images)


def read_asked_metrics(folder: ModelFolder, part: str) -> dict[str, float]:
    """What a search asked for beside the usual scores, on one part; none where it asked for nothing."""
    try:
        found = json.loads(folder.asked_metrics.read_text(encoding="utf-8"))[part]
        return {str(name): float(value) for name, value in found.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def read_predictions(folder: ModelFolder) -> Predictions:
    """Read a model folder's `predictions.csv` and `classes.json`.

    Raises:
        CnnSearchError: one of them is absent or damaged.
    """
    classes = ModelLabel.read(folder.classes).classes
    columns = [str(cell(name)) for name in (*_COLUMNS, *(PROBABILITY + name for name in classes))]
    try:
        with folder.predictions.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(reader.fieldnames or (), columns)
            return _predictions(classes, list(reader))
    except (OSError, ValueError, TypeError, csv.Error) as error:
        rule = f"a table with the columns {','.join(columns)} must lie here, got {unreadable(error)}."
        advice = "Train the model again: cnnsearch retrain."
        raise CnnSearchError(str(Problem(str(folder.predictions), rule, advice))) from error


def _check_header(header: Sequence[str], columns: Sequence[str]) -> None:
    if list(header) != list(columns):
        raise ValueError(f"the columns {','.join(header) or '(none)'}")


def _predictions(classes: tuple[str, ...], rows: list[Mapping[str, str]]) -> Predictions:
    index = {form: k for k, name in enumerate(classes) for form in (str(cell(name)), name)}
    unknown = {row[column] for row in rows for column in ("label", "predicted")} - set(index)
    if unknown:
        raise ValueError(f"the unknown class {min(unknown, key=str)!r}")
    numbers = [[float(row[PROBABILITY + name]) for name in classes] for row in rows]
    probabilities = np.array(numbers, dtype=np.float64).reshape(len(rows), len(classes))
    if not np.isfinite(probabilities).all():
        raise ValueError("a probability that is no number")
    return Predictions(
        classes,
        tuple(row["part"] for row in rows),
        tuple(row["image"] for row in rows),
        np.array([index[row["label"]] for row in rows], dtype=np.int64),
        np.array([index[row["predicted"]] for row in rows], dtype=np.int64),
        probabilities,
    )
