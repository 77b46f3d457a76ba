"""The forkserver that the jobs of these tests come from, and commands on a disk of their own."""

import resource
import subprocess
from collections.abc import Callable
from multiprocessing import forkserver as server

import pytest

from cnnsearch.search.engine.processes import start_forkserver


@pytest.fixture(scope="session")
def forkserver() -> None:
    """Start it with keras imported, as the commands do: without that each job would import it anew."""
    start_forkserver()


@pytest.fixture
def no_process(forkserver: None) -> Callable[[], None]:
    """Call it, and the system has no room for the next process: the forkserver ends, as it does where a fork fails."""

    def limit() -> None:
        server.ensure_running()
        running = getattr(server, "_forkserver")._forkserver_pid  # noqa: B009 - private, and nobody else knows it
        resource.prlimit(running, resource.RLIMIT_NOFILE, (3, 3))

    return limit


@pytest.fixture
def in_namespace() -> Callable[..., str]:
    """`in_namespace(mounting, *command)`: the stdout of a command that runs where `mounting` was done before."""

    def ran(mounting: str, *command: str) -> str:
        whole = ["unshare", "-rm", "sh", "-c", f'{mounting} && exec "$@"', "sh"]
        try:
            subprocess.run([*whole, "true"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("this system mounts nothing for us")
        return subprocess.run([*whole, *command], capture_output=True, text=True, check=True).stdout

    return ran
