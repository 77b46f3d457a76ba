"""What every archive's table of contents is held to: paths that stay inside, sizes that a disk of photos has."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PureWindowsPath

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.layout import is_clutter, listed

MOST_RATIO = 200
"""How many times its own size an archive of photos may unpack to; photos hardly shrink at all, blank bitmaps do."""
UNSUSPICIOUS_BYTES = 4 * 1024**3
"""Archives that unpack to no more are never taken for bombs: images are read one at a time."""


@dataclass(frozen=True)
class Contents:
    """What a table of contents says beside the files themselves, counted for the notes.

    Attributes:
        links: paths that are links, which are not followed.
        twins: how many members another one of the same path stands in for.
        empty: folders in which nothing lies.
        special: devices, pipes and other members that are no files.
    """

    links: int = 0
    twins: int = 0
    empty: tuple[str, ...] = ()
    special: int = 0

    def notes(self) -> tuple[str, ...]:
        """One line for each kind that was found."""
        return tuple(
            note
            for note, found in (
                (f"links not followed: {self.links}", self.links),
                (f"archive members with the path of a later one, not used: {self.twins}", self.twins),
                (f"archive members that are no files, not used: {self.special}", self.special),
                (f"empty folders: {len(self.empty)} ({listed(self.empty)})", self.empty),
            )
            if found
        )


def empty_folders(folders: Iterable[str], paths: Iterable[str]) -> tuple[str, ...]:
    """Those folders in which no file lies, at any depth; only the innermost ones."""
    filled = {path[:end] for path in (*paths, *folders) for end in _step_ends(path)}
    return tuple(f"{f}/" for f in folders if f and f not in filled and not any(map(is_clutter, f.split("/"))))


def _step_ends(path: str) -> list[int]:
    return [place for place, character in enumerate(path) if character == "/"]


def plain_path(where: str, name: str) -> str:
    """A member's path with `/` between its steps; some archives made on Windows have backslashes, tars begin with `./`.

    Raises:
        DataError: it leads out of the archive.
    """
    path = name.replace("\\", "/")
    steps = path.split("/")
    if path.startswith("/") or PureWindowsPath(path).drive or ".." in steps or "\0" in path:
        raise DataError(
            where,
            f"paths inside an archive must stay inside of it, got {name!r}.",
            "Make the archive anew from a folder you trust.",
        )
    if "" in steps or "." in steps:
        return "/".join(step for step in steps if step not in ("", "."))
    return path


def check_unpacked(where: str, packed: int, unpacked: int) -> None:
    """Refuse an archive of `packed` bytes that holds `unpacked` bytes, where no photos shrink so much.

    Raises:
        DataError: it is a bomb.
    """
    if unpacked > UNSUSPICIOUS_BYTES and unpacked > MOST_RATIO * packed:
        raise DataError(
            where,
            f"an archive may unpack to {MOST_RATIO} times its size, got {packed} bytes that hold {unpacked} or more.",
            "It may have been made to fill disks: use one that you trust, or unpack it to a folder yourself.",
        )
