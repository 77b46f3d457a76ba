"""Which part each image goes to: the one that training itself would give it, but nothing ever moves. Pure."""

from collections.abc import Mapping, Sequence

import numpy as np

from cnnsearch.search.arranging.choosing import Key, key_of
from cnnsearch.search.arranging.examine import Examined
from cnnsearch.search.arranging.manifest import Manifest
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import PARTS, TEST, TRAIN, VALIDATION
from cnnsearch.search.dataset.split.groups import Groups, groups_of
from cnnsearch.search.dataset.split.likeness import like_pairs
from cnnsearch.search.dataset.split.split import Shares, split_rows


def parts_of(images: Sequence[Examined], there: Mapping[Key, str], before: Manifest) -> list[str]:
    """The part of each image.

    It is the one that the image has already (`there`), else the one that the source puts it in, else that of an image
    which looks like it, else the one that the split draws.

    Raises:
        DataError: a class has too few images for the shares.
    """
    groups = _groups(images)
    drawn = _drawn(images, before, groups)
    by_hand = _kept_by_hand(images)
    of_group = {
        group: there[key_of(look)] for look, group in zip(images, groups.tolist(), strict=True) if key_of(look) in there
    }
    return [
        there.get(key_of(look)) or (part if look.image.part in by_hand else of_group.get(group, part))
        for look, part, group in zip(images, drawn, groups.tolist(), strict=True)
    ]


def _groups(images: Sequence[Examined]) -> Groups:
    """Groups of images that show the same picture."""
    thumbnails = np.stack([look.thumbnail for look in images])
    return groups_of(like_pairs(thumbnails).rows, [look.content for look in images])


def _kept_by_hand(images: Sequence[Examined]) -> set[str | None]:
    """The parts of the source that stay as they are; a train part alone, as Kaggle packs it, is still to be split."""
    given = {look.image.part for look in images} - {None}
    return given if VALIDATION in given else given - {TRAIN}


def _drawn(images: Sequence[Examined], shares: Manifest, groups: Groups) -> list[str]:
    given = [look.image.part for look in images]
    test = 0.0 if TEST in given else shares.test
    if VALIDATION in given or shares.validation:
        return _split(images, given, Shares(shares.validation, test, shares.seed), groups)
    if test:  # the split always wants something to validate on: here that is what will be tested on
        parts = _split(images, given, Shares(test, 0.0, shares.seed), groups)
        return [TEST if part == VALIDATION else part for part in parts]
    return [part or TRAIN for part in given]


def _split(images: Sequence[Examined], given: Sequence[str | None], shares: Shares, groups: Groups) -> list[str]:
    classes = sorted({look.image.class_name for look in images})
    label = {name: number for number, name in enumerate(classes)}
    labels, contents = [label[look.image.class_name] for look in images], [look.content for look in images]
    try:
        rows = split_rows(classes, labels, contents, given, shares, groups)
    except DataError as error:
        advice = (
            "Add images (near duplicates count as one), choose smaller shares, or a greater --count where one is given."
        )
        raise DataError(error.problem.where, error.problem.rule, advice) from error
    part_of = {int(row): part for part in PARTS for row in rows[part]}
    return [part_of[row] for row in range(len(images))]
