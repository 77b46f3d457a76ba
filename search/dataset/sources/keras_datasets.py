"""The image sets that keras.datasets knows, under `keras:NAME`. Keras downloads them, to where it keeps them itself."""

import hashlib
import importlib
import os
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.arrays import ArrayFiles, ArrayPart, labelled_arrays
from cnnsearch.search.dataset.sources.layout import TEST, TRAIN, Layout
from cnnsearch.search.dataset.sources.loaded import OFFLINE_VARIABLE, is_offline

_KRIZ = "https://www.cs.toronto.edu/~kriz/"
_STORE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_DIGITS = tuple("0123456789")
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
_CIFAR100 = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish
forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle
mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar
sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip turtle wardrobe whale
willow_tree wolf woman worm
"""


@dataclass(frozen=True)
class KerasDataset:
    """One of Keras' image sets.

    Attributes:
        classes: their names, in the order of the labels.
        files: what Keras keeps in its `datasets` folder, each with the address that it comes from.
        checksum: the SHA-256 of the only file, where Keras checks it: a file that differs it would download again.
    """

    classes: tuple[str, ...]
    files: dict[str, str]
    checksum: str | None = None


_FASHION_FILES = tuple(
    f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("labels-idx1", "images-idx3")
)
DATASETS = {
    "cifar10": KerasDataset(
        _CIFAR10,
        {"cifar-10-batches-py-target_archive": f"{_KRIZ}cifar-10-python.tar.gz"},
        "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    ),
    "cifar100": KerasDataset(
        tuple(_CIFAR100.split()),
        {"cifar-100-python-target_archive": f"{_KRIZ}cifar-100-python.tar.gz"},
        "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    ),
    "fashion_mnist": KerasDataset(_FASHION, {f"fashion-mnist/{name}": _STORE + name for name in _FASHION_FILES}),
    "mnist": KerasDataset(
        _DIGITS,
        {"mnist.npz": f"{_STORE}mnist.npz"},
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    ),
}


def load_keras(name: str) -> tuple[ArrayFiles, Layout]:
    """The images of one of DATASETS as image files, in a train and a test part.

    Raises:
        DataError: it is not there and cannot be downloaded.
    """
    where, dataset = f"keras:{name}", DATASETS[name]
    if is_offline():
        _check_is_there(where, dataset)
    try:
        with redirect_stdout(sys.stderr):  # Keras tells of its download on the stream that results go to
            load = importlib.import_module(f"keras.datasets.{name}").load_data
            (x_train, y_train), (x_test, y_test) = load()
    except Exception as error:
        raise _unloadable(where, dataset, f"got: {error}") from error
    parts = (ArrayPart("x_train", TRAIN, x_train, y_train), ArrayPart("x_test", TEST, x_test, y_test))
    return labelled_arrays(where, parts, dataset.classes)


def datasets_folder() -> Path:
    """Where Keras keeps its datasets: in $KERAS_HOME, by default ~/.keras."""
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras").expanduser() / "datasets"


def _check_is_there(where: str, dataset: KerasDataset) -> None:
    forbidden = f"{OFFLINE_VARIABLE}=1 forbids to download it"
    for name in dataset.files:
        path = datasets_folder() / name
        if not path.is_file():
            raise _unloadable(where, dataset, f"{path} is not there, and {forbidden}")
        if dataset.checksum and _sha256(path) != dataset.checksum:
            raise _unloadable(where, dataset, f"{path} is not whole, and {forbidden}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unloadable(where: str, dataset: KerasDataset, got: str) -> DataError:
    places = "; ".join(f"{url} as {datasets_folder() / name}" for name, url in dataset.files.items())
    rule = f"Keras must have the dataset or be able to download it, {got}."
    return DataError(where, rule, f"On a machine without a network, put the file there yourself: {places}.")
