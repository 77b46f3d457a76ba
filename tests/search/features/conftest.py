"""What the tests of features share: a small dataset, a network that counts what it is given, and other processes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.features.features import Features
from cnnsearch.search.features.store import features_of
from cnnsearch.spaces.document import Data
from tests.search.features.small import asked, write_photos
from tests.search.features.sums import FROZEN, Sums

IMAGES = 40

PROCESS = """
import json, pathlib, sys
import numpy
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.features.features import Frozen, Viewed
from cnnsearch.search.features.store import features_of
from cnnsearch.spaces.document import Data
photos, root, wait = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
dataset = prepare_dataset(Data(source=photos, image_size=[8, 6]), root)
calls = []
def sums(images):
    calls.append(len(images))
    return images.reshape(len(images), -1)[:, :6].astype("float32")
def progress(done, total):
    if wait == "computing" and done == 4:
        print("computing", flush=True)
        sys.stdin.readline()
print("ready", flush=True)
views = [Viewed("plain", sums), Viewed("flip", lambda images: sums(images[:, :, ::-1]))]
features = features_of(Frozen("1" * 40, (6,), "sums"), views, dataset, numpy.arange(40), root=root,
                       progress=progress, batch=4)
print(json.dumps([len(calls), features.is_new, float(numpy.sum(features.maps))]), flush=True)
if wait == "open":
    sys.stdin.readline()
"""


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_photos(tmp_path_factory.mktemp("photos"), [f"{number:02}.png" for number in range(IMAGES)])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A place for caches with nothing in it."""
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def dataset(photos: str, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data(source=photos, image_size=[8, 6]), tmp_path_factory.mktemp("images"))


@pytest.fixture
def network() -> Sums:
    return Sums()


@pytest.fixture
def made(dataset: Dataset, root: Path, network: Sums) -> Callable[..., Features]:
    """`made(**other arguments)`: features of all images but those of the test part."""

    def features(**changes: object) -> Features:
        arguments = {"views": [network.plain()], "dataset": dataset, "root": root, "frozen": FROZEN, "batch": 4}
        arguments |= {"rows": asked(dataset)} | changes
        return features_of(**arguments)  # type: ignore[arg-type]

    return features


@pytest.fixture
def process(photos: str, root: Path) -> Callable[..., "subprocess.Popen[str]"]:
    """`process(wait="")`: computes two views in batches of 4; it waits for a line while "computing" or "open"."""

    def started(wait: str = "") -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", PROCESS, photos, str(root), wait]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    return started
