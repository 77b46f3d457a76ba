"""Which image goes to the train, validation or test part. Pure: from labels, content hashes and groups alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import PARTS, TEST, TRAIN, VALIDATION
from cnnsearch.search.dataset.split.groups import Groups
from cnnsearch.search.dataset.split.pieces import pieces_of

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """Which share of each class goes to validation and test, and the seed of the draw.

    Attributes:
        validation: from 0 to 1; not used where there are folds.
        test: from 0 to 1.
        seed: decides which images go where.
        folds: in how many folds what is not tested is cut; None for one split by `validation`.
        fold: the number of the fold to validate on, from 0; the other folds are trained on.
    """

    validation: float
    test: float
    seed: int
    folds: int | None = None
    fold: int = 0

    def __post_init__(self) -> None:
        """Refuse a fold that is not there.

        Raises:
            ValueError: there is no fold of this number.
        """
        if not 0 <= self.fold < (self.folds or 1):
            raise ValueError(f"the folds have the numbers from 0 to {(self.folds or 1) - 1}, got {self.fold}")


def split_rows(
    classes: Sequence[str],
    labels: Sequence[int],
    contents: Sequence[str],
    given: Sequence[str | None],
    shares: Shares,
    groups: Groups,
) -> Mapping[str, Rows]:
    """The row numbers of each part, ascending, for images given by label, content hash, the layout's part and group.

    Each class is split by itself, a group always stays together, and an image keeps its side when others are added:
    `pieces_of` says how. The split depends neither on file names nor on their order. Parts that the layout gives are
    kept: with a validation part nothing is split, with only a test part validation is split from train, and a train
    part alone is split like images without parts. With folds, what is not tested is cut into so many pieces along the
    same places; one is for validation, the others for training.

    A validation part of the layout and folds exclude each other: whoever made that part had a reason that we do not
    know (another camera, later days), and mixing it with the train part would quietly lose it.

    Raises:
        DataError: a class has no image left in train or in validation, or too few for the folds; the shares leave
            nothing to train on; there are folds and a validation part.
    """
    known = {part for part in given if part is not None} - {TRAIN}
    numbers = np.array([PARTS.index(part or TRAIN) for part in given], dtype=np.int64)
    if VALIDATION in known:
        _check_no_folds(shares)
    else:
        test = 0.0 if TEST in known else shares.test
        _check_shares(shares, test)
        free = np.array([row for row, part in enumerate(given) if part not in known], dtype=np.int64)
        of_free, hashes = np.asarray(labels, dtype=np.int64)[free], [contents[row] for row in free]
        pieces = pieces_of(of_free, hashes, groups[free], _pieces(shares, test), shares.seed)
        _check_folds(classes, of_free, pieces, shares)
        numbers[free] = _part_of_piece(shares)[pieces]
    rows = {part: np.flatnonzero(numbers == number) for number, part in enumerate(PARTS)}
    _check_classes(classes, labels, rows, shares)
    return rows


def leaks(groups: Groups, parts: Sequence[str | None]) -> int:
    """How many groups have images in more than one of the parts that the layout gives; the rest have no part."""
    seen: dict[int, set[str]] = defaultdict(set)
    for group, part in zip(groups.tolist(), parts, strict=True):
        if part is not None:
            seen[group].add(part)
    return sum(len(found) > 1 for found in seen.values())


def _pieces(shares: Shares, test: float) -> list[float]:
    """The shares of the pieces: test, then either validation and train or the folds."""
    if shares.folds is not None:
        return [test, *[(1 - test) / shares.folds] * shares.folds]
    return [test, shares.validation, 1 - test - shares.validation]


def _part_of_piece(shares: Shares) -> Rows:
    """The place in PARTS of each piece."""
    parts = [TEST, VALIDATION, TRAIN]
    if shares.folds is not None:
        parts = [TEST, *(VALIDATION if fold == shares.fold else TRAIN for fold in range(shares.folds))]
    return np.array([PARTS.index(part) for part in parts], dtype=np.int64)


def _check_shares(shares: Shares, test: float) -> None:
    if shares.folds is None and shares.validation + test >= 1:
        raise DataError(
            "data.split",
            f"validation and test must leave images to train on, got {shares.validation} + {test}.",
            "Make their sum smaller than 1.",
        )


def _check_no_folds(shares: Shares) -> None:
    if shares.folds is not None:
        raise DataError(
            "data.folds",
            f"folds are cut from images that no folder puts into validation, got {shares.folds} folds and a validation "
            "folder.",
            "Leave data.folds out to compare on that folder, or put its images into the train folder.",
        )


def _check_folds(classes: Sequence[str], labels: Rows, pieces: Rows, shares: Shares) -> None:
    """Every class is in every fold."""
    for label, name in enumerate(classes):
        counts = np.bincount(pieces[labels == label], minlength=(shares.folds or 0) + 1)[1:]
        if shares.folds is not None and not counts.all():
            raise DataError(
                f"class {name!r}",
                f"every class needs an image in each of the {shares.folds} folds, got {counts.sum()} beside the test part.",
                "Add images of it (near duplicates count as one), or make data.folds smaller.",
            )


def _check_classes(classes: Sequence[str], labels: Sequence[int], rows: Mapping[str, Rows], shares: Shares) -> None:
    of_row = np.asarray(labels, dtype=np.int64)
    counts = {part: np.bincount(of_row[rows[part]], minlength=len(classes)) for part in PARTS}
    for label, name in enumerate(classes):
        if not (counts[TRAIN][label] and counts[VALIDATION][label]):
            got = ", ".join(f"{counts[part][label]} {part}" for part in PARTS)
            raise DataError(
                f"class {name!r}",
                f"every class needs at least one train and one validation image, got {got}.",
                "Add images of it (near duplicates count as one), "
                f"or change data.split (validation {shares.validation}, test {shares.test}).",
            )
