"""Findings about classes: how many images each has, in which parts, and whether two are meant to be one. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from cnnsearch.search.dataset.sources.layout import PARTS, TRAIN
from cnnsearch.search.doctor.examine import Examined
from cnnsearch.search.doctor.findings import Group, Subject
from cnnsearch.search.doctor.kinds import Kind

SMALL_CLASS = 10
"""Images under which a class is almost empty: with the usual shares it has one or two to be validated on."""
IMBALANCE = 10
"""How many times a class's images the largest class may have. With one against ten, a model that always says the
larger is right in 91 % of all cases; 60 against 40 % is 1.5 times, and harmless."""

Counts = Mapping[str, Mapping[str, int]]
"""For each class the number of images in each part; `""` is the part of those that are yet to be split."""


def counts_of(classes: Sequence[str], files: Sequence[Examined]) -> Counts:
    """The readable images of each class in each part that there is."""
    counted = Counter((file.image.class_name, file.image.part or "") for file in files if file.look is not None)
    parts = [part for part in ("", *PARTS) if any(part == (file.image.part or "") for file in files)]
    return {name: {part: counted[name, part] for part in parts} for name in classes}


def of_classes(counts: Counts) -> Iterator[tuple[Kind, Group]]:
    """All that is to be told of the classes."""
    totals = {name: sum(by_part.values()) for name, by_part in counts.items()}
    most = max(totals.values(), default=0)
    for name, total in totals.items():
        if total < SMALL_CLASS:
            yield Kind.SMALL_CLASS, (_class(name, total),)
        elif total * IMBALANCE < most:
            yield Kind.IMBALANCE, (Subject(name, f"{total:,} of the largest class's {most:,} images", name),)
    yield from _missing(counts)
    yield from _twins(totals)


def _class(name: str, count: int) -> Subject:
    return Subject(name, f"{count:,} {'image' if count == 1 else 'images'}", name)


def _missing(counts: Counts) -> Iterator[tuple[Kind, Group]]:
    """A class that has images in one part, and none in another that holds images of other classes."""
    filled = {part for by_part in counts.values() for part, count in by_part.items() if count}
    for name, by_part in counts.items():
        for part in sorted(filled - {""}, key=(*PARTS,).index):
            if not by_part[part] and not (part == TRAIN and by_part.get("")):
                yield Kind.MISSING_IN_PART, (Subject(name, f"no image in {part}", name, part),)


def _twins(totals: Mapping[str, int]) -> Iterator[tuple[Kind, Group]]:
    names: dict[str, list[str]] = {}
    for name in totals:
        names.setdefault(" ".join(unicodedata.normalize("NFKC", name).casefold().split()), []).append(name)
    for twins in names.values():
        if len(twins) > 1:
            yield Kind.TWIN_CLASSES, tuple(_class(name, totals[name]) for name in twins)
