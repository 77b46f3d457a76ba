"""Writes on a disk that may be full: then the parent says when to try again."""

from collections.abc import Callable

from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import DiskFull
from cnnsearch.search.writing import is_full_disk


def when_there_is_room(line: Line, write: Callable[[], None]) -> None:
    """Write; on a full disk as often as the parent wants it, for the training must not be in vain."""
    while True:
        try:
            return write()
        except Exception as error:
            if not is_full_disk(error):
                raise
        line.ask(DiskFull())
