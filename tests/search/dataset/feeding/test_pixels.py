"""Images out of memory and out of a file: the same pixels; and what a file that is too large costs in memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.feeding.pixels import Held, Streamed, pixels_of

SHAPE = (3, 4, 2)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pixels") / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (20, *SHAPE), dtype=np.uint8))
    return path


@given(rows=st.lists(st.integers(0, 19)), ahead=st.lists(st.integers(0, 19)))
def test_the_same_pixels_come_out_of_memory_and_file(file: Path, rows: list[int], ahead: list[int]) -> None:
    images = np.load(file, mmap_mode="r")
    for pixels in (Held(images), Streamed(images)):
        into = np.empty((len(rows), *SHAPE), np.uint8)
        pixels.expect(np.array(ahead, np.int64))
        pixels.gather(np.array(rows, np.int64), into)
        assert np.array_equal(into, images[rows])


def test_what_fits_is_held_and_what_does_not_is_streamed(file: Path) -> None:
    images = np.load(file, mmap_mode="r")
    size = images[0].nbytes
    assert isinstance(pixels_of(images, 10, held_bytes=10 * size), Held)
    assert isinstance(pixels_of(images, 11, held_bytes=10 * size), Streamed)
    assert isinstance(pixels_of(np.asarray(images), 11, held_bytes=10 * size), Held)


def test_a_file_that_was_cut_off_is_told(file: Path, tmp_path: Path) -> None:
    short = tmp_path / "images.npy"
    short.write_bytes(file.read_bytes())
    pixels = Streamed(np.load(short, mmap_mode="r"))
    with short.open("r+b") as cut:
        cut.truncate(short.stat().st_size - 1)
    with pytest.raises(DataError, match=r"images\.npy: a prepared image cache must not change .* got no image 19\."):
        pixels.gather(np.array([18, 19]), np.empty((2, *SHAPE), np.uint8))


GROWTH = """
import sys
import numpy, psutil
from cnnsearch.search.dataset.feeding.pixels import Streamed, pixels_of
images = numpy.load(sys.argv[1], mmap_mode="r")
pixels, into = pixels_of(images, len(images)), numpy.empty((32, *images.shape[1:]), "uint8")
before, draw = psutil.Process().memory_info().rss, numpy.random.default_rng(0)
for _ in range(100):
    pixels.gather(draw.integers(0, len(images), 32), into)
sys.exit(not (isinstance(pixels, Streamed) and psutil.Process().memory_info().rss - before < 16 * 1024**2))
"""


def test_streaming_leaves_the_memory_of_a_process_as_it_is(tmp_path: Path) -> None:
    shape = (300_000, 150, 150, 3)  # 20 GB of which nothing is on the disk; 100 batches touch 216 MB of it
    with (tmp_path / "images.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + int(np.prod(shape)))
    subprocess.run([sys.executable, "-c", GROWTH, str(tmp_path / "images.npy")], check=True, timeout=120)
