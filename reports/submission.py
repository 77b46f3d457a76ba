"""A submission as Kaggle takes it: ids from file names, probabilities that no single mistake makes hopeless."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.inert import visible
from cnnsearch.reports.predictions import Predictions
from cnnsearch.search.csv_file import write_rows
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.nearest import among

Probabilities = NDArray[np.float64]
"""Class probabilities, shape (images, classes), each row with a sum of one."""
_BOUNDS = np.geomspace(1e-6, 0.25, 300)
_KAGGLES = ("dog", "dogs")


@dataclass(frozen=True)
class Bound:
    """The least probability that any class is given.

    Attributes:
        least: such as 0.002; 0 where nothing is known to choose it by.
        images: of known class, which the model was surer of than that.
        wrong: how many of these it had wrong.
        before, after: the mean log loss on the images of known class, without the bound and with it.
    """

    least: float = 0.0
    images: int = 0
    wrong: int = 0
    before: float = 0.0
    after: float = 0.0

    def __str__(self) -> str:
        if not self.least:
            return "probabilities are as the model gives them: no predictions of images of known class lie beside it"
        low, high = f"{self.least:.2g}", f"{1 - float(f'{self.least:.2g}'):.7g}"
        return (
            f"probabilities are kept within {low} and {high}: of {self.images:,} images of known class that the model "
            f"was surer of, {self.wrong:,} were wrong, and by Laplace's rule the next one is with a chance of about "
            f"({self.wrong} + 1) / ({self.images} + 2); log loss on the known ones {self.before:.4f} without, "
            f"{self.after:.4f} with"
        )


def id_of(name: str) -> str:
    """The id that a file name gives: `test/12.jpg` is 12."""
    return PurePath(name).stem


def checked_ids(names: Sequence[str]) -> tuple[str, ...]:
    """The ids of images by their names.

    Raises:
        CnnSearchError: two of them are the same.
    """
    ids = tuple(map(id_of, names))
    first: dict[str, str] = {}
    for each, name in zip(ids, names, strict=True):
        if each in first:
            rule = f"each file name gives an id of its own, got {visible(first[each])} and {visible(name)}"
            raise CnnSearchError(str(Problem("TEST_ZIP", rule, "Name the folder or archive of the test images alone.")))
        first[each] = name
    return ids


def in_order(ids: Sequence[str]) -> list[int]:
    """The places of ids, sorted by the numbers in them: 2 before 10, img_2 before img_10."""
    return sorted(range(len(ids)), key=lambda place: _natural(ids[place]))


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.split(r"([0-9]+)", text)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]


def normalized(probabilities: Probabilities) -> Probabilities:
    """Each row brought to a sum of one, as the log loss has it; a row of zeros becomes even."""
    sums = probabilities.sum(axis=1, keepdims=True)
    even = np.full_like(probabilities, 1 / probabilities.shape[1])
    np.divide(probabilities, sums, out=even, where=sums > 0)
    return even


def clipped(probabilities: Probabilities, least: float) -> Probabilities:
    """No class has less than `least`; what some gain, those above it lose, by as much as they are above it.

    Rows keep their sum of one and the order of their classes. Of two classes that is `np.clip`.
    """
    above = np.maximum(probabilities - least, 0)
    room = 1 - least * probabilities.shape[1]
    return np.asarray(least + above * room / above.sum(axis=1, keepdims=True))


def chosen_bound(known: Predictions) -> Bound:
    """The bound with the least expected log loss, judged by images of known class.

    Beside these stand two that nobody has seen, as in Laplace's rule of succession: the model is as sure of them as
    can be, and has one of them right and the other one wrong. So the bound is about (wrong + 1) / (images + 2) of those
    that it was surer of, never 0, and a few hundred lucky answers do not make it tiny.
    """
    count = known.probabilities.shape[1]
    if not len(known) or count < 2:
        return Bound()
    rows = normalized(known.probabilities)
    surest = np.eye(count)[[0, 0]]
    judged, labels = np.vstack([rows, surest]), np.concatenate([known.labels, [0, 1]])
    bounds = _BOUNDS[0.5 / count >= _BOUNDS]
    least = float(min(bounds, key=lambda bound: _loss(clipped(judged, bound), labels)))
    sure = rows.max(axis=1) > 1 - least * (count - 1)
    wrong = int((rows.argmax(axis=1) != known.labels)[sure].sum())
    before, after = (_loss(clipped(rows, bound), known.labels) for bound in (1e-15, least))
    return Bound(least, int(sure.sum()), wrong, before, after)


def _loss(probabilities: Probabilities, labels: NDArray[np.int64]) -> float:
    """The mean negative log probability of the true class in nats."""
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def labelled_class(classes: Sequence[str], asked: str | None = None) -> int:
    """The place of the class whose probability `label` is: the one that is asked for.

    Else of two classes the one called `dog` or `dogs`, as in Kaggle's Dogs vs. Cats, wherever capitals have sorted it;
    else the second. Of several, each has a column, and it means nothing.

    Raises:
        CnnSearchError: another class is asked for, or one of several.
    """
    if asked is None:
        dogs = [place for place, name in enumerate(classes) if name.strip().casefold() in _KAGGLES]
        return dogs[0] if len(classes) == 2 and len(dogs) == 1 else 1
    if len(classes) != 2:
        rule = f"it says which of two classes the column `label` is of, got a model of {len(classes)} classes"
        raise CnnSearchError(str(Problem("--label", rule, "Leave it out: each class has a column of its own.")))
    if asked not in classes:
        rule = f"it is one of the model's classes, got {visible(asked)!r}"
        advice = among(asked, [visible(name) for name in classes], "They are")
        raise CnnSearchError(str(Problem("--label", rule, advice)))
    return classes.index(asked)


def write_submission(
    path: Path, ids: Sequence[str], classes: Sequence[str], probabilities: Probabilities, label: int = 1
) -> None:
    """Write `id,label` with the probability of one of two classes, or a column for each of several.

    Ids are written as they are, whatever a spreadsheet makes of them: the competition made them, and looks for them.

    Raises:
        UnwritableFile: the file cannot be written.
    """
    two = len(classes) == 2
    columns = probabilities[:, [label]] if two else probabilities
    header = ["id", "label"] if two else ["id", *classes]
    rows = ([_id_cell(ids[place]), *columns[place].tolist()] for place in in_order(ids))
    write_rows(path, header, rows, texts=False)


def _id_cell(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and str(int(text)) == text else text
