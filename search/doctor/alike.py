"""Findings about images that are the same, or nearly so: copies, wrong labels, leaks between the parts. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cnnsearch.search.doctor.examine import Examined
from cnnsearch.search.doctor.findings import Group
from cnnsearch.search.doctor.kinds import Kind
from cnnsearch.search.doctor.single import subject


@dataclass(frozen=True)
class _Words:
    """What sets are called."""

    labels: Kind
    leak: Kind
    copies: Kind


_EQUAL = _Words(Kind.TWO_LABELS, Kind.LEAK, Kind.DUPLICATES)
_NEAR = _Words(Kind.NEAR_TWO_LABELS, Kind.NEAR_LEAK, Kind.NEAR_DUPLICATES)


def of_copies(files: Sequence[Examined]) -> Iterator[tuple[Kind, Group]]:
    """What is to be told of files that are equal byte by byte."""
    for copies in by_content(files):
        yield from _of_set(copies, _EQUAL)


def of_near(sets: Iterable[Sequence[Examined]]) -> Iterator[tuple[Kind, Group]]:
    """What is to be told of images that are nearly the same, given in sets of which no two share a file."""
    for near in sets:
        if len({file.content for file in near}) > 1:
            yield from _of_set(near, _NEAR)


def by_content(files: Iterable[Examined]) -> list[list[Examined]]:
    """The readable files in lists of equal ones, in the order of each one's first."""
    sets: dict[str, list[Examined]] = {}
    for file in files:
        if file.look is not None:
            sets.setdefault(file.content, []).append(file)
    return list(sets.values())


def _of_set(files: Sequence[Examined], words: _Words) -> Iterator[tuple[Kind, Group]]:
    if len(files) < 2:
        return
    group = tuple(subject(file) for file in files)
    two_labels = len({file.image.class_name for file in files}) > 1
    leak = len({file.image.part for file in files}) > 1
    if two_labels:
        yield words.labels, group
    if leak:
        yield words.leak, group
    if not two_labels and not leak:
        yield words.copies, group
