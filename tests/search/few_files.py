"""A process that may open few files more: the system's own limit, of this process."""

import os
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def files_left(count: int) -> Iterator[None]:
    """Within it, this process may open so many files more, and no other one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as opened:
        for _ in range(count + 1):  # a system takes the lowest number that is free: those below the last one are taken
            last = os.open(os.devnull, os.O_RDONLY)
            opened.callback(os.close, last)
    resource.setrlimit(resource.RLIMIT_NOFILE, (last, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def open_files() -> set[str]:
    """The numbers of the files that this process has open."""
    return {file.name for file in Path("/proc/self/fd").iterdir()}
