"""Finds the images a person names to predict: files, folders with all that is in them, and archives."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cnnsearch.reports.inert import visible
from cnnsearch.search.dataset.sources.archives import ZipFiles
from cnnsearch.search.dataset.sources.files import Files, FolderFiles
from cnnsearch.search.dataset.sources.layout import IMAGE_SUFFIXES, is_clutter
from cnnsearch.search.dataset.sources.nested import archive
from cnnsearch.spaces.errors import CnnSearchError, Problem


@dataclass(frozen=True)
class FoundImage:
    """An image that was found but not yet read.

    Attributes:
        name: what a person knows it by: its path, with a member's after its archive's.
        place: the folder or archive it lies in.
        path: its path there.
    """

    name: str
    place: Files
    path: str

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            UnreadableImage: it is gone, damaged in its archive, too large, or may not be read.
        """
        return self.place.read(self.path)


def find_images(paths: Sequence[Path]) -> list[FoundImage]:
    """All images under these paths, sorted within each folder and archive; a file named itself is always taken.

    Raises:
        CnnSearchError: a path does not exist, an archive is damaged, or a folder or archive holds no image; all such
            paths are named at once.
    """
    found: list[FoundImage] = []
    problems: list[str] = []
    for path in paths:
        try:
            found += _images_at(path)
        except CnnSearchError as error:
            problems.append(str(error))
    if problems:
        raise CnnSearchError("\n".join(problems))
    return found


def _images_at(path: Path) -> list[FoundImage]:
    if path.is_dir():
        return _images_in(path, FolderFiles(path))
    if not path.is_file():
        raise _nothing(path, "something else" if path.exists() else "nothing there")
    packed = archive(path)
    if packed is None and path.suffix.lower() not in IMAGE_SUFFIXES and zipfile.is_zipfile(path):
        packed = ZipFiles(path)
    if packed is not None:
        return _images_in(path, packed)
    return [FoundImage(str(path), FolderFiles(path.parent), path.name)]


def _images_in(path: Path, place: Files) -> list[FoundImage]:
    inside = sorted(name for name in place.listing().paths if _is_image(PurePosixPath(name)))
    if not inside:
        raise _nothing(path, "no image in it")
    return [FoundImage(str(path / name), place, name) for name in inside]


def _is_image(path: PurePosixPath) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not any(map(is_clutter, path.parts))


def _nothing(path: Path, got: str) -> CnnSearchError:
    rule = f"an image, a folder of images or an archive of images must lie here, got {got}."
    return CnnSearchError(str(Problem(visible(str(path)), rule, f"Images end in {', '.join(sorted(IMAGE_SUFFIXES))}.")))
