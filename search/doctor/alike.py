"""Findings about images that are the same, or nearly so: copies, wrong labels, leaks between the parts. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cnnsearch.search.dataset.split.groups import connected
from cnnsearch.search.doctor.examine import Examined
from cnnsearch.search.doctor.findings import Group
from cnnsearch.search.doctor.kinds import Kind
from cnnsearch.search.doctor.single import subject


@dataclass(frozen=True)
class _Words:
    """What images that are alike are called, by what they differ in."""

    labels: Kind
    leak: Kind
    copies: Kind

    def of(self, files: Sequence[Examined]) -> Iterator[Kind]:
        """What is wrong with these: their labels, their parts, or that there is more than one."""
        two_labels = len({file.image.class_name for file in files}) > 1
        leak = len({file.image.part for file in files}) > 1
        if two_labels:
            yield self.labels
        if leak:
            yield self.leak
        if not two_labels and not leak:
            yield self.copies


_EQUAL = _Words(Kind.TWO_LABELS, Kind.LEAK, Kind.DUPLICATES)
_NEAR = _Words(Kind.NEAR_TWO_LABELS, Kind.NEAR_LEAK, Kind.NEAR_DUPLICATES)


def of_copies(files: Iterable[Examined]) -> Iterator[tuple[Kind, Group]]:
    """What is to be told of files that are equal byte by byte."""
    sets: dict[str, list[Examined]] = {}
    for file in files:
        if file.look is not None:
            sets.setdefault(file.content, []).append(file)
    for copies in sets.values():
        for kind in _EQUAL.of(copies) if len(copies) > 1 else ():
            yield kind, tuple(subject(file) for file in copies)


def of_near(files: Sequence[Examined], pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[Kind, Group]]:
    """What is to be told of pairs of files, given by their rows, that are nearly the same.

    Pairs that differ in the same make one set. So in a set with two labels every image has a partner under another
    label; a long chain of likenesses under one label is not drawn into it.
    """
    by_kind: dict[Kind, list[tuple[int, int]]] = {}
    for pair in pairs:
        for kind in _NEAR.of([files[row] for row in pair]):
            by_kind.setdefault(kind, []).append(pair)
    for kind, edges in by_kind.items():
        for rows in _sets(edges, len(files)):
            yield kind, tuple(subject(files[row]) for row in rows)


def _sets(edges: Sequence[tuple[int, int]], count: int) -> list[list[int]]:
    """The rows that edges connect, each set ascending."""
    groups = connected(np.array(edges, np.int64), count)
    sets: dict[int, list[int]] = {}
    for row in sorted({row for edge in edges for row in edge}):
        sets.setdefault(int(groups[row]), []).append(row)
    return list(sets.values())
