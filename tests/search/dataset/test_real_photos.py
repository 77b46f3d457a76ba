"""Real photos, where the folder that `CNNSEARCH_TEST_DATA` names has them."""

import hashlib
import os
from pathlib import Path

import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data

DATA = Path(os.environ.get("CNNSEARCH_TEST_DATA", "nowhere")) / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="CNNSEARCH_TEST_DATA names no folder with real photos")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def prepared(name: str, size: int, cache: Path) -> Dataset:
    return prepare_dataset(Data(source=str(DATA / name), image_size=[size, size]), cache)


def test_cats_and_dogs_as_kaggle_packs_them(cache: Path) -> None:
    archive = DATA / "dogs-vs-cats-4000.zip"
    before = hashlib.sha256(archive.read_bytes()).hexdigest()
    dataset = prepared(archive.name, 64, cache)
    assert dataset.counts() == {name: {"train": 1400, "validation": 400, "test": 200} for name in ("cat", "dog")}
    assert dataset.skipped == ()
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == before


def test_cifar_keeps_its_test_folder(cache: Path) -> None:
    dataset = prepared("cifar10-5000.zip", 32, cache)
    assert len(dataset.classes) == 10
    assert dataset.counts()["frog"] == {"train": 400, "validation": 100, "test": 100}


def test_photos_without_labels_are_told(cache: Path) -> None:
    with pytest.raises(DataError, match=r"split folders need a train folder, got only 'test/'\. Give a folder"):
        prepared("dogs-vs-cats-test-500.zip", 32, cache)
