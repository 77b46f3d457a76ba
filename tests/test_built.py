"""What is built and installed is what stands in the tree, and what is started stays quick."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOMS = ("cnnsearch", "reports", "search", "spaces")
LEFT_BEHIND = shutil.ignore_patterns(
    ".git", ".venv", ".view", ".*_cache", ".hypothesis", "__pycache__", "*.egg-info", "build", "dist", "runs", "tests"
)
BUILD = """
import sys
from setuptools import build_meta
dist = sys.argv[1]  # the first build puts its own arguments there
build_meta.build_sdist(dist)
build_meta.build_wheel(dist)
"""
HELP = """
import contextlib, io, sys
from cnnsearch.app import main
sys.argv = ["cnnsearch", *sys.argv[1:]]
shown = io.StringIO()
with contextlib.redirect_stdout(shown):
    try:
        code = main()
    except SystemExit as leaving:
        code = leaving.code
slow = {"tensorflow", "keras", "keras_tuner", "optuna", "sklearn", "matplotlib", "jax", "torch"}
print(code, "Usage" in shown.getvalue(), sorted(slow & sys.modules.keys()))
"""


def room_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Every file of the rooms: its place in an installed copy, and in the tree."""
    for room in ROOMS:
        for path in (root / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                inside = path.relative_to(root).as_posix()
                yield (inside if room == "cnnsearch" else f"cnnsearch/{inside}"), path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """A folder with the sdist and the wheel of a clean copy of this tree."""
    copy = tmp_path_factory.mktemp("copy") / "tree"
    shutil.copytree(checkout, copy, ignore=LEFT_BEHIND)
    dist = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-W", "ignore", "-c", BUILD, str(dist)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dist


def test_the_wheel_has_every_file_of_every_room(built: Path, checkout: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name.startswith("cnnsearch/")}
        described = [name for name in archive.namelist() if ".dist-info/" in name]
    assert packed == {name: path.read_bytes() for name, path in room_files(checkout)}
    assert "cnnsearch/py.typed" in packed
    assert any(name.endswith("licenses/LICENSE") for name in described)
    assert any(name.endswith("entry_points.txt") for name in described)


def test_the_sdist_has_every_file_of_every_room(built: Path, checkout: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    expected = {path.relative_to(checkout).as_posix() for _, path in room_files(checkout)}
    assert expected | {"pyproject.toml", "README.md", "LICENSE"} <= packed


def test_the_shipped_spaces_are_in_the_wheel(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert "cnnsearch/spaces/basic.yaml" in archive.namelist()


@pytest.mark.parametrize("room", ["reports", "search", "spaces"])
def test_a_room_under_its_folders_name_is_refused(room: str, checkout: Path) -> None:
    command = [sys.executable, "-c", f"import {room}"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    advice = f"ImportError: import cnnsearch.{room}, not {room}: install the package (pip install -e .)"
    assert done.stderr.splitlines()[-1] == advice


def test_help_needs_none_of_the_slow_libraries(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HELP, "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "0 True []", done.stderr


def test_the_version_stands_in_one_place(checkout: Path) -> None:
    version = re.search(r'^version = "(.+)"$', (checkout / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    for _, path in room_files(checkout):
        if path.suffix == ".py":
            assert f'"{version[1]}"' not in path.read_text(encoding="utf-8"), path
    assert f"## [{version[1]}]" in (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
