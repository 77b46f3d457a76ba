"""What the tests of the cache share: many small photos, a place for caches, and builders that are processes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Builder = Callable[..., "subprocess.Popen[str]"]

BUILDER = """
import json, pathlib, sys
from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.sources.source import open_source
photos, root, wait = sys.argv[1:]
calls = []
def progress(done, total):
    calls.append(done)
    if len(calls) == 1 and wait == "building":
        print("building", flush=True)
        sys.stdin.readline()
cache = build_cache(open_source(photos), (12, 10, 3), pathlib.Path(root), progress)
print(json.dumps([calls, cache.folder.name, len(cache.images)]), flush=True)
if wait == "open":
    sys.stdin.readline()
"""


@pytest.fixture
def many(folder, photo) -> Path:
    return folder({f"{name}/{n}.jpg": photo(n + 1000 * (name == "dog")) for name in ("cat", "dog") for n in range(40)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def builder(many: Path, root: Path) -> Builder:
    """`builder(wait="")`: a process that builds the cache; it waits for a line while it is "building" or "open"."""

    def started(wait: str = "", place: Path = root) -> "subprocess.Popen[str]":
        arguments = [sys.executable, "-c", BUILDER, str(many), str(place), wait]
        return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    return started
