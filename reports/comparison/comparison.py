"""What differs between two sides, as plain values: parameters, scores on each part, images that only one gets right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.comparison.mcnemar import McNemar, mcnemar
from cnnsearch.reports.comparison.parameters import Differing, differing
from cnnsearch.reports.comparison.sides import Side
from cnnsearch.reports.predictions import Predictions
from cnnsearch.reports.scores import accuracy_interval
from cnnsearch.reports.wording import without_indices
from cnnsearch.search.records import Epoch
from cnnsearch.search.settings_file import is_settings
from cnnsearch.spaces.load import load_space

PARTS = ("validation", "test")


@dataclass(frozen=True)
class Score:
    """A side's accuracy on a part, with its 95 % interval."""

    accuracy: float
    low: float
    high: float
    images: int


@dataclass(frozen=True)
class OnlyOne:
    """An image that one side alone gets right.

    Attributes:
        image: its name.
        label: its class.
        taken_for: what the other side takes it for.
        probability: how sure that one is.
    """

    image: str
    label: str
    taken_for: str
    probability: float


@dataclass(frozen=True)
class PartCompared:
    """Both sides on the images of a part that both have seen none the less.

    Attributes:
        part: `validation` or `test`.
        images: how many both have predictions of.
        both, neither: how many both get right, and none of them.
        first, second: those that the first alone gets right, and the second; the surest mistake first.
        test: McNemar's.
    """

    part: str
    images: int
    both: int
    neither: int
    first: tuple[OnlyOne, ...]
    second: tuple[OnlyOne, ...]
    test: McNemar


@dataclass(frozen=True)
class Comparison:
    """All of it.

    Attributes:
        sides: the two.
        parameters: what differs between their configurations; None where one of them has none.
        scores: by part, for each side; None where it has no predictions of it.
        parts: what both have predictions of.
        metric: whose curves are compared; empty where no epoch of both has one.
    """

    sides: tuple[Side, Side]
    parameters: tuple[Differing, ...] | None
    scores: dict[str, tuple[Score | None, Score | None]]
    parts: tuple[PartCompared, ...]
    metric: str


def compared(first: Side, second: Side) -> Comparison:
    """What differs between two sides.

    Raises:
        CnnSearchError: a configuration breaks rules of the language.
    """
    scores = {part: (_score(first.predictions, part), _score(second.predictions, part)) for part in PARTS}
    known = {part: pair for part, pair in scores.items() if any(pair)}
    parts = tuple(_parts(first, second)) if first.predictions and second.predictions else ()
    return Comparison((first, second), _parameters(first, second), known, parts, _metric(first, second))


def _parameters(first: Side, second: Side) -> tuple[Differing, ...] | None:
    if not (first.config.is_file() and second.config.is_file()):
        return None
    one, other = _settings(first), _settings(second)
    drawn = {without_indices(path) for side in (first, second) if side.trial for path in side.trial.values}
    return differing(one, other, drawn)


def _settings(side: Side) -> Mapping[str, Any]:
    """The tree of a configuration; of a trial of somebody's HyperModel, its values."""
    if side.trial and is_settings(side.config):
        return {"hyperparameters": dict(side.trial.values)}
    return load_space(side.config, allow_code=True).tree


def _metric(first: Side, second: Side) -> str:
    """The first run's objective where both have it, else the accuracy or the loss of the validation part."""
    asked = [side.objectives.epoch.metric for side in (first, second) if side.objectives]
    shared = _metrics(first.epochs) & _metrics(second.epochs)
    return next((name for name in (*asked, "val_accuracy", "val_loss") if name in shared), "")


def _metrics(epochs: Sequence[Epoch]) -> set[str]:
    return {name for epoch in epochs for name in epoch.metrics}


def _score(predictions: Predictions | None, part: str) -> Score | None:
    rows = predictions.of(part) if predictions else None
    if rows is None or not len(rows):
        return None
    correct = int((rows.labels == rows.predicted).sum())
    return Score(correct / len(rows), *accuracy_interval(correct, len(rows)), len(rows))


def _parts(first: Side, second: Side) -> Iterator[PartCompared]:
    """What both say of the same images of a part: of one data set by their names, of two by what is in the files."""
    by_content = bool(first.contents and second.contents and first.contents != second.contents)
    for part in PARTS:
        one, other = (side.predictions.of(part) for side in (first, second) if side.predictions)
        places = {key: row for row, key in enumerate(_keys(other, second.contents if by_content else {}))}
        keys = enumerate(_keys(one, first.contents if by_content else {}))
        pairs = [(row, places.pop(key)) for row, key in keys if key in places]
        if pairs:
            yield _part(part, one, other, np.array(pairs, dtype=np.int64))


def _keys(predictions: Predictions, contents: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    labels = (predictions.classes[label] for label in predictions.labels)
    return zip((contents.get(name, name) for name in predictions.images), labels, strict=True)


def _part(part: str, one: Predictions, other: Predictions, rows: NDArray[np.int64]) -> PartCompared:
    mine, theirs = rows[:, 0], rows[:, 1]
    right = (one.labels == one.predicted)[mine]
    others_right = (other.labels == other.predicted)[theirs]
    first = _only(other, theirs[right & ~others_right])
    second = _only(one, mine[~right & others_right])
    both, neither = int((right & others_right).sum()), int((~right & ~others_right).sum())
    return PartCompared(part, len(rows), both, neither, first, second, mcnemar(len(first), len(second)))


def _only(wrong: Predictions, rows: NDArray[np.int64]) -> tuple[OnlyOne, ...]:
    """The images of these rows, which this side gets wrong."""
    sure = wrong.probabilities[rows, wrong.predicted[rows]]
    return tuple(
        OnlyOne(
            wrong.images[row],
            wrong.classes[int(wrong.labels[row])],
            wrong.classes[int(wrong.predicted[row])],
            float(wrong.probabilities[row, wrong.predicted[row]]),
        )
        for row in rows[np.argsort(-sure, kind="stable")]
    )
