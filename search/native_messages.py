"""TensorFlow's own words on stderr while it is imported, which no environment variable silences (tensorflow 2.21)."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
"""What native code writes to. In a notebook `sys.stderr` is another file, and this one is shown there, too."""


@contextmanager
def without_native_messages() -> Iterator[None]:
    """Within it, what this process and the ones it starts write to the stderr file itself goes nowhere.

    Python's exceptions and return values are as ever. Not for use while other threads print to stderr.
    """
    if sys.__stderr__ is None or sys.stderr is None:  # number 2 is closed, or another file
        yield
        return
    sys.stderr.flush()
    kept = os.dup(_STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    os.close(nowhere)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, _STDERR)
        os.close(kept)
