"""Sources that come out of other libraries: Keras' image sets, TensorFlow Datasets, Kaggle."""

import gzip
import io
import os
import pickle
import shutil
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.dataset.decoding.decode import decode_image
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.loaded import OFFLINE_VARIABLE
from cnnsearch.search.dataset.sources.source import open_source

RANDOM = np.random.default_rng(3)


@pytest.fixture
def datasets():
    """The folder in which Keras keeps datasets, empty before and after."""
    folder = Path(os.environ["KERAS_HOME"]) / "datasets"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def unchecked(monkeypatch) -> None:
    """Keras compares a file with the checksum of the true one, which is too large for a test."""
    import keras  # noqa: F401

    monkeypatch.setattr(sys.modules["keras.src.utils.file_utils"], "validate_file", lambda *_, **__: True)


def idx(values: np.ndarray, header: int) -> bytes:
    return gzip.compress(bytes(header) + values.astype(np.uint8).tobytes())


def test_fashion_mnist(datasets: Path) -> None:
    (datasets / "fashion-mnist").mkdir()
    images = RANDOM.integers(0, 256, (30, 28, 28), dtype=np.uint8)
    for part in ("train", "t10k"):
        (datasets / f"fashion-mnist/{part}-images-idx3-ubyte.gz").write_bytes(idx(images, 16))
        (datasets / f"fashion-mnist/{part}-labels-idx1-ubyte.gz").write_bytes(idx(np.arange(30) % 10, 8))
    source = open_source("keras:fashion_mnist")
    assert "T-shirt/top" in source.classes
    train = [image for image in source.images if image.part == "train"]
    assert (len(train), len(source.images)) == (30, 60)
    assert train[10].class_name == "T-shirt/top"
    assert np.array_equal(decode_image(source.read(train[10]), (28, 28, 1))[..., 0], images[10])
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    assert copy.read(train[10]) == source.read(train[10])


def test_mnist(datasets: Path, unchecked) -> None:
    images = RANDOM.integers(0, 256, (20, 28, 28), dtype=np.uint8)
    labels = np.arange(20) % 10
    np.savez(datasets / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    source = open_source("keras:mnist")
    assert source.classes == tuple("0123456789")
    assert np.array_equal(decode_image(source.read(source.images[0]), (28, 28, 1))[..., 0], images[0])


def batches(path: Path, folder: str, contents: dict[str, dict[bytes, object]]) -> None:
    with tarfile.open(path, "w:gz", compresslevel=1) as file:
        for name, content in contents.items():
            packed = pickle.dumps(content, protocol=4)
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(packed)
            file.addfile(member, io.BytesIO(packed))


def test_cifar100(datasets: Path, unchecked) -> None:
    data = RANDOM.integers(0, 256, (100, 3072), dtype=np.uint8)
    content = {b"data": data, b"fine_labels": list(range(100))}
    batches(datasets / "cifar-100-python-target_archive", "cifar-100-python", {"train": content, "test": content})
    source = open_source("keras:cifar100")
    assert len(source.classes) == 100
    assert [image.class_name for image in source.images[100:103]] == ["apple", "aquarium_fish", "baby"]
    expected = data[1].reshape(3, 32, 32).transpose(1, 2, 0)
    assert np.array_equal(decode_image(source.read(source.images[101]), (32, 32, 3)), expected)


@pytest.mark.nightly
def test_cifar10(datasets: Path, unchecked) -> None:
    batch = {b"data": np.zeros((10000, 3072), np.uint8), b"labels": [n % 10 for n in range(10000)]}
    names = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    batches(datasets / "cifar-10-batches-py-target_archive", "cifar-10-batches-py", dict.fromkeys(names, batch))
    source = open_source("keras:cifar10")
    assert len(source.images) == 60000
    assert source.classes[:2] == ("airplane", "automobile")


def test_offline_a_missing_dataset_names_the_file_and_its_place(datasets: Path, monkeypatch) -> None:
    monkeypatch.setenv(OFFLINE_VARIABLE, "1")
    with pytest.raises(
        DataError, match=r"keras:mnist: .+mnist\.npz is not there, and CNNSEARCH_OFFLINE=1 forbids"
    ) as e:
        open_source("keras:mnist")
    place = datasets / "mnist.npz"
    assert f"tf-keras-datasets/mnist.npz as {place}." in str(e.value)
    place.write_bytes(b"cut off")
    with pytest.raises(DataError, match=r"mnist\.npz is not whole, and CNNSEARCH_OFFLINE=1 forbids to download it"):
        open_source("keras:mnist")


def test_without_a_network_a_missing_dataset_names_the_file_and_its_place(datasets: Path, capsys) -> None:
    with pytest.raises(
        DataError, match=r"keras:mnist: Keras must have the dataset .+ URL fetch failure .+ yourself: ht"
    ):
        open_source("keras:mnist")
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(find_spec("tensorflow_datasets") is not None, reason="the extra tfds is installed")
def test_without_the_extra_tfds_its_name_is_told() -> None:
    with pytest.raises(
        DataError, match=r'tfds:beans: .+ got: No module .+ Install it: pip install "cnnsearch\[tfds\]"'
    ):
        open_source("tfds:beans")


@pytest.mark.skipif(find_spec("kagglehub") is not None, reason="the extra kaggle is installed")
def test_without_the_extra_kaggle_its_name_is_told() -> None:
    with pytest.raises(DataError, match=r'kaggle:dogs-vs-cats: .+ Install it: pip install "cnnsearch\[kaggle\]"'):
        open_source("kaggle:dogs-vs-cats")


@pytest.mark.parametrize("name", ["", "../secrets", "a b", "competitions/dogs"])
def test_what_is_no_name_of_a_competition_is_told(name: str) -> None:
    with pytest.raises(DataError, match=r"is followed by the name of a competition as it stands in its address, got"):
        open_source(f"kaggle:{name}")


def test_kaggles_cache_is_read_without_a_network(tmp_path: Path, pets, monkeypatch) -> None:
    pytest.importorskip("kagglehub", reason="the extra kaggle is not installed")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setenv(OFFLINE_VARIABLE, "1")
    with pytest.raises(DataError, match=r"holds the competition, got nothing there; CNNSEARCH_OFFLINE=1 forbids more"):
        open_source("kaggle:pets")
    for path, content in pets.items():
        (tmp_path / "competitions/pets" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "competitions/pets" / path).write_bytes(content)
    (tmp_path / "competitions/pets.complete").touch()
    assert open_source("kaggle:pets").classes == ("cat", "dog")
