"""From any source to train, validation and test folders of class folders: examine, arrange, place.

New folders are made in one beside their place, which gets its name when all is there. What an interruption
leaves in it, the next call uses. A folder that was prepared before is added to; what is in it never moves.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from cnnsearch.search.arranging.examine import Examined, Progress, Unreadable, examine
from cnnsearch.search.arranging.manifest import MANIFEST, Manifest, read_manifest
from cnnsearch.search.arranging.placing import UNFINISHED, can_link, check_room, is_there, missing_of, place
from cnnsearch.search.arranging.plan import Arrangement, arrange
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import PARTS, TEST, VALIDATION
from cnnsearch.search.dataset.sources.source import Source, open_source
from cnnsearch.search.writing import UnwritableFile

LOCK = ".cnnsearch.lock"


@dataclass(frozen=True)
class Wish:
    """What is to be made.

    Attributes:
        source: as `data.source` names it.
        folder: where the train, validation and test folders go.
        validation: the share of each class to validate on.
        test: the share of each class to test on.
        count: how many images, None for all.
        seed: decides which images are taken, and which of them go where.
        link: whether hard links will do where they are possible.
    """

    source: str
    folder: Path
    validation: float
    test: float
    count: int | None = None
    seed: int = 42
    link: bool = True

    def check(self) -> None:
        """Refuse what no folders can be made of.

        Raises:
            DataError: the shares leave nothing to train on, or the folder is the source's own, a file, or another's.
        """
        if not self.validation + self.test < 1:  # so that not-a-number is refused, too
            rule = f"the shares must leave images to train on, got {self.validation} + {self.test}."
            raise DataError("--validation, --test", rule, "Make their sum smaller than 1.")
        source, folder = _resolved(self.source), self.folder.resolve()
        inside = folder.is_relative_to(source) or (source.is_relative_to(folder) and source.exists())
        if inside or source == unfinished(folder):
            rule = f"the prepared folder must lie outside of the source, got {source} and {folder}."
            raise DataError(str(self.folder), rule, "Name a folder beside the source.")


def _resolved(source: str) -> Path:
    """Where a source lies, if it is a path; what cannot be one is left to `open_source` to tell."""
    try:
        return Path(source).expanduser().resolve()
    except RuntimeError:  # the ~ of a person who is not known here
        return Path(source).resolve()


@dataclass(frozen=True)
class Prepared:
    """What was made, or for a trial what would be.

    Attributes:
        arrangement: the images and their places.
        unreadable: the images that were left out, each with its reason.
        notes: what of the source was left aside and why, in one line each.
        linked: whether the new files are hard links, and no copies; None for a trial.
    """

    arrangement: Arrangement
    unreadable: tuple[Unreadable, ...]
    notes: tuple[str, ...]
    linked: bool | None = None

    @property
    def added(self) -> int:
        """How many files are new."""
        return len(self.arrangement.manifest.contents) - self.arrangement.kept


def outlook(wish: Wish, progress: Progress) -> Prepared:
    """What `prepare` would make; writes nothing.

    Raises:
        DataError: as `prepare`, but for the disk.
    """
    wish.check()
    before = _before(wish)  # a folder that cannot be used is told before thousands of images are read
    return _arranged(open_source(wish.source), wish, before, progress)


def prepare(wish: Wish, progress: Progress) -> Prepared:
    """Make the folders, or add to those that were made before; the source is only read.

    Raises:
        DataError: the source or the folder is not as it must be, or a disk is full, read-only or gone.
    """
    wish.check()
    before, source = _before(wish), open_source(wish.source)
    prepared = _arranged(source, wish, before, progress)
    manifest = prepared.arrangement.manifest
    with _told_as_data_error(wish.folder):
        with _room(wish.folder) as room:
            if _before(wish) != before:
                raise _taken(wish.folder, "another process changed it meanwhile")
            _clear_unless(manifest, room, before)
            missing = missing_of(prepared.arrangement.places, room)
            linked = wish.link and can_link(source, missing, room)
            if not linked:
                check_room(room, missing)
            manifest.write(room)
            place(source, missing, room, progress, link=linked)
        _give_name(room, wish.folder)
    return replace(prepared, linked=linked)


def _arranged(source: Source, wish: Wish, before: Manifest, progress: Progress) -> Prepared:
    looks = list(examine(source, progress))
    readable = [look for look in looks if isinstance(look, Examined)]
    unreadable = tuple(look for look in looks if isinstance(look, Unreadable))
    if not readable:
        rule = f"some images must be readable, got {len(unreadable)} that are not; {_first(unreadable)}."
        raise DataError(wish.source, rule, "Check that the files are whole.")
    return Prepared(arrange(readable, wish.count, before), unreadable, source.notes + _split_already(source))


def _split_already(source: Source) -> tuple[str, ...]:
    """A note that the shares have no say where somebody has split the images before."""
    given = {image.part for image in source.images}
    if VALIDATION in given:
        return (
            "the source has its own validation part: each image keeps its part, --validation and --test say nothing",
        )
    return ("the source has its own test part: it stays, --test says nothing",) if TEST in given else ()


def _first(unreadable: tuple[Unreadable, ...]) -> str:
    return f"{unreadable[0].path!r} {unreadable[0].reason}"


def _before(wish: Wish) -> Manifest:
    """What is there of earlier calls; an empty manifest of this wish for a new folder.

    Raises:
        DataError: the folder holds other things, or was prepared in another way.
    """
    _check_usable(wish.folder)
    now, before = Manifest(wish.validation, wish.test, wish.seed), read_manifest(wish.folder)
    if before is None:
        return now
    if _way(before) != _way(now):
        raise DataError(
            str(wish.folder),
            f"images that were prepared keep their sides, so this folder goes on with {_way(before)}, got {_way(now)}.",
            "Give these, or prepare into another folder.",
        )
    there = {path: content for path, content in before.contents.items() if is_there(wish.folder / path)}
    return replace(before, contents=there)


def _way(manifest: Manifest) -> str:
    return f"--validation {manifest.validation:g} --test {manifest.test:g} --seed {manifest.seed}"


def _check_usable(folder: Path) -> None:
    """A folder that is not there yet, is empty, or was prepared before."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        rule = f"the images go into a folder that can be read, got: {error.strerror}."
        raise DataError(str(folder), rule, "Name another one.") from error
    if names and MANIFEST not in names:
        got = f"{len(names)} other entries, such as {names[0]!r}" if len(names) > 1 else f"{names[0]!r} in it"
        rule = f"this folder must be new, empty, or prepared before, got {got}."
        raise DataError(str(folder), rule, "Name another folder, or remove this one.")


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    """The folder that is worked in, held against other processes; left empty, it goes away again."""
    room = folder if _in_place(folder) else unfinished(folder)
    room.mkdir(parents=True, exist_ok=True)
    lock = FileLock(room / LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise _taken(room, "another one at work in it") from None
    try:
        yield room
    finally:
        (room / UNFINISHED).unlink(missing_ok=True)
        (room / LOCK).unlink(missing_ok=True)
        lock.release()
        if room != folder:
            with suppress(OSError):  # it is not empty
                room.rmdir()


def _in_place(folder: Path) -> bool:
    """Whether nothing can or need be made beside this folder: it was prepared before, or must stay where it is."""
    stays = folder.is_dir() and (os.path.ismount(folder) or not os.access(folder.resolve().parent, os.W_OK))
    return stays or (folder / MANIFEST).exists()


def unfinished(folder: Path) -> Path:
    """Where a new folder is made until it is whole."""
    whole = folder.resolve()
    return whole.with_name(f"{whole.name}.unfinished")


def _clear_unless(manifest: Manifest, room: Path, before: Manifest) -> None:
    """Keep what an earlier call of the same kind left unfinished; remove what another one, or other images, left."""
    left = read_manifest(room)
    others = [path for path in room.iterdir() if path.name not in (MANIFEST, LOCK, UNFINISHED)]
    if before.contents or left == manifest or not others:
        return
    if left is None:
        rule = f"new folders are made here until they are whole, got other things, such as {others[0].name!r}."
        raise DataError(str(room), rule, "Move them elsewhere.")
    for path in (room / part for part in PARTS):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


def _give_name(room: Path, folder: Path) -> None:
    """The finished folder takes its place in one step; an empty folder that is there gives way."""
    whole = folder.resolve()
    if room in (folder, whole):
        return
    if whole.exists():
        whole.rmdir()
    room.rename(whole)


def _taken(folder: Path, got: str) -> DataError:
    return DataError(
        str(folder), f"one process at a time prepares a folder, got {got}.", "Wait for it, then run the command again."
    )


@contextmanager
def _told_as_data_error(folder: Path) -> Iterator[None]:
    """Says where and what to do when the system does not let us write."""
    try:
        yield
    except (OSError, UnwritableFile) as error:
        got = getattr(error, "strerror", None) or error
        rule = f"the prepared images must be written, got: {got}."
        where = str(getattr(error, "filename", None) or folder)
        raise DataError(where, rule, "Make room or mend the permissions; then the same command goes on.") from error
