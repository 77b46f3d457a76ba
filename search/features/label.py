"""The label of a feature cache: what is in it, in words and numbers for a person."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.cache.label import read_label
from cnnsearch.search.dataset.decoding.decode import DECODER_VERSION

FEATURES_VERSION = 1
"""Raised whenever the files of a feature cache change their form, so that old ones are computed anew."""
_VERSIONS = {"features": FEATURES_VERSION, "decoder": DECODER_VERSION}
_KINDS = {
    "source": str,
    "network": str,
    "view": str,
    "images": int,
    "shape": list,
    "precision": str,
    "checksums_hash": str,
}


@dataclass(frozen=True)
class FeatureLabel:
    """What a feature cache holds.

    Attributes:
        source: of the images, as the person gave it who first asked for their features.
        network: what made the features, as a person calls it.
        view: how it saw the images.
        images: how many rows.
        shape: of every row.
        precision: how its numbers are kept: `float32` or `float16`.
        checksums_hash: of the bytes of the file of checksums.
    """

    source: str
    network: str
    view: str
    images: int
    shape: tuple[int, ...]
    precision: str
    checksums_hash: str

    def write(self, path: Path) -> None:
        """Write the label as JSON; a name that is no UTF-8 is kept by escapes."""
        path.write_text(json.dumps({**_VERSIONS, **asdict(self)}), encoding="ascii")

    @classmethod
    def read(cls, path: Path) -> "FeatureLabel":
        """Read a label that `write` wrote.

        Raises:
            OtherVersion: another version of this program wrote it.
            ValueError: the file is damaged.
            OSError: the file cannot be read.
        """
        document = read_label(path, _VERSIONS, _KINDS)
        return cls(**document | {"shape": _shape(path, document["shape"])})


def _shape(path: Path, sides: list[Any]) -> tuple[int, ...]:
    if not all(isinstance(side, int) and side > 0 for side in sides):
        raise ValueError(f"{path}: a shape is lengths")
    return tuple(sides)
