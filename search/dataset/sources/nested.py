"""Archives inside a folder or an archive, as Kaggle packs them: `train.zip` and `test1.zip`, each read as a folder."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.archives import ZipFiles
from cnnsearch.search.dataset.sources.files import Files, FolderFiles, Listing
from cnnsearch.search.dataset.sources.layout import is_clutter, is_image, listed
from cnnsearch.search.dataset.sources.packed import Packed
from cnnsearch.search.dataset.sources.tars import TarFiles

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
ARCHIVE_SUFFIXES = (".zip", *TAR_SUFFIXES)
_MOST_LEVELS = 2
"""A folder of downloads that hold archives; deeper ones are not what people have, but what bombs are made of."""
_TABLES = (".csv.zip", ".tsv.zip", ".json.zip", ".txt.zip")


def archive(path: Path | Packed) -> Files | None:
    """The archive of this name, not yet read; None where the name is none of an archive."""
    name = str(path).lower()
    if name.endswith(".zip"):
        return ZipFiles(path)
    return TarFiles(path) if name.endswith(TAR_SUFFIXES) else None


@dataclass(frozen=True)
class NestedFiles:
    """Archives side by side, each as if it were a folder.

    Attributes:
        folders: the archives, each under the path that stands for it, such as `train` for `train.zip`.
        listings: what lies in each of them.
    """

    folders: tuple[tuple[str, Files], ...]
    listings: tuple[Listing, ...]

    @cached_property
    def _places(self) -> dict[str, tuple[Files, str]]:
        return {
            f"{folder}/{path}": (files, path)
            for (folder, files), listing in zip(self.folders, self.listings, strict=True)
            for path in listing.paths
        }

    def __getstate__(self) -> dict[str, Any]:
        """Leaves what can be derived out of a pickle."""
        return {"folders": self.folders, "listings": self.listings}

    def listing(self) -> Listing:
        """All files of all the archives."""
        named = zip(self.folders, self.listings, strict=True)
        notes = tuple(f"in {folder}: {note}" for (folder, _), listing in named for note in listing.notes)
        return Listing(tuple(self._places), notes)

    def read(self, path: str) -> bytes:
        """The bytes of one file of one archive.

        Raises:
            UnreadableImage: it cannot be read.
        """
        files, inner = self._places[path]
        return files.read(inner)


def with_archives(where: str, files: Files, listing: Listing, level: int = 0) -> tuple[Files, Listing]:
    """The archives in a place that has no images of its own, and what lies in them; else the place as it is.

    Raises:
        DataError: one of them cannot be read, or there is no room for what is packed inside another.
    """
    if level == _MOST_LEVELS or any(map(is_image, listing.paths)):
        return files, listing
    if not isinstance(files, FolderFiles | ZipFiles):
        return files, listing
    inside = [path for path in listing.paths if is_archive(path)]
    if not inside:
        return files, listing
    opened = [_opened(where, files, path, level) for path in inside]
    folders = zip(_folder_names(where, inside), (inner for inner, _ in opened), strict=True)
    nested = NestedFiles(tuple(folders), tuple(listing for _, listing in opened))
    others = tuple(path for path in listing.paths if path not in set(inside))
    found = nested.listing()
    return nested, Listing(found.paths + others, listing.notes + found.notes)


def is_archive(path: str) -> bool:
    """Whether a file of this path is an archive that may have images in it, by its name, and a person's own."""
    name = path.lower()
    return name.endswith(ARCHIVE_SUFFIXES) and not name.endswith(_TABLES) and not any(map(is_clutter, path.split("/")))


def _opened(where: str, files: FolderFiles | ZipFiles, path: str, level: int) -> tuple[Files, Listing]:
    inner = archive_in(where, files, path)
    return with_archives(str(inner.path), inner, inner.listing(), level + 1)


def archive_in(where: str, files: FolderFiles | ZipFiles, path: str) -> ZipFiles | TarFiles:
    """An archive that lies in a folder or an archive, not yet read."""
    packed = files.root / path if isinstance(files, FolderFiles) else Packed(where, files, path)
    return ZipFiles(packed) if path.lower().endswith(".zip") else TarFiles(packed)


def without_suffix(path: str) -> str:
    """An archive's path without what tells its kind, such as `train` for `train.tar.gz`."""
    return path[: -max(len(suffix) for suffix in ARCHIVE_SUFFIXES if path.lower().endswith(suffix))]


def _folder_names(where: str, paths: list[str]) -> list[str]:
    """Each path without the suffix of an archive.

    Raises:
        DataError: two would be the same then; under other names they would be classes that nobody meant.
    """
    names = [without_suffix(path) for path in paths]
    counts = Counter(names)
    twins = [path for name, path in zip(names, paths, strict=True) if counts[name] > 1]
    if twins:
        rule = f"archives side by side stand for folders of their names, got {listed(twins)} for the same one."
        raise DataError(where, rule, "Move one of them elsewhere, or name one of them as data.source.")
    return names
