"""Which image goes to the train, validation or test part. Pure: from labels and content hashes alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import PARTS, TEST, TRAIN, VALIDATION

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """Which share of each class goes to validation and test, and the seed of the draw."""

    validation: float
    test: float
    seed: int


def split_rows(
    classes: Sequence[str],
    labels: Sequence[int],
    contents: Sequence[str],
    given: Sequence[str | None],
    shares: Shares,
) -> Mapping[str, Rows]:
    """The row numbers of each part, ascending, for images given by label, content hash and the layout's part.

    Each class is split by itself. Its contents stand in the order of a hash keyed with the seed: first come those to
    test, then to validation, the rest is trained on. So the split depends neither on file names nor on their order, and
    equal images stay together. Parts that the layout gives are kept: with a validation part nothing is split, with only
    a test part validation is split from train, and a train part alone is split like images without parts.

    Raises:
        DataError: a class has no image left in train or in validation, or the shares leave nothing to train on.
    """
    known = {part for part in given if part is not None} - {TRAIN}
    if VALIDATION not in known:
        _check_shares(shares)
        to_test = 0.0 if TEST in known else shares.test
        free = [row for row, part in enumerate(given) if part not in known]
        drawn = _drawn(free, labels, contents, to_test, shares)
        parts = [
            drawn.get(content, TRAIN) if part not in known else part
            for part, content in zip(given, contents, strict=True)
        ]
    else:
        parts = [part or TRAIN for part in given]
    rows = {part: np.flatnonzero(np.array([p == part for p in parts], dtype=bool)) for part in PARTS}
    _check_classes(classes, labels, rows, shares)
    return rows


def _check_shares(shares: Shares) -> None:
    if shares.validation + shares.test >= 1:
        raise DataError(
            "data.split",
            f"validation and test must leave images to train on, got {shares.validation} + {shares.test}.",
            "Make their sum smaller than 1.",
        )


def _drawn(
    rows: Sequence[int], labels: Sequence[int], contents: Sequence[str], to_test: float, shares: Shares
) -> dict[str, str]:
    """The part of every content. A content under two labels goes where the first of its classes puts it."""
    drawn: dict[str, str] = {}
    key = blake2b(str(shares.seed).encode(), digest_size=32).digest()
    for members in _contents_by_class(rows, labels, contents):
        ordered = sorted(members, key=lambda content: blake2b(content.encode(), key=key, digest_size=8).digest())
        tests = round(to_test * len(ordered))
        validations = max(1, round(shares.validation * len(ordered)))
        for place, content in enumerate(ordered):
            part = TEST if place < tests else VALIDATION if place < tests + validations else TRAIN
            drawn.setdefault(content, part)
    return drawn


def _contents_by_class(rows: Sequence[int], labels: Sequence[int], contents: Sequence[str]) -> Iterator[set[str]]:
    by_class: dict[int, set[str]] = {}
    for row in rows:
        by_class.setdefault(labels[row], set()).add(contents[row])
    for label in sorted(by_class):
        yield by_class[label]


def _check_classes(classes: Sequence[str], labels: Sequence[int], rows: Mapping[str, Rows], shares: Shares) -> None:
    of_row = np.asarray(labels, dtype=np.int64)
    counts = {part: np.bincount(of_row[rows[part]], minlength=len(classes)) for part in PARTS}
    for label, name in enumerate(classes):
        if not (counts[TRAIN][label] and counts[VALIDATION][label]):
            got = ", ".join(f"{counts[part][label]} {part}" for part in PARTS)
            raise DataError(
                f"class {name!r}",
                f"every class needs at least one train and one validation image, got {got}.",
                f"Add images of it, or change data.split (validation {shares.validation}, test {shares.test}).",
            )
