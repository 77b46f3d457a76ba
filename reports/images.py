"""Finds the images a person names to predict: files, folders with all that is in them, and archives."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cnnsearch.reports.inert import visible
from cnnsearch.search.dataset.sources.archives import ZipFiles
from cnnsearch.search.dataset.sources.files import Files, FolderFiles
from cnnsearch.search.dataset.sources.layout import IMAGE_SUFFIXES, PART_FOLDERS, TEST, is_image, listed
from cnnsearch.search.dataset.sources.nested import archive, archive_in, is_archive, without_suffix
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


def find_test_images(path: Path) -> tuple[list[FoundImage], Path]:
    """The images of a competition, and the folder or archive that they lie in.

    That is the path itself, or in a download of archives alone, as Kaggle packs it, the one called `test` or so.

    Raises:
        CnnSearchError: as for `find_images`.
    """
    place = _place_at(path)
    if isinstance(place, FolderFiles | ZipFiles):
        paths = place.listing().paths
        tests = [name for name in paths if is_archive(name) and _is_for_test(without_suffix(name))]
        if len(tests) == 1 and not any(map(is_image, paths)):
            return _images_in(path / tests[0], archive_in(str(path), place, tests[0])), path / tests[0]
    return _images_at(path), path


def _is_for_test(name: str) -> bool:
    return PART_FOLDERS.get(PurePosixPath(name).name.lower()) == TEST


def _images_at(path: Path) -> list[FoundImage]:
    place = _place_at(path)
    if place is not None:
        return _images_in(path, place)
    return [FoundImage(str(path), FolderFiles(path.parent), path.name)]


def _place_at(path: Path) -> Files | None:
    """The folder or archive at a path; None where it is another file."""
    if path.is_dir():
        return FolderFiles(path)
    if not path.is_file():
        raise _nothing(path, "something else" if path.exists() else "nothing there")
    packed = archive(path)
    if packed is None and path.suffix.lower() not in IMAGE_SUFFIXES and zipfile.is_zipfile(path):
        packed = ZipFiles(path)
    return packed


def _images_in(path: Path, place: Files) -> list[FoundImage]:
    paths = place.listing().paths
    inside = sorted(filter(is_image, paths))
    if not inside:
        packed = sorted(filter(is_archive, paths))
        raise _only_packed(path, packed) if packed else _nothing(path, "no image in it")
    return [FoundImage(str(path / name), place, name) for name in inside]


def _only_packed(path: Path, archives: Sequence[str]) -> CnnSearchError:
    rule = (
        f"an image, a folder of images or an archive of images must lie here, got archives of them: {listed(archives)}"
    )
    first = next((name for name in archives if _is_for_test(without_suffix(name))), archives[0])
    advice = f"Name the one you mean: {path / first}." if path.is_dir() else f"Unpack it, and name {first} or another."
    return CnnSearchError(str(Problem(visible(str(path)), visible(rule), visible(advice))))


def _nothing(path: Path, got: str) -> CnnSearchError:
    rule = f"an image, a folder of images or an archive of images must lie here, got {got}."
    return CnnSearchError(str(Problem(visible(str(path)), rule, f"Images end in {', '.join(sorted(IMAGE_SUFFIXES))}.")))
