"""Why something failed: one word for each kind of cause, so that a failure is never a score."""

import errno
from collections.abc import Iterator

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.records import Failure
from cnnsearch.search.writing import UnwritableFile, is_full_disk
from cnnsearch.spaces.errors import CnnSearchError

OUT_OF_MEMORY = (
    "RESOURCE_EXHAUSTED",  # XLA, and with it JAX
    "OOM when allocating",
    "out of memory",
    "Out of memory",
    "std::bad_alloc",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "ALLOC_FAILED",  # cuDNN, cuBLAS
    "CUBLAS_STATUS_NOT_INITIALIZED",  # no room on the GPU for what the library itself needs
    "CUDNN_STATUS_NOT_INITIALIZED",
    "Dst tensor is not initialized",  # TensorFlow, of a copy to a GPU that is full
    "Cannot allocate memory",  # the system, of a fork or a memory map, in a text of somebody else's
    "can't start new thread",  # Python, and TensorFlow: a thread wants room for its stack
    "creation via pthread_create() failed",
    "MemoryError",  # one that passed through TensorFlow as text
)
"""What errors without a type of their own say when memory runs out."""
_OUT_OF_MEMORY_TYPES = ("MemoryError", "ResourceExhaustedError", "OutOfMemoryError")


class NotANumber(Exception):
    """A loss that is NaN or infinite: nothing that follows can be trusted."""


def classify(error: BaseException) -> tuple[Failure, str]:
    """The kind of a failure, and one line about it."""
    text = str(error).strip()
    line = f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
    chain = list(_chain(error))
    if is_full_disk(error):  # of the machine, not of the configuration
        return Failure.DISK, text if isinstance(error, CnnSearchError) else line
    if any(map(_is_lack_of_memory, chain)):
        return Failure.OOM, text if isinstance(error, CnnSearchError) else _on_memory(error, text) or line
    if isinstance(error, NotANumber):
        return Failure.NAN, text
    if isinstance(error, DataError):
        return Failure.DATA, text
    if isinstance(error, UnwritableFile | OSError):
        return Failure.CRASH, text if isinstance(error, UnwritableFile) else line
    return Failure.BUG, text if isinstance(error, CnnSearchError) else line


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__


def _on_memory(error: BaseException, text: str) -> str:
    """The line of a long message that tells of memory; TensorFlow's first one only says that a graph failed."""
    told = next((line.strip() for line in text.splitlines() if any(mark in line for mark in OUT_OF_MEMORY)), "")
    return f"{type(error).__name__}: {told}" if told else ""


def _is_lack_of_memory(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    types = {kind.__name__ for kind in type(error).__mro__}  # by name: no backend is imported for this
    return not types.isdisjoint(_OUT_OF_MEMORY_TYPES) or any(mark in str(error) for mark in OUT_OF_MEMORY)
