"""What was prepared into a folder before: the hidden file by which the same command goes on, or adds to it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import PARTS
from cnnsearch.search.writing import write_json

MANIFEST = ".cnnsearch.json"
_VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """What a prepared folder holds.

    Attributes:
        validation: the share of each class that is validated on.
        test: the share of each class that is tested on.
        seed: of the split.
        folders: the folder's name of each class.
        contents: for each file, by its path such as `train/cat/1.jpg`: the hash of its bytes, in hex.
    """

    validation: float
    test: float
    seed: int
    folders: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Replace the folder's manifest; names that are no UTF-8 are kept by escapes.

        Raises:
            UnwritableFile: the system does not let us.
        """
        write_json(folder / MANIFEST, {"version": _VERSION, **asdict(self)})


def read_manifest(folder: Path) -> Manifest | None:
    """What was prepared into a folder; None where nothing was.

    Raises:
        DataError: it cannot be read, is damaged, or names files outside of the folder.
    """
    path = folder / MANIFEST
    try:
        found = _from_json(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataError(str(path), f"it must be readable, got: {error.strerror}.", "Check its permissions.") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        rule = f"this file says what was prepared here, got a damaged or foreign one: {error!r}."
        raise DataError(str(path), rule, "Prepare into another folder.") from error
    return found


def _from_json(document: Any) -> Manifest:  # noqa: ANN401 - any JSON value
    if not isinstance(document, dict) or document.pop("version", None) != _VERSION:
        raise ValueError(f"its version is not {_VERSION}")
    manifest = Manifest(**document)
    _check_kinds(manifest)
    for path in manifest.contents:
        part, folder, name = path.split("/")
        if part not in PARTS or folder not in manifest.folders.values() or name in ("", ".", ".."):
            raise ValueError(f"{path!r} is no image of it")
    if {"", ".", ".."} & set(manifest.folders.values()) or any("/" in f for f in manifest.folders.values()):
        raise ValueError("a class is no folder of it")
    return manifest


def _check_kinds(manifest: Manifest) -> None:
    for number, kind in ((manifest.validation, int | float), (manifest.test, int | float), (manifest.seed, int)):
        if not isinstance(number, kind):
            raise TypeError(f"{number!r} is no number of it")
    for names in (manifest.folders, manifest.contents):
        if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
            raise TypeError(f"{names!r:.80} is no table of texts")
