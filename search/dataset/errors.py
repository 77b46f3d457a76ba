"""What can be wrong with a person's images: the whole source, one of its files, or the disk that they are kept on."""

import shutil
from pathlib import Path

from cnnsearch.spaces.errors import CnnSearchError, Problem


class DataError(CnnSearchError):
    """Images, or a split of them, that no search can run on."""

    def __init__(self, where: str, rule: str, advice: str = "") -> None:
        self.problem = Problem(where, rule, advice)
        super().__init__(where, rule, advice)

    def __str__(self) -> str:
        return str(self.problem)


class NoRoom(DataError):
    """A disk that is too full at present for what is to be kept on it; with less on it there would be room.

    It is raised from the error with which the system would refuse, so that it counts as a full disk.

    Attributes:
        folder: on the disk.
        needed: bytes that must be free there.
    """

    def __init__(self, folder: Path, needed: int, rule: str, advice: str) -> None:
        super().__init__(str(folder), rule, advice)
        self.folder, self.needed = folder, needed

    @property
    def is_over(self) -> bool:
        """Whether there is room by now, or the disk does not say."""
        try:
            return shutil.disk_usage(self.folder).free >= self.needed
        except OSError:
            return True


class UnreadableImage(CnnSearchError):
    """One image file that cannot be used. Its text is the reason alone, such as `is empty`; the caller has the name."""
