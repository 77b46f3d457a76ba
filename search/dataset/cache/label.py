"""The label of a cache: what is in it, in one small file that is quick to read however many images there are."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.cache.index import INDEX_VERSION
from cnnsearch.search.dataset.cache.naming import Form
from cnnsearch.search.dataset.decoding.decode import DECODER_VERSION, Shape

_VERSIONS = {"version": INDEX_VERSION, "decoder": DECODER_VERSION}


class OtherVersion(ValueError):
    """A label that another version of this program wrote."""


@dataclass(frozen=True)
class Label:
    """What a cache holds.

    Attributes:
        source: as the person gave it who first asked for these images; others may have them from elsewhere.
        images: how many rows.
        shape: (height, width, channels) of every row.
        resize: how images were brought to it.
        index_hash: of the bytes of the index's file.
    """

    source: str
    images: int
    shape: Shape
    resize: str
    index_hash: str

    @classmethod
    def of(cls, source: str, images: int, form: Form, index_hash: str) -> "Label":
        """The label of so many images in a form."""
        return cls(source, images, form.shape, form.resize, index_hash)

    @property
    def row_bytes(self) -> int:
        """The bytes of one image and its thumbnail."""
        return Form(self.shape).row_bytes

    def write(self, path: Path) -> None:
        """Write the label as JSON; a name that is no UTF-8 is kept by escapes."""
        path.write_text(json.dumps({**_VERSIONS, **asdict(self)}), encoding="ascii")

    @classmethod
    def read(cls, path: Path) -> "Label":
        """Read a label that `write` wrote.

        Raises:
            OtherVersion: another version of this program wrote it.
            ValueError: the file is damaged.
            OSError: the file cannot be read.
        """
        kinds = {"source": str, "images": int, "shape": list, "resize": str, "index_hash": str}
        document = read_label(path, _VERSIONS, kinds)
        if len(document["shape"]) != 3 or not all(isinstance(side, int) and side > 0 for side in document["shape"]):
            raise ValueError(f"{path}: a shape is three lengths in pixels")
        return cls(**document | {"shape": tuple(document["shape"])})


def read_label(path: Path, versions: Mapping[str, int], kinds: Mapping[str, type]) -> dict[str, Any]:
    """What stands on a label of these versions: a value of its kind for each key.

    Raises:
        OtherVersion: another version of this program wrote it.
        ValueError: the file is damaged.
        OSError: the file cannot be read.
    """
    document = json.loads(path.read_text(encoding="ascii"))
    if not isinstance(document, dict):
        raise ValueError(f"{path}: a label is a JSON object")  # noqa: TRY004 - a damaged file, as the others
    written = {key: document.pop(key, None) for key in versions}
    if written != versions:
        raise OtherVersion(f"{path}: the label has the versions {written}, not {versions}")
    if set(document) != set(kinds):
        raise ValueError(f"{path}: a label has other keys")
    if not all(isinstance(document[key], kind) for key, kind in kinds.items()):
        raise ValueError(f"{path}: the values of a label are of other kinds")
    return document
