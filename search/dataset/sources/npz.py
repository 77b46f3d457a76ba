"""NumPy archives with x_train, y_train and so on. Arrays that lie in them uncompressed are mapped, not loaded."""

import lzma
import mmap
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import psutil
from numpy.lib import format as npy

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources.arrays import Array, ArrayFiles, ArrayPart, labelled_arrays
from cnnsearch.search.dataset.sources.files import Listing
from cnnsearch.search.dataset.sources.layout import TEST, TRAIN, VALIDATION, Layout, listed
from cnnsearch.search.dataset.sources.stamps import Stamp, check_unchanged

_PARTS = {"train": TRAIN, "val": VALIDATION, "validation": VALIDATION, "valid": VALIDATION, "test": TEST}
_FORMS = (("x_{}", "y_{}"), ("{}_images", "{}_labels"))
"""Keras' names of images and labels, and those of MedMNIST."""
_WHOLE = (("x", "y"), ("images", "labels"))
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    KeyError,
    OverflowError,
    RuntimeError,
    tokenize.TokenError,
)
_LOCAL_HEADER = struct.Struct("<26xHH")


@dataclass(frozen=True)
class NpzFiles:
    """The rows of a NumPy archive's arrays as image files.

    Attributes:
        path: of the archive.
        stamp: of the file that is mapped; a map over one that was cut since would end the process.
        rows: the arrays.
    """

    path: Path
    stamp: Stamp
    rows: ArrayFiles

    def listing(self) -> Listing:
        """One path for each row."""
        return self.rows.listing()

    def read(self, path: str) -> bytes:
        """The row as an image file without compression.

        Raises:
            DataError: the archive was replaced since it was opened.
            UnreadableImage: it is gone.
        """
        try:
            stat = self.path.stat()
        except OSError as error:
            raise UnreadableImage(f"cannot be read: {error.strerror}") from error
        check_unchanged(str(self.path), self.stamp, stat)
        return self.rows.read(path)


def load_npz(name: str) -> tuple[NpzFiles, Layout]:
    """The images of the NumPy archive of this path as image files, with their labels and parts.

    Raises:
        DataError: the archive is damaged, too large for the memory, or its arrays are no labelled images.
    """
    path = Path(name)
    where = str(path)
    try:
        stamp = Stamp.of(path.stat())
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy").lower(): name for name in archive.namelist()}
            pairs = _pairs(where, names)
            parts = [
                ArrayPart(x, part, _array(path, archive, names[x]), _array(path, archive, names[y]))
                for part, x, y in pairs
            ]
            classes = _array(path, archive, names["classes"]) if "classes" in names else None
    except _DAMAGE as error:
        got = getattr(error, "strerror", None) or error
        raise DataError(
            where, f"a NumPy archive must be readable, got: {got}.", "Copy it again, or save it anew."
        ) from error
    rows, layout = labelled_arrays(where, parts, None if classes is None else _class_names(where, classes))
    return NpzFiles(path, stamp, rows), layout


def _pairs(where: str, names: dict[str, str]) -> list[tuple[str | None, str, str]]:
    """(part, name of the images, name of the labels) for every pair of arrays that the archive has."""
    forms = [(part, x.format(word), y.format(word)) for x, y in _FORMS for word, part in _PARTS.items()]
    whole: list[tuple[str | None, str, str]] = [(None, x, y) for x, y in _WHOLE]
    pairs = [pair for pair in (*forms, *whole) if pair[1] in names and pair[2] in names]
    parts = [part for part, _, _ in pairs]
    if pairs and len(set(parts)) == len(parts) and (TRAIN in parts or parts == [None]):
        return pairs
    raise DataError(
        where,
        f"a NumPy archive of images holds x_train and y_train, and may hold x_val, y_val, x_test, y_test and classes, "
        f"got {listed(names) or 'nothing'}.",
        "Save it so: np.savez(file, x_train=images, y_train=labels).",
    )


def _class_names(where: str, classes: Array) -> Sequence[str]:
    names = np.char.decode(classes, "utf-8", "surrogateescape") if classes.dtype.kind == "S" else classes
    texts = [str(name) for name in names.ravel().tolist()]
    if names.dtype.kind != "U" or len(set(texts)) < len(texts) or not all(texts):
        rule = f"classes names every class once, in the order of the labels, got {listed(texts)}."
        raise DataError(where, rule, "Save it as an array of texts.")
    return texts


def _array(path: Path, archive: zipfile.ZipFile, name: str) -> Array:
    """One array: a map of the file where it is not compressed, else loaded if it fits into the memory."""
    info = archive.getinfo(name)
    with archive.open(info) as file:
        shape, fortran, dtype = _header(file)
        start = file.tell()
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if size != info.file_size - start:
        raise ValueError(f"{name} says it has {size} bytes, and has {info.file_size - start}")
    if info.compress_type == zipfile.ZIP_STORED and size >= mmap.PAGESIZE:
        offset = _data_offset(path, info) + start
        return np.memmap(path, dtype, "r", offset, shape, "F" if fortran else "C")
    _check_memory(path, name, size)
    with archive.open(info) as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read is None:
        raise ValueError(f"an array of format {version}")
    shape, fortran, dtype = read(file)
    if dtype.hasobject:
        raise ValueError("an array of Python objects, which could run code when loaded")
    return shape, fortran, dtype


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a member's bytes begin in the file: behind a header whose length only the header itself says."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    return info.header_offset + _LOCAL_HEADER.size + int(name) + int(extra)


def _check_memory(path: Path, name: str, size: int) -> None:
    free = psutil.virtual_memory().available
    if size > free // 2:
        raise DataError(
            str(path),
            f"a compressed array must fit into half of the free memory, got {size} bytes of {name} for {free} free.",
            "Save it with np.savez, without compression: such arrays are read in place.",
        )
