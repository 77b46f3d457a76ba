"""Finds the images a person names to predict: files, folders with all that is in them, and zip archives."""

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnsearch.reports.inert import visible
from cnnsearch.spaces.errors import CnnSearchError, Problem

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
_LARGEST = 256 * 2**20
"""Bytes of an image in an archive: a zip of some kilobytes can claim, and hold, any size."""


@dataclass(frozen=True)
class FoundImage:
    """An image that was found but not yet read: a file, or a member of a zip archive."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """What a person knows it by: its path, with the member's after the archive's."""
        return str(self.path) if self.member is None else f"{self.path}/{self.member}"


def find_images(paths: Sequence[Path]) -> list[FoundImage]:
    """All images under these paths, sorted within each folder and archive; a file named itself is always taken.

    Raises:
        CnnSearchError: a path does not exist, an archive is damaged, or a folder or archive holds no image; all such
            paths are named at once.
    """
    found: list[FoundImage] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found += _images_in(path)
        except (OSError, zipfile.BadZipFile, ValueError) as error:
            problems.append(_problem(path, error))
    if problems:
        raise CnnSearchError("\n".join(map(str, problems)))
    return found


def _images_in(path: Path) -> list[FoundImage]:
    if path.is_dir():
        found = [FoundImage(file) for file in sorted(path.rglob("*")) if _is_image(file.name) and file.is_file()]
    elif path.suffix.lower() == ".zip" or (path.suffix.lower() not in SUFFIXES and zipfile.is_zipfile(path)):
        with zipfile.ZipFile(path) as archive:
            members = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
        inside = (member for member in members if not member.startswith("__MACOSX/"))
        found = [FoundImage(path, member) for member in sorted(inside) if _is_image(Path(member).name)]
    elif path.is_file():
        found = [FoundImage(path)]
    else:
        path.stat()
        raise ValueError("something that is neither file nor folder")
    if not found:
        raise ValueError("no image in it")
    return found


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")


def _problem(path: Path, error: Exception) -> Problem:
    got = "nothing there" if isinstance(error, FileNotFoundError) else str(error) or type(error).__name__
    rule = f"an image, a folder of images or a zip of images must lie here, got: {visible(got)}."
    return Problem(visible(str(path)), rule, f"Images end in {', '.join(sorted(SUFFIXES))}.")


def read_images(found: Sequence[FoundImage]) -> Iterator[tuple[FoundImage, Path | bytes | None]]:
    """Each image with its path or, from an archive, its bytes; with None where the archive does not give it out."""
    opened: tuple[Path, zipfile.ZipFile] | None = None
    try:
        for image in found:
            if image.member is None:
                yield image, image.path
                continue
            if opened is None or opened[0] != image.path:
                if opened is not None:
                    opened[1].close()
                opened = image.path, zipfile.ZipFile(image.path)
            yield image, _member(opened[1], image.member)
    finally:
        if opened is not None:
            opened[1].close()


def _member(archive: zipfile.ZipFile, name: str) -> bytes | None:
    try:
        with archive.open(name) as file:
            data = file.read(_LARGEST + 1)
    except (OSError, KeyError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error):
        return None  # encrypted, packed in an unknown way, or damaged
    return data if len(data) <= _LARGEST else None
