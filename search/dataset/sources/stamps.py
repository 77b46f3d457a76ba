"""Whether an archive is still the file that was opened: in another one, places of its table mean other bytes."""

import os
from dataclasses import dataclass

from cnnsearch.search.dataset.errors import DataError


@dataclass(frozen=True)
class Stamp:
    """What a file that is written anew differs in."""

    inode: int
    size: int
    changed: int

    @classmethod
    def of(cls, stat: os.stat_result) -> "Stamp":
        """The stamp of a file as it stands."""
        return cls(stat.st_ino, stat.st_size, stat.st_mtime_ns)


def check_unchanged(where: str, before: Stamp, stat: os.stat_result) -> None:
    """Refuse a file that is not the one that was opened.

    Raises:
        DataError: it was replaced or written anew.
    """
    if Stamp.of(stat) != before:
        raise DataError(where, "a source must not change while it is read, got another file.", "Start again.")
