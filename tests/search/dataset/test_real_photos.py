"""Real photos, where the folder that `CNNSEARCH_TEST_DATA` names has them."""

import hashlib
import os
from pathlib import Path

import pytest

from cnnsearch.search.dataset.cache.cache import open_cache
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
    for counts in dataset.counts().values():
        assert sum(counts.values()) == 2000
        assert 340 <= counts["validation"] <= 460
        assert 170 <= counts["test"] <= 230
    assert dataset.skipped == ()
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == before


def test_cifar_keeps_its_test_folder(cache: Path) -> None:
    dataset = prepared("cifar10-5000.zip", 32, cache)
    assert len(dataset.classes) == 10
    assert dataset.counts()["frog"]["test"] == 100
    assert 85 <= dataset.counts()["frog"]["validation"] <= 115
    assert dataset.notes[-1] == "images in more than one of the given parts, equal or nearly so: 2"


def test_photos_without_labels_are_told(cache: Path) -> None:
    with pytest.raises(DataError, match=r"split folders need a train folder, got only 'test/'\. Give a folder"):
        prepared("dogs-vs-cats-test-500.zip", 32, cache)


def test_the_two_pictures_that_are_there_twice_are_on_one_side(cache: Path) -> None:
    opened = prepared("dogs-vs-cats-4000.zip", 64, cache)
    index = open_cache(Path(opened.reference().cache)).index
    twice = [rows for rows in same_groups(index.groups) if len(rows) > 1]
    assert [[index.names[row] for row in rows] for rows in twice] == [
        ["train/dog.10.jpg", "train/dog.6058.jpg"],
        ["train/dog.5163.jpg", "train/dog.6026.jpg"],
    ]


def same_groups(groups: tuple[int, ...]) -> list[list[int]]:
    """The rows of each group, in the order of the first."""
    rows: dict[int, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    return list(rows.values())
