"""Why something failed: one word for each kind of cause, so that a failure is never a score."""

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.records import Failure
from cnnsearch.search.writing import UnwritableFile
from cnnsearch.spaces.errors import CnnSearchError

_OUT_OF_MEMORY = ("RESOURCE_EXHAUSTED", "OOM when allocating", "out of memory", "Out of memory", "std::bad_alloc")


class NotANumber(Exception):
    """A loss that is NaN or infinite: nothing that follows can be trusted."""


def classify(error: BaseException) -> tuple[Failure, str]:
    """The kind of a failure, and one line about it."""
    text = str(error).strip()
    line = f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
    if isinstance(error, MemoryError) or any(mark in text for mark in _OUT_OF_MEMORY):
        return Failure.OOM, line
    if isinstance(error, NotANumber):
        return Failure.NAN, text
    if isinstance(error, DataError):
        return Failure.DATA, text
    if isinstance(error, UnwritableFile | OSError):  # a full disk, for one: of the machine, not of the configuration
        return Failure.CRASH, text if isinstance(error, UnwritableFile) else line
    return Failure.BUG, text if isinstance(error, CnnSearchError) else line
