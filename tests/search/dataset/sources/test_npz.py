"""NumPy archives: forms of images and labels, and what must never be loaded."""

import io
import os
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.lib import format as npy

from cnnsearch.search.dataset.decoding.decode import decode_image
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources import npz
from cnnsearch.search.dataset.sources.arrays import encoded
from cnnsearch.search.dataset.sources.npz import load_npz
from cnnsearch.search.dataset.sources.source import open_source

PIXELS = np.random.default_rng(7).integers(0, 256, (20, 9, 7, 3), dtype=np.uint8)
LABELS = np.arange(20) % 2


@pytest.fixture
def saved(tmp_path: Path):
    """`saved(x_train=..., ...)`: the path of a NumPy archive of these arrays."""

    def written(*, save=np.savez, **contents: np.ndarray) -> str:
        save(tmp_path / "photos.npz", **contents)
        return str(tmp_path / "photos.npz")

    return written


def pixels(source: str, channels: int = 3) -> np.ndarray:
    opened = open_source(source)
    return np.stack([decode_image(opened.read(image), (9, 7, channels)) for image in opened.images])


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_pixels_come_out_as_they_went_in(save, saved) -> None:
    path = saved(save=save, x_train=PIXELS, y_train=LABELS)
    source = open_source(path)
    assert np.array_equal(pixels(path), PIXELS)
    assert [image.class_name for image in source.images] == ["0", "1"] * 10
    assert source.images[3].path == "train/000003.bmp"
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    assert copy.read(copy.images[3]) == source.read(source.images[3])


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (PIXELS[..., 0], PIXELS[..., 0]),
        (PIXELS[..., :1], PIXELS[..., 0]),
        ((PIXELS[..., 0] / 255).astype(np.float32), PIXELS[..., 0]),
        (PIXELS[..., 0].astype(np.float64), PIXELS[..., 0]),
        (PIXELS[..., 0].astype(np.int64), PIXELS[..., 0]),
        (PIXELS[..., 0] > 127, np.where(PIXELS[..., 0] > 127, 255, 0)),
        (np.asfortranarray(PIXELS[..., 0]), PIXELS[..., 0]),
    ],
)
def test_forms_of_images(images: np.ndarray, expected: np.ndarray, saved) -> None:
    assert np.array_equal(pixels(saved(x_train=images, y_train=LABELS), 1)[..., 0], expected)


def test_transparency_is_kept(saved) -> None:
    clear = np.zeros((20, 9, 7, 4), np.uint8)
    assert np.all(pixels(saved(x_train=clear, y_train=LABELS)) == 255)


@pytest.mark.parametrize(
    "labels",
    [LABELS[:, None], LABELS.astype(np.float32), LABELS.astype(bool), np.eye(2)[LABELS], np.eye(2, dtype=int)[LABELS]],
)
def test_forms_of_labels(labels: np.ndarray, saved) -> None:
    classes = np.array(["zebra", "ant"])
    images = open_source(saved(x_train=PIXELS, y_train=labels, classes=classes)).images
    assert [image.class_name for image in images] == ["zebra", "ant"] * 10


@pytest.mark.parametrize("kind", ["U", "S"])
def test_labels_may_be_texts(kind: str, saved) -> None:
    texts = np.array(["T-shirt/top", "Coat"]).astype(kind)[LABELS]
    assert open_source(saved(x_train=PIXELS, y_train=texts)).classes == ("Coat", "T-shirt/top")


def test_classes_without_names_are_in_the_order_of_their_numbers(saved) -> None:
    assert open_source(saved(x_train=PIXELS, y_train=np.arange(20) % 11)).classes == tuple(
        f"{label:02d}" for label in range(11)
    )


@pytest.mark.parametrize("names", [("x_{}", "y_{}"), ("{}_images", "{}_labels"), ("X_{}", "Y_{}")])
@pytest.mark.parametrize("validation", ["val", "validation", "valid"])
def test_parts(names: tuple[str, str], validation: str, saved) -> None:
    contents = {}
    for part in ("train", validation, "test"):
        contents |= {names[0].format(part): PIXELS, names[1].format(part): LABELS}
    images = open_source(saved(**contents)).images
    assert {(image.path.partition("/")[0], image.part) for image in images} == {
        (part, part) for part in ("train", "validation", "test")
    }
    assert len(images) == 60


def test_arrays_without_a_part_are_split_by_us(saved) -> None:
    assert {image.part for image in open_source(saved(x=PIXELS, y=LABELS)).images} == {None}


def test_an_uncompressed_array_is_mapped(tmp_path) -> None:
    np.savez(tmp_path / "a.npz", x_train=np.tile(PIXELS, (5, 1, 1, 1)), y_train=np.tile(LABELS, 5))
    files, _ = load_npz(str(tmp_path / "a.npz"))
    assert isinstance(files.rows.parts["train"], np.memmap)


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2) | st.sampled_from([(3, 5, 1), (3, 5, 3)])))
def test_any_pixels_come_out_as_they_went_in(image: np.ndarray) -> None:
    channels = image.shape[2] if image.ndim == 3 else 1
    shape = (*image.shape[:2], channels)
    assert np.array_equal(decode_image(encoded(image), shape), image.reshape(shape))


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ({"a": LABELS}, "a NumPy archive of images holds x_train and y_train, and may hold x_val, .+ got 'a'. Save it"),
        ({"x_test": PIXELS, "y_test": LABELS}, "holds x_train and y_train"),
        (
            {"x_train": PIXELS.transpose(0, 3, 1, 2), "y_train": LABELS},
            r"got \(20, 3, 9, 7\). Move the channels to the",
        ),
        (
            {"x_train": PIXELS.reshape(20, -1), "y_train": LABELS},
            r"x_train holds images of shape .+, got \(20, 189\)\.",
        ),
        ({"x_train": PIXELS, "y_train": LABELS[:9]}, "every image of x_train has a label, got 20 images and 9 labels"),
        (
            {"x_train": PIXELS - 128.0, "y_train": LABELS},
            "values of images lie from 0 to 255 .+ got values from -128 to",
        ),
        ({"x_train": PIXELS * 257.0, "y_train": LABELS}, "got values from 0 to 65535. Scale them back"),
        ({"x_train": PIXELS * np.nan, "y_train": LABELS}, "got values from nan to nan. Scale them back"),
        ({"x_train": PIXELS * 1j, "y_train": LABELS}, "x_train holds numbers .+ got values of type complex128"),
        (
            {"x_train": PIXELS, "y_train": LABELS - 1},
            r"labels are integers from 0 on, .+ got an array of int64 and shape",
        ),
        (
            {"x_train": PIXELS, "y_train": np.eye(20)[:, :5]},
            r"or one-hot rows, got an array of float64 and shape \(20, 5",
        ),
        ({"x_train": PIXELS, "y_train": LABELS * 0}, "at least two of them, got one: '0'"),
        ({"x_train": PIXELS, "y_train": LABELS, "classes": np.array(["a"])}, "every label from 0 to 1, got 1 names"),
        ({"x_train": PIXELS, "y_train": LABELS, "classes": np.array(["a", "a"])}, "every class once, .+ got 'a', 'a'"),
        ({"x_train": PIXELS, "y_train": np.array(["a", ""])[LABELS]}, "got an empty text for row 1 of x_train"),
        ({"x_train": PIXELS, "y_train": np.array(["a\nb", "c"])[LABELS]}, r"no control characters .+, got 'a\\nb' in"),
        ({"x_train": PIXELS, "y_train": np.array(["\ud800", "c"])[LABELS]}, r"halves of characters, got '\\ud800' in"),
        ({"x_train": PIXELS, "y_train": np.int64(1)}, "got 20 images and 1 labels. Save images and labels of the same"),
        (
            {"x_train": PIXELS, "y_train": np.array([0, np.inf])[LABELS]},
            "labels are integers .+ an array of float64 and",
        ),
        (
            {"x_train": PIXELS, "y_train": np.array([0, 2**63 + 1], np.uint64)[LABELS]},
            "labels are integers .+ an array of uint64 and",
        ),
        (
            {"x_train": PIXELS / 255, "y_train": LABELS, "x_test": PIXELS, "y_test": LABELS},
            "all parts have values of one scale, got x_train from 0 to 1 and another to 255. Scale all of them alike",
        ),
    ],
)
def test_what_are_no_labelled_images_is_told(contents: dict[str, np.ndarray], message: str, saved) -> None:
    with pytest.raises(DataError, match=message):
        open_source(saved(**contents))


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("executed"),)


def test_an_array_of_objects_is_never_loaded(saved, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = saved(x_train=np.array([Evil()] * 20, dtype=object), y_train=LABELS)
    with pytest.raises(DataError, match="must be readable, got: an array of Python objects, which could run code"):
        open_source(path)
    assert not Path("executed").exists()


def with_header(path: Path, shape: tuple[int, ...], compression: int) -> Path:
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("x_train.npy", header.getvalue() + b"\0" * 100)
        file.writestr("y_train.npy", header.getvalue())
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_header_that_promises_too_much_is_refused(compression: int, tmp_path) -> None:
    path = with_header(tmp_path / "photos.npz", (10**9, 1000, 1000), compression)
    with pytest.raises(DataError, match=r"x_train.npy says it has 1000000000000000 bytes, and has 100\. Copy"):
        open_source(str(path))


def test_a_compressed_array_that_does_not_fit_into_the_memory_is_refused(saved, monkeypatch) -> None:
    path = saved(save=np.savez_compressed, x_train=PIXELS, y_train=LABELS)
    memory = npz.psutil.virtual_memory()._replace(available=1000)
    monkeypatch.setattr(npz.psutil, "virtual_memory", lambda: memory)
    with pytest.raises(DataError, match=r"half of the free memory, got 3780 bytes of x_train.npy for 1000 free\. Save"):
        open_source(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive"])
def test_what_is_no_archive_is_told(content: bytes, tmp_path) -> None:
    (tmp_path / "photos.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"photos.npz: a NumPy archive must be readable, got: .+ Copy it again"):
        open_source(str(tmp_path / "photos.npz"))


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=8))
def test_a_damaged_archive_is_labels_or_one_clear_error(tmp_path_factory, place: int, noise: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    file = io.BytesIO()
    np.savez_compressed(file, x_train=PIXELS, y_train=LABELS)
    content = bytearray(file.getvalue())
    place %= len(content)
    content[place : place + len(noise)] = noise
    path.write_bytes(content)
    try:
        open_source(str(path))
    except DataError as error:
        assert re.search(r"damaged\.npz", str(error))  # noqa: PT017 - some damage does not matter


def test_an_archive_that_is_cut_while_it_is_read_is_told(saved) -> None:
    path = saved(x_train=np.tile(PIXELS, (10, 1, 1, 1)), y_train=np.tile(LABELS, 10))
    source = open_source(path)
    os.truncate(path, 100)
    with pytest.raises(DataError, match=r"a source must not change while it is read, got another file\. Start again\."):
        source.read(source.images[-1])
