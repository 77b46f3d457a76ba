"""Images in arrays, as NumPy archives and Keras' datasets have them, as if each row were an image file.

A row becomes a file when it is read, without compression, so that it goes the way of every other image and its hash is
the same everywhere.
"""

import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.files import Listing
from cnnsearch.search.dataset.sources.layout import TRAIN, LabelledImage, Layout, check_classes

Array = NDArray[Any]
_MOST_LABEL = 2**31 - 1
"""What the number of a class fits into; infinity and numbers that a cast would change are beyond it."""
_ROWS = 1024
"""Rows that are looked at in one go: those of a mapped file are never all in memory."""


@dataclass(frozen=True, eq=False)
class ArrayPart:
    """Images and labels of one part of the data.

    Attributes:
        name: of the array in messages, such as `x_train`.
        part: train, validation or test; None where the arrays say nothing of a split.
        images: (n, height, width) or (n, height, width, 1, 3 or 4); uint8 from 0 to 255, or numbers times `scale`.
        labels: (n,) integers or strings, (n, 1) of these, or (n, classes) one-hot.
    """

    name: str
    part: str | None
    images: Array
    labels: Array

    @property
    def prefix(self) -> str:
        """What the paths of its images begin with."""
        return self.part or TRAIN


@dataclass(frozen=True, eq=False)
class ArrayFiles:
    """The rows of some arrays as image files, such as `train/000042.bmp`.

    Attributes:
        parts: the arrays, by what their paths begin with.
        scale: what a value is multiplied with to be one of 0 to 255.
    """

    parts: Mapping[str, Array]
    scale: float = 1.0

    def listing(self) -> Listing:
        """One path for each row."""
        return Listing(tuple(path for prefix, images in self.parts.items() for path in _paths(prefix, images)))

    def read(self, path: str) -> bytes:
        """The row as an image file without compression."""
        prefix, _, name = path.partition("/")
        return encoded(_pixels(self.parts[prefix][int(name.partition(".")[0])], self.scale))


def _paths(prefix: str, images: Array) -> Iterator[str]:
    suffix = "png" if images.ndim == 4 and images.shape[3] == 4 else "bmp"
    return (f"{prefix}/{row:06d}.{suffix}" for row in range(len(images)))


def encoded(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width[, 1, 3 or 4]) as a bitmap file; as a PNG where there is transparency, which bitmaps lose."""
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    file = io.BytesIO()
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        Image.fromarray(pixels).save(file, format="PNG", compress_level=0)
    else:
        Image.fromarray(pixels).save(file, format="BMP")
    return file.getvalue()


def _pixels(row: Array, scale: float) -> NDArray[np.uint8]:
    if row.dtype == np.uint8 and scale == 1.0:
        return np.ascontiguousarray(row)
    return np.rint(row.astype(np.float64) * scale).astype(np.uint8)


def labelled_arrays(
    where: str, parts: Sequence[ArrayPart], classes: Sequence[str] | None = None
) -> tuple[ArrayFiles, Layout]:
    """The arrays as files with their labels; `classes` names the integers, which stand for themselves without it.

    Raises:
        DataError: the arrays are no images with values of 0 to 255 or 0 to 1, or their labels do not fit them.
    """
    for part in parts:
        _check_images(where, part)
    names = class_names(where, parts, classes)
    images = [
        LabelledImage(path, name, part.part)
        for part, of_part in zip(parts, names, strict=True)
        for path, name in zip(_paths(part.prefix, part.images), of_part, strict=True)
    ]
    layout = Layout(tuple(sorted(images, key=lambda image: image.path)))
    check_classes(where, layout, len(images))
    return ArrayFiles({part.prefix: part.images for part in parts}, _scale(where, parts)), layout


def _check_images(where: str, part: ArrayPart) -> None:
    images = part.images
    shape = images.shape
    if images.ndim not in (3, 4) or (images.ndim == 4 and shape[3] not in (1, 3, 4)) or 0 in shape[1:]:
        first = images.ndim == 4 and shape[1] in (1, 3, 4)
        advice = (
            f"Move the channels to the end: {part.name}.transpose(0, 2, 3, 1)." if first else "Reshape it and save it."
        )
        rule = f"{part.name} holds images of shape (n, height, width) or (n, height, width, 1, 3 or 4), got {shape}."
        raise DataError(where, rule, advice)
    if images.dtype.kind not in "uifb":
        rule = f"{part.name} holds numbers from 0 to 255 or from 0 to 1, got values of type {images.dtype}."
        raise DataError(where, rule, "Convert it with .astype('uint8').")
    labels = len(part.labels) if part.labels.ndim else 1
    if len(images) != labels:
        rule = f"every image of {part.name} has a label, got {len(images)} images and {labels} labels."
        raise DataError(where, rule, "Save images and labels of the same length.")


def _scale(where: str, parts: Sequence[ArrayPart]) -> float:
    """255 for values from 0 to 1, else 1; looked for in all parts together, each passed over once."""
    if all(part.images.dtype == np.uint8 for part in parts):
        return 1.0
    ranges = {part.name: _range(part.images) for part in parts if len(part.images)}
    # a NaN makes all of them NaN, and every comparison with it is false
    low = np.min([least for least, _ in ranges.values()], initial=np.inf)
    high = np.max([most for _, most in ranges.values()], initial=-np.inf)
    if not (low >= 0 and high <= 255):
        rule = f"the values of images lie from 0 to 255 or from 0 to 1, got values from {low:g} to {high:g}."
        raise DataError(where, rule, "Scale them back to what the pictures were, before any normalisation.")
    fractions = {part.name for part in parts if part.images.dtype.kind in "fb"}
    scaled = sorted(name for name, (_, most) in ranges.items() if name in fractions and 0 < most <= 1)
    if scaled and high > 1:
        rule = f"all parts have values of one scale, got {', '.join(scaled)} from 0 to 1 and another to {high:g}."
        raise DataError(where, rule, "Scale all of them alike.")
    return 255.0 if fractions and high <= 1 else 1.0


def _range(images: Array) -> tuple[float, float]:
    """The least and the largest value."""
    blocks = [images[start : start + _ROWS] for start in range(0, len(images), _ROWS)]
    return float(np.min([rows.min() for rows in blocks])), float(np.max([rows.max() for rows in blocks]))


def class_names(where: str, parts: Sequence[ArrayPart], classes: Sequence[str] | None = None) -> list[list[str]]:
    """The class of every image of every part.

    Integers without names are padded with zeros, so that the classes in the order of their names are in the order of
    their numbers: a model's outputs are the labels then.

    Raises:
        DataError: labels are of no known form, or have no name in `classes`.
    """
    flat = [_flat_labels(where, part) for part in parts]
    if any(labels.dtype.kind == "U" for labels in flat):
        return [_text_labels(where, part, labels) for part, labels in zip(parts, flat, strict=True)]
    most = max((int(labels.max()) for labels in flat if len(labels)), default=0)
    if classes is None:
        width = len(str(most))
        return [[f"{label:0{width}d}" for label in labels.tolist()] for labels in flat]
    if most >= len(classes):
        rule = f"classes names every label from 0 to {most}, got {len(classes)} names."
        raise DataError(where, rule, "Save the names of all classes, or none.")
    return [[classes[label] for label in labels.tolist()] for labels in flat]


def _flat_labels(where: str, part: ArrayPart) -> Array:
    """(n,) labels, as integers from 0 on or as texts."""
    labels = part.labels
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "uifb" and _is_one_hot(labels):
        labels = labels.argmax(axis=1)
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", "surrogateescape")
    whole = labels.dtype.kind in "uib" or (labels.dtype.kind == "f" and bool(np.all(labels == np.rint(labels))))
    if labels.ndim == 1 and whole and (not len(labels) or (labels.min() >= 0 and labels.max() <= _MOST_LABEL)):
        return labels.astype(np.int64)
    if labels.ndim == 1 and labels.dtype.kind == "U":
        return labels
    rule = (
        f"labels are integers from 0 on, texts, or one-hot rows, got an array of {part.labels.dtype} "
        f"and shape {part.labels.shape} for {part.name}."
    )
    raise DataError(where, rule, "Save one label for each image.")


def _is_no_text(text: str) -> bool:
    """Bytes that are no UTF-8 stand as surrogates, as in file names; other surrogates cannot be written anywhere."""
    return any(
        character < " " or "\ud800" <= character < "\udc80" or "\udcff" < character <= "\udfff" for character in text
    )


def _is_one_hot(labels: Array) -> bool:
    return bool(np.all((labels == 0) | (labels == 1)) and np.all(labels.sum(axis=1) == 1))


def _text_labels(where: str, part: ArrayPart, labels: Array) -> list[str]:
    texts = [unicodedata.normalize("NFC", str(label)).strip() for label in labels.tolist()]
    empty = next((row for row, text in enumerate(texts) if not text), None)
    if empty is not None:
        rule = f"every image has a label, got an empty text for row {empty} of {part.name}."
        raise DataError(where, rule, "Fill it in, or leave the row out.")
    odd = next((text for text in sorted(set(texts)) if _is_no_text(text)), None)
    if odd is not None:
        rule = f"a label has no control characters and no halves of characters, got {odd[:80]!r} in {part.name}."
        raise DataError(where, rule, "Save plain texts, or integers.")
    return texts
