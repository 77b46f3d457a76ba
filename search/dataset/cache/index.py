"""The index of a cache: what each row of its pixels is. Stored as JSON beside the pixels."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.decoding.decode import Shape

INDEX_VERSION = 2
"""Raised whenever the files of a cache change their form, so that old caches are built anew."""
_COLUMNS = ("names", "labels", "parts", "contents", "groups", "checksums")


@dataclass(frozen=True)
class Skipped:
    """An image file that is not in the dataset, and why, such as `is empty`."""

    name: str
    reason: str


@dataclass(frozen=True)
class CacheIndex:
    """What the rows of a cache are; names, labels, parts, contents, groups and checksums have one entry for each row.

    Attributes:
        classes: the classes' names; a label is a place here.
        shape: (height, width, channels) of every row.
        names: paths relative to the source, sorted.
        labels: numbers of classes.
        parts: the part that the layout gives, or None.
        contents: blake2b hashes of the files' bytes, in hex.
        groups: rows of one number show the same picture, but for its size, quality or a little more.
        checksums: CRC-32 of a row's pixels and thumbnail.
        skipped: the unreadable files.
    """

    classes: tuple[str, ...]
    shape: Shape
    names: tuple[str, ...]
    labels: tuple[int, ...]
    parts: tuple[str | None, ...]
    contents: tuple[str, ...]
    groups: tuple[int, ...]
    checksums: tuple[int, ...]
    skipped: tuple[Skipped, ...]

    def write(self, path: Path) -> None:
        """Write the index as JSON; names that are no UTF-8 are kept by escapes."""
        path.write_text(json.dumps(vars(self), default=asdict), encoding="ascii")

    @classmethod
    def from_bytes(cls, content: bytes) -> "CacheIndex":
        """The index in the bytes of a file that `write` wrote.

        Raises:
            ValueError: the bytes are no index.
        """
        document = json.loads(content)
        if not isinstance(document, dict) or set(document) != {field.name for field in fields(cls)}:
            raise ValueError("an index has other keys")
        if not all(isinstance(value, list) for value in document.values()):
            raise ValueError("an index holds lists only")
        return cls._from_json(document)

    @classmethod
    def _from_json(cls, document: dict[str, Any]) -> "CacheIndex":
        try:
            skipped = tuple(Skipped(**entry) for entry in document.pop("skipped"))
            height, width, channels = document.pop("shape")
        except TypeError as error:
            raise ValueError(f"an index has entries of other kinds: {error}") from error
        index = cls(shape=(height, width, channels), skipped=skipped, **{k: tuple(v) for k, v in document.items()})
        if len({len(getattr(index, column)) for column in _COLUMNS}) != 1:
            raise ValueError("the columns of an index are of one length")
        return index
