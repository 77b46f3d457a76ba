"""Asks a trained model for the classes of images. Keras is imported when a model is loaded, not before."""

import logging
import os
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnsearch.reports.foreign import refuse_code
from cnnsearch.search.dataset.decoding.decode import Resize, Shape, decode_image, quiet_pillow
from cnnsearch.search.dataset.errors import UnreadableImage
from cnnsearch.search.model.outputs import class_probabilities
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.native_messages import without_native_messages
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.spaces.errors import CnnSearchError, Problem

BATCH = 64
_AHEAD = 2 * BATCH
"""Images that are decoded while the model looks at others: enough to keep it busy, and no more memory than that."""
_DECODERS = min(8, os.cpu_count() or 1)


class Readable(Protocol):
    """An image that was found but not yet read."""

    @property
    def name(self) -> str:
        """What a person knows it by."""
        ...

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            UnreadableImage: this one cannot be read.
        """
        ...


Image = TypeVar("Image", bound=Readable)


@dataclass(frozen=True)
class Classifier:
    """A trained model with the names of its classes.

    Attributes:
        model: the loaded Keras model; it takes raw 0-255 pixels.
        classes: the classes' names in the order of its outputs.
        shape: its input's shape (height, width, channels).
        resize: how the images that it learned from were brought to this shape.
    """

    model: Any
    classes: tuple[str, ...]
    shape: Shape
    resize: Resize = "stretch"

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """The class probabilities, shape (images, classes), of images of shape (images, height, width, channels)."""
        raw = self.model.predict_on_batch(images.astype(np.float32))
        return class_probabilities(np.asarray(raw, dtype=np.float64))


@dataclass(frozen=True)
class Answer:
    """What the model takes an image for: the most probable class, and the probabilities of all, shape (classes,)."""

    image: str
    label: str
    probability: float
    probabilities: NDArray[np.float64]


def model_folder(path: Path) -> ModelFolder:
    """The model folder that a run, a model folder, or a model.keras means.

    Raises:
        CnnSearchError: there is no such model.
    """
    if path.is_file():
        return ModelFolder(path.parent)
    for folder in (ModelFolder(path), RunFolder(path).best):
        if folder.model.is_file():
            return folder
    got = "a folder without one" if path.is_dir() else "nothing there"
    rule = f"a run, a model folder or a model.keras must lie here, got {got}."
    raise CnnSearchError(str(Problem(str(path), rule, "A run's model is in its folder best/, once a trial has ended.")))


def model_file(path: Path) -> Path:
    """The Keras file that a run, a model folder, or a file means.

    Raises:
        CnnSearchError: there is no such model.
    """
    return path if path.is_file() else model_folder(path).model


def load_classifier(path: Path) -> Classifier:
    """Load a model and its classes; code inside a model file is not run (Keras' safe mode).

    Raises:
        CnnSearchError: no model lies there, the file is none, or it does not fit the `classes.json` beside it.
    """
    file = model_file(path)
    _check_kind(file)
    label = ModelLabel.read(ModelFolder(file.parent).classes)
    return loaded(file, label.classes, label.shape, label.resize)


def loaded(file: Path, classes: tuple[str, ...], shape: Shape, resize: Resize) -> Classifier:
    """Load a model whose classes, image shape and way of resizing are known; no code of its maker's is run.

    Raises:
        CnnSearchError: the file is none, wants such code to run, or does not fit.
    """
    _check_kind(file)
    classifier = Classifier(_load(file), classes, shape, resize)
    _check(classifier, file)
    return classifier


def _check_kind(file: Path) -> None:
    if not _looks_like_model(file):
        rule = f"a Keras model (.keras) must lie here, got another kind of file ({file.stat().st_size} bytes)."
        raise CnnSearchError(str(Problem(str(file), rule, "Name a run, or a model.keras that cnnsearch has written.")))


def _looks_like_model(file: Path) -> bool:
    if not zipfile.is_zipfile(file):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return {"config.json", "model.weights.h5"} <= set(archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _load(file: Path) -> Any:  # noqa: ANN401 - keras has no types
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with without_native_messages():
        import keras
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns that a last batch is smaller than the others

    refuse_code(file)
    try:
        return keras.saving.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # keras and h5py raise anything on a damaged file
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        rule = f"the model must be readable by keras {keras.__version__}, got: {line[:200]}."
        advice = "The file is damaged or from another version: retrain it from the config.yaml beside it."
        raise CnnSearchError(str(Problem(str(file), rule, advice))) from error


def _check(classifier: Classifier, file: Path) -> None:
    shape = tuple(getattr(classifier.model, "input_shape", None) or ())[1:]
    outputs = (getattr(classifier.model, "output_shape", None) or (None, None))[-1]
    count = len(classifier.classes)
    if shape != classifier.shape or outputs not in ({count, 1} if count == 2 else {count}):
        rule = (
            f"the model and the classes.json beside it must belong together, got a model from {shape} to {outputs} "
            f"outputs, and {count} classes of images {classifier.shape}."
        )
        raise CnnSearchError(str(Problem(str(file), rule, "Copy both from the same folder.")))


def classify(
    classifier: Classifier, found: Iterable[Image], on_unreadable: Callable[[Image, str], None]
) -> Iterator[Answer]:
    """The model's answer for each readable image, in order; the others go to `on_unreadable` with the reason."""
    for image, row in ask(classifier, found, on_unreadable):
        best = int(row.argmax())
        yield Answer(image.name, classifier.classes[best], float(row[best]), row)


def ask(
    classifier: Classifier, found: Iterable[Image], on_unreadable: Callable[[Image, str], None]
) -> Iterator[tuple[Image, NDArray[np.float64]]]:
    """Each readable image with the probabilities (classes,) of its classes, in order, in constant memory."""
    pixels = _decoded(classifier, found, on_unreadable)
    while batch := list(islice(pixels, BATCH)):
        rows = classifier.probabilities(np.stack([image for _, image in batch]))
        yield from ((image, row) for (image, _), row in zip(batch, rows, strict=True))


def _decoded(
    classifier: Classifier, found: Iterable[Image], on_unreadable: Callable[[Image, str], None]
) -> Iterator[tuple[Image, NDArray[np.uint8]]]:
    """The images' pixels, decoded by threads, a bounded number ahead of who takes them."""

    def pixels(image: Image) -> NDArray[np.uint8]:
        return decode_image(image.read(), classifier.shape, classifier.resize)

    with quiet_pillow(), ThreadPoolExecutor(_DECODERS) as pool:
        rest = iter(found)
        waiting: deque[tuple[Image, Future[NDArray[np.uint8]]]] = deque()
        waiting.extend((image, pool.submit(pixels, image)) for image in islice(rest, _AHEAD))
        while waiting:
            image, decoding = waiting.popleft()
            waiting.extend((image, pool.submit(pixels, image)) for image in islice(rest, 1))
            try:
                decoded = decoding.result()
            except UnreadableImage as error:
                on_unreadable(image, str(error))
            else:
                yield image, decoded
