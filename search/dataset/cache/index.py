"""The index of a cache: what each row of its pixels is. Stored as JSON beside the pixels."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.decoding.decode import DECODER_VERSION, Shape

INDEX_VERSION = 1
"""Raised whenever the index's fields change, so that old caches are built anew."""


@dataclass(frozen=True)
class Skipped:
    """An image file that is not in the dataset, and why, such as `is empty`."""

    name: str
    reason: str


@dataclass(frozen=True)
class CacheIndex:
    """What the rows of a cache are; names, labels, parts and contents have one entry for each row.

    Attributes:
        classes: the classes' names; a label is a place here.
        shape: (height, width, channels) of every row.
        names: paths relative to the source, sorted.
        labels: numbers of classes.
        parts: the part that the layout gives, or None.
        contents: blake2b hashes of the files' bytes, in hex.
        skipped: the unreadable files.
    """

    classes: tuple[str, ...]
    shape: Shape
    names: tuple[str, ...]
    labels: tuple[int, ...]
    parts: tuple[str | None, ...]
    contents: tuple[str, ...]
    skipped: tuple[Skipped, ...]

    def write(self, path: Path) -> None:
        """Write the index as JSON; names that are no UTF-8 are kept by escapes."""
        document = {"version": INDEX_VERSION, "decoder": DECODER_VERSION, **asdict(self)}
        path.write_text(json.dumps(document), encoding="ascii")

    @classmethod
    def read(cls, path: Path) -> "CacheIndex":
        """Read an index that `write` wrote.

        Raises:
            ValueError: the file is damaged or of another version.
            OSError: the file cannot be read.
        """
        document = json.loads(path.read_text(encoding="ascii"))
        if not isinstance(document, dict) or set(document) != {f.name for f in fields(cls)} | {"version", "decoder"}:
            raise ValueError(f"{path}: an index has other keys")
        versions = document.pop("version"), document.pop("decoder")
        if versions != (INDEX_VERSION, DECODER_VERSION):
            raise ValueError(f"{path}: the index has versions {versions}, not {(INDEX_VERSION, DECODER_VERSION)}")
        return cls._from_json(path, document)

    @classmethod
    def _from_json(cls, path: Path, document: dict[str, Any]) -> "CacheIndex":
        if not all(isinstance(value, list) for value in document.values()):
            raise ValueError(f"{path}: an index holds lists only")
        try:
            skipped = tuple(Skipped(**entry) for entry in document.pop("skipped"))
            height, width, channels = document.pop("shape")
        except TypeError as error:
            raise ValueError(f"{path}: {error}") from error
        index = cls(shape=(height, width, channels), skipped=skipped, **{k: tuple(v) for k, v in document.items()})
        if len({len(column) for column in (index.names, index.labels, index.parts, index.contents)}) != 1:
            raise ValueError(f"{path}: the columns of an index are of one length")
        return index
