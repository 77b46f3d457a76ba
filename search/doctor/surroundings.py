"""What lies around the images of a source and is not used: clutter, links, other files, folders without images."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.files import FolderFiles
from cnnsearch.search.dataset.sources.layout import IMAGE_SUFFIXES, is_clutter
from cnnsearch.search.dataset.sources.source import Source
from cnnsearch.search.doctor.findings import Group, Subject
from cnnsearch.search.doctor.kinds import Kind
from cnnsearch.search.doctor.single import is_odd

_DRAWN = (".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2", ".jxl", ".svg", ".ico", ".psd", ".ppm", ".pgm", ".tga")
_RAW = (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2")
OTHER_IMAGE_SUFFIXES = frozenset((*_DRAWN, *_RAW))
"""What names of images end in that no decoder of ours reads."""


def of_surroundings(source: Source) -> Iterator[tuple[Kind, Group]]:
    """All that is to be told of what is in a source beside its labelled images.

    Raises:
        DataError: the source cannot be listed.
    """
    if is_manifest(source):
        return
    used = {image.path for image in source.images}
    listed = source.files.listing().paths
    for path in sorted(set(listed) - used):
        yield from _of_path(path)
    if isinstance(source.files, FolderFiles):
        yield from _of_folder(source.files.root, listed)


def is_manifest(source: Source) -> bool:
    """Whether a file names the images of a folder: what else is in the folder was left out on purpose."""
    return isinstance(source.files, FolderFiles) and Path(source.name).expanduser().is_file()


def _of_path(path: str) -> Iterator[tuple[Kind, Group]]:
    suffix = PurePosixPath(path).suffix.lower()
    if any(is_clutter(step) for step in path.split("/")):
        yield Kind.CLUTTER, (Subject(path),)
    elif suffix in IMAGE_SUFFIXES:
        yield Kind.UNLABELLED, (Subject(path),)
    elif suffix in OTHER_IMAGE_SUFFIXES:
        yield Kind.UNREAD_FORMAT, (Subject(path, suffix),)
    else:
        yield Kind.NO_IMAGE, (Subject(path),)
    if is_odd(path):
        yield Kind.ODD_NAME, (Subject(path),)


@dataclass(frozen=True)
class _Entry:
    """What a folder holds beside the files that are listed."""

    path: str
    is_folder: bool = False
    is_link: bool = False


def _of_folder(root: Path, listed: Iterable[str]) -> Iterator[tuple[Kind, Group]]:
    """Clutter, links and special files, which a listing leaves out, and folders in which it found no image."""
    listed = set(listed)
    filled = {str(parent) for path in listed if _is_image(path) for parent in PurePosixPath(path).parents}
    for entry in sorted(_walk(root), key=lambda entry: entry.path):
        subject = (Subject(entry.path),)
        if is_clutter(entry.path.rpartition("/")[2]):
            yield Kind.CLUTTER, subject
        elif entry.is_folder:
            if entry.path not in filled and str(PurePosixPath(entry.path).parent) in filled:
                yield Kind.EMPTY_FOLDER, subject
        elif entry.path not in listed:
            yield (Kind.LINK if entry.is_link else Kind.NO_IMAGE), subject


def _is_image(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES


def _walk(root: Path) -> Iterator[_Entry]:
    """Everything below a folder; clutter and links are told and not entered."""
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        for entry in _entries(root / prefix):
            is_folder = entry.is_dir(follow_symlinks=False)
            yield _Entry(prefix + entry.name, is_folder, entry.is_symlink())
            if is_folder and not is_clutter(entry.name):
                waiting.append(f"{prefix}{entry.name}/")


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        rule = f"a source must not change while it is examined, got: {error.strerror}."
        raise DataError(str(folder), rule, "Start again.") from error
