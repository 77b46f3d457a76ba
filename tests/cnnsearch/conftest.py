"""Fixtures for tests of the command line."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.cnnsearch.command_line import LIMIT, TINY, CommandLine


@pytest.fixture
def command_line(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line in an empty folder."""
    line = CommandLine(tmp_path)
    yield line
    line.close()


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A folder in which the tiny space was searched to its end; tests may read it and add folders beside the run."""
    line = CommandLine(tmp_path_factory.mktemp("searched"))
    line.good("run", line.write(TINY))
    return line


@pytest.fixture
def wait_for() -> Callable[[Callable[[], object], float], None]:
    """Wait until something is true; fail after some seconds."""

    def wait(condition: Callable[[], object], seconds: float = LIMIT) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s in vain"
            time.sleep(0.02)

    return wait


@pytest.fixture
def descendants() -> Callable[[int], list[psutil.Process]]:
    """The processes that a process has started, their own included."""

    def of(pid: int) -> list[psutil.Process]:
        try:
            return psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    return of
