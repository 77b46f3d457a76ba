"""The fixtures that keep tests from the home folder and the network are tested themselves, by tests run in a test."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

LOOK = """
import os, pathlib, urllib.request

def test_home():
    (pathlib.Path.home() / ".leftover").write_text("x")

def test_home_again():
    assert not (pathlib.Path.home() / ".leftover").exists()

def test_network():
    urllib.request.urlopen("http://192.0.2.1/", timeout=5)

def test_photos(test_data):
    raise RuntimeError("not reached without photos")
"""


def run_tests(folder: Path, checkout: Path, **environment: str) -> str:
    (folder / "conftest.py").write_text((checkout / "tests" / "conftest.py").read_text())
    (folder / "test_look.py").write_text(LOOK)
    known = {name: value for name, value in os.environ.items() if name != "CNNSEARCH_TEST_DATA"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--import-mode=importlib", str(folder)]
    done = subprocess.run(
        command,
        env=known | {"PYTHONPATH": str(checkout)} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_a_touch_of_home_or_network_fails_a_test_and_missing_photos_skip_it(tmp_path: Path, checkout: Path) -> None:
    printed = run_tests(tmp_path, checkout)
    assert "this test wrote into the home folder: .leftover" in printed
    assert "PASSED test_look.py::test_home_again" in printed
    assert "a test wanted to look up '192.0.2.1': tests reach this machine only" in printed
    assert "1 skipped" in printed
    assert "CNNSEARCH_TEST_DATA is not set" in printed


def test_a_wrong_folder_of_photos_is_no_skip(tmp_path: Path, checkout: Path) -> None:
    printed = run_tests(tmp_path, checkout, CNNSEARCH_TEST_DATA="/nowhere/photos")
    assert "CNNSEARCH_TEST_DATA=/nowhere/photos is no folder" in printed


def test_a_name_outside_is_not_even_looked_up() -> None:
    with pytest.raises(OSError, match=r"wanted to look up 'example\.org'"):
        socket.create_connection(("example.org", 80), timeout=5)


def test_no_address_outside_is_reached() -> None:
    with socket.socket() as there, pytest.raises(OSError, match=r"wanted to connect to \('192\.0\.2\.1', 80\)"):
        there.connect(("192.0.2.1", 80))


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5).close()


def test_the_profile_of_property_tests_is_chosen_by_the_environment() -> None:
    expected = {"normal": 100, "nightly": 2000}[os.environ.get("CNNSEARCH_TEST_PROFILE", "normal")]
    assert settings.default is not None
    assert settings.default.max_examples == expected
    assert settings.default.deadline is None
