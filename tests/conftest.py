"""What every test stands on: a home that nobody may touch, no network, no GPU, and the folder of real photos."""

import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from benchmarks.postgres import Postgres, programs, server

HOME_KEY = pytest.StashKey[Path]()
PLACES = {
    "HOME": "home",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "KERAS_HOME": "keras",
    "CNNSEARCH_CACHE": "cnnsearch",
}
SURROUNDINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "",
    "MPLBACKEND": "Agg",
    "COLUMNS": "120",
    "TERM": "xterm-256color",
}
UNSET = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")

# In CI the same examples each time, so that a verdict repeats; the nightly profile looks further.
settings.register_profile("normal", max_examples=100, deadline=None, derandomize=bool(os.environ.get("CI")))
settings.register_profile("nightly", max_examples=2000, deadline=None)


class NetworkTouchedError(OSError):
    """A test wanted something from outside this machine. To the code under test it is an unplugged cable."""


def pytest_configure(config: pytest.Config) -> None:
    """Set the surroundings before any test module is imported: keras reads KERAS_HOME while it is imported."""
    nightly = os.environ.get("CNNSEARCH_NIGHTLY", "0") not in ("", "0")
    settings.load_profile(os.environ.get("CNNSEARCH_TEST_PROFILE", "nightly" if nightly else "normal"))
    root = Path(tempfile.mkdtemp(prefix="cnnsearch-tests-"))
    config.stash[HOME_KEY] = root
    for variable, folder in PLACES.items():
        (root / folder).mkdir()
        os.environ[variable] = str(root / folder)
    os.environ.update(SURROUNDINGS)
    for variable in [name for name in os.environ if name in UNSET or name.lower().endswith("_proxy")]:
        del os.environ[variable]  # a proxy on this machine would lead out of it


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the surroundings' files."""
    if HOME_KEY in config.stash:
        shutil.rmtree(config.stash[HOME_KEY], ignore_errors=True)


@pytest.fixture(autouse=True)
def _untouched_home(pytestconfig: pytest.Config) -> Iterator[None]:
    """Fail a test that leaves something in the home folder itself; caches and settings have folders of their own."""
    home = pytestconfig.stash[HOME_KEY] / "home"
    yield
    touched = sorted({path.name for path in home.iterdir()} - {".pki", ".ray"})  # Chromium's and Ray's, never asked
    for name in touched:
        path = home / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    if touched:
        pytest.fail(f"this test wrote into the home folder: {', '.join(touched)}")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Let sockets reach this machine only."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


def _guarded(original: Any) -> Any:
    def reach(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise NetworkTouchedError(f"a test wanted to connect to {address}: tests reach this machine only")
        return original(self, address)

    return reach


def _guarded_lookup(original: Any) -> Any:
    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and not _is_here(host):
            raise NetworkTouchedError(f"a test wanted to look up {host!r}: tests reach this machine only")
        return original(host, *args, **kwargs)

    return look_up


def _is_here(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name.lower() in ("", "localhost", socket.gethostname().lower())
    return address.is_loopback or address.is_unspecified


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photos and weights that CNNSEARCH_TEST_DATA names; without it the test is skipped."""
    named = os.environ.get("CNNSEARCH_TEST_DATA")
    if not named:
        pytest.skip("CNNSEARCH_TEST_DATA is not set: it names a folder of real photos")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"CNNSEARCH_TEST_DATA={named} is no folder")
    return folder.resolve()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of the tests' own; without its programs or its driver they are skipped."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="its driver is not installed: pip install 'cnnsearch[postgres]'")
    with server("fsync=off") as running:
        yield running


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the source tree."""
    return Path(__file__).resolve().parent.parent
