"""Puts images into the prepared folder: as hard links where the disk allows, else as copies. Writes nowhere else."""

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cnnsearch.search.arranging.examine import Examined, Progress
from cnnsearch.search.arranging.plan import Place
from cnnsearch.search.dataset.cache.naming import content_hash
from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.files import FolderFiles
from cnnsearch.search.dataset.sources.source import Source

UNFINISHED = ".cnnsearch-unfinished"
"""The file in a prepared folder that becomes the next image when all of it is written."""
MIB = 1024**2
SPARE_BYTES = 64 * MIB
"""What copies leave free on their disk."""
_EVERY = 100
"""Images between two words on the progress."""


def missing_of(places: Iterable[Place], folder: Path) -> list[Place]:
    """The images that are not in the folder yet."""
    return [place for place in places if not is_there(folder / place.path)]


def can_link(source: Source, missing: Sequence[Place], folder: Path) -> bool:
    """Whether images of the source can be hard links in the folder; yes where none is missing.

    A hard link is the photo itself under a second name: it needs no room, stays when the other name goes, and every
    loader reads it. A symbolic link would break when either folder moves, and lead out of the folder that it lies in.
    """
    probe = folder / UNFINISHED
    linked = not missing or _link(source, missing[0].source, probe)
    probe.unlink(missing_ok=True)
    return linked


def place(source: Source, missing: Sequence[Place], folder: Path, progress: Progress, *, link: bool) -> None:
    """Bring every image to its path below the folder, as a hard link or as a copy.

    Raises:
        DataError: an image is not what it was when it was examined, or a link leads out of the folder.
        OSError: the system does not let us write.
    """
    for parent in sorted({(folder / wanted.path).parent for wanted in missing}):
        _make_folder(parent, folder)
    for done, wanted in enumerate(missing, 1):
        path = folder / wanted.path
        if not (link and _link(source, wanted.source, path)):  # a disk may know links, but only so many of a file
            _copy(source, wanted.source, path, folder / UNFINISHED)
        if done % _EVERY == 0 or done == len(missing):
            progress("placing", done, len(missing))


def check_room(folder: Path, missing: Sequence[Place]) -> None:
    """Refuse to begin copies that the folder's disk has no room for.

    Raises:
        DataError: there is not enough.
    """
    needed = sum(wanted.source.size for wanted in missing)
    free = shutil.disk_usage(folder).free
    if missing and free < needed + SPARE_BYTES:
        raise DataError(
            str(folder),
            f"copies of these images need {-(-(needed + SPARE_BYTES) // MIB)} MiB, got {free // MIB} MiB free.",
            "Free some space, take fewer with --count, or prepare on the disk of the source, where links need no room.",
        )


def is_there(path: Path) -> bool:
    """Whether an image lies there. An empty file is no image: a machine that lost its power can leave one."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _make_folder(folder: Path, root: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not folder.resolve().is_relative_to(root.resolve()):
        raise DataError(
            str(folder),
            f"what is prepared stays in its folder, got a link to {folder.resolve()}.",
            "Remove this link, or prepare into another folder.",
        )


def _link(source: Source, image: Examined, path: Path) -> bool:
    """Whether this image has become a link; not so in archives, over two disks, or on disks that know none."""
    if not isinstance(source.files, FolderFiles):
        return False
    original = (source.files.root / image.image.path).resolve()
    with suppress(OSError):  # an empty leftover
        path.unlink(missing_ok=True)
    try:
        os.link(original, path)
    except OSError:
        return False
    if path.stat().st_size != image.size:
        path.unlink()
        raise _changed(image)
    return True


def _copy(source: Source, image: Examined, path: Path, beside: Path) -> None:
    try:
        content = source.read(image.image)
    except UnreadableImage as error:
        raise _changed(image) from error
    if content_hash(content) != image.content:
        raise _changed(image)
    beside.unlink(missing_ok=True)  # a killed process can leave a link there: to write through it changes a photo
    beside.write_bytes(content)
    beside.replace(path)


def _changed(image: Examined) -> DataError:
    rule = "images must not change while they are prepared, got other bytes."
    return DataError(image.image.path, rule, "Run the same command again.")
