"""Finds the class in a file's name, such as `cat` in `cat.123.jpg` or `Abyssinian_100.jpg`. Pure.

Only Kaggle's `cat.123.jpg` is a convention of its own; every other form is a guess, which is told and, where it can
hardly be right, refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cnnsearch.search.dataset.errors import DataError

_KAGGLE = re.compile(r"(.+)\.\d+\.[^.]+", re.DOTALL)
_GUESSES = tuple(
    re.compile(rf"(.+?){number}\.[^.]+", re.DOTALL) for number in (r"_\d+", r"-\d+", r"[ _]?\(\d+\)", r" \d+")
)
_CAMERA_WORDS = ("img", "image", "images", "dsc", "dscn", "dscf", "pict", "photo", "pic", "picture", "pxl", "p")
_TOOL_WORDS = (
    "frame",
    "file",
    "scan",
    "screenshot",
    "screen",
    "mvimg",
    "vid",
    "video",
    "untitled",
    "unnamed",
    "sample",
)
_DATA_WORDS = ("data", "download", "train", "training", "val", "valid", "validation", "test")
_COUNTERS = frozenset((*_CAMERA_WORDS, *_TOOL_WORDS, *_DATA_WORDS))
"""What cameras and tools put before a number: it says nothing of what the picture shows."""
MOST_GUESSED = 20
"""So many classes are believed whatever their sizes; of more, a class must have two images on average."""


@dataclass(frozen=True)
class NameLabels:
    """The label in each file name, None where there is none, and a note where they are a guess."""

    labels: tuple[str | None, ...]
    notes: tuple[str, ...] = ()


def is_labelled(name: str) -> bool:
    """Whether a file name may hold a label."""
    return any(_label(pattern, name) for pattern in (_KAGGLE, *_GUESSES))


def name_labels(where: str, names: Sequence[str]) -> NameLabels:
    """The labels that these file names hold, all read in the one form that most of them have.

    Raises:
        DataError: the names have a form that could hold labels, but nearly every file would be a class of its own.
    """
    read = [tuple(_label(pattern, name) for name in names) for pattern in (_KAGGLE, *_GUESSES)]
    counts = [len(names) - labels.count(None) for labels in read]
    best = counts.index(max(counts))
    labels = read[best]
    if best == 0 or not counts[best]:
        return NameLabels(labels)
    found = {label for label in labels if label is not None}
    name, label = next((n, lb) for n, lb in zip(names, labels, strict=True) if lb is not None)
    if len(found) > max(MOST_GUESSED, counts[best] / 2):
        raise DataError(
            where,
            f"file names must hold the class, got {len(found)} classes for {counts[best]} files, such as {label!r} "
            f"in {name!r}.",
            "Put the images into one folder for each class, or name them and their labels in a CSV manifest.",
        )
    return NameLabels(labels, (f"classes guessed from the file names, such as {label!r} from {name!r}",))


def _label(pattern: re.Pattern[str], name: str) -> str | None:
    match = pattern.fullmatch(name)
    if match is None:
        return None
    label = match[1]
    guessed = pattern is not _KAGGLE
    return None if guessed and _says_nothing(label) else label


def _says_nothing(label: str) -> bool:
    words = re.split(r"[\W_\d]+", label.lower())
    return not any(word and word not in _COUNTERS for word in words)
