"""An archive inside another place, as Kaggle packs `train.zip`: copied out once, to a file without a name."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, Protocol

from cnnsearch.search.dataset.sources.spool import Spool


class Streams(Protocol):
    """A place whose files may be read in pieces."""

    def stream(self, path: str) -> AbstractContextManager[IO[bytes]]:
        """One file to read from its beginning on.

        Raises:
            DataError: it is damaged.
        """
        ...


@dataclass(frozen=True)
class Packed:
    """A file of a place that is itself an archive; `where` is what messages call the place."""

    where: str
    place: Streams
    path: str

    def __getstate__(self) -> dict[str, Any]:
        """Leaves the copy out of a pickle; it is made anew where it is needed."""
        return {"where": self.where, "place": self.place, "path": self.path}

    def __str__(self) -> str:
        return f"{self.where}/{self.path}"

    @cached_property
    def spool(self) -> Spool:
        """Its bytes, where they can be read at random.

        Raises:
            DataError: it is damaged, or the disk for temporary files is full.
        """
        spool = Spool(str(self))
        with self.place.stream(self.path) as stream:
            spool.copy(stream)
        return spool
