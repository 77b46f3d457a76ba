"""Which images of a source are used: one of each set of exact copies, and so many as were asked for. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b

from cnnsearch.search.arranging.examine import Examined
from cnnsearch.search.dataset.sources.layout import TEST, VALIDATION

Key = tuple[str, str]
"""Class and content: an image, whatever its name."""
_COMING_FIRST = {TEST: 0, VALIDATION: 1}
"""Of exact copies in several given parts, the one that is not trained on stays."""


def key_of(look: Examined) -> Key:
    """The image's class and the hash of its bytes."""
    return look.image.class_name, look.content


def without_copies(images: Iterable[Examined]) -> list[Examined]:
    """One image of each class and content, sorted by path."""
    first: dict[Key, Examined] = {}
    for look in sorted(images, key=lambda look: (_COMING_FIRST.get(look.image.part or "", 2), look.image.path)):
        first.setdefault(key_of(look), look)
    return _by_path(first.values())


def chosen(images: Sequence[Examined], count: int | None, there: Collection[Key], seed: int) -> list[Examined]:
    """`count` of the images, sorted by path, evenly out of every class and given part; all of them for None.

    In each class and part the images stand in the order of a keyed hash, those that are `there` already first, and are
    spread evenly over [0, 1); the lowest of all are taken. So a greater count adds images and changes none.
    """
    if count is None:
        return list(images)
    ranked = sorted(_ranked(images, there, seed), key=lambda member: (*member[:3], member[3].image.path))
    least = sum(not new for new, *_ in ranked)
    return _by_path(look for *_, look in ranked[: max(count, least)])


_Ranked = tuple[bool, float, bytes, Examined]
"""Whether it is new, its place in [0, 1) within its class and part, its rank, and the image."""


def _ranked(images: Iterable[Examined], there: Collection[Key], seed: int) -> list[_Ranked]:
    # Not the key of the split: by that one, the first images of a class are those to test.
    key = blake2b(f"count {seed}".encode(), digest_size=32).digest()
    strata: defaultdict[tuple[str, str | None], list[tuple[bool, bytes, Examined]]] = defaultdict(list)
    for look in images:
        rank = blake2b(look.content.encode(), key=key, digest_size=8).digest()
        strata[look.image.class_name, look.image.part].append((key_of(look) not in there, rank, look))
    return [
        (new, (number + 0.5) / len(members), rank, look)
        for members in strata.values()
        for number, (new, rank, look) in enumerate(sorted(members, key=lambda member: member[:2]))
    ]


def _by_path(images: Iterable[Examined]) -> list[Examined]:
    return sorted(images, key=lambda look: look.image.path)
