"""TensorFlow's own words on stderr while it is imported, which no environment variable silences (tensorflow 2.21)."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_native_messages() -> Iterator[None]:
    """Within it, what this process and the ones it starts write to the stderr file itself goes nowhere.

    Python's exceptions and return values are as ever. Not for use while other threads print to stderr.
    """
    try:
        stderr = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # no file behind stderr: nothing to divert
        yield
        return
    sys.stderr.flush()
    kept = os.dup(stderr)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stderr)
    os.close(nowhere)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, stderr)
        os.close(kept)
