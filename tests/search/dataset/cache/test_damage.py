"""A damaged cache: whatever happens to its files, it is noticed and built anew."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.cache.cache import open_cache
from cnnsearch.search.dataset.cache.checking import BLOCK_BYTES, damaged_rows, is_whole
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source

SHAPE = (12, 10, 3)


def short_pixels(folder: Path) -> None:
    pixels = folder / "images.npy"
    pixels.write_bytes(pixels.read_bytes()[:-1])


def long_pixels(folder: Path) -> None:
    with (folder / "images.npy").open("ab") as file:
        file.write(b"x")


def no_pixels(folder: Path) -> None:
    (folder / "images.npy").unlink()


def torn_index(folder: Path) -> None:
    index = folder / "index.json"
    index.write_bytes(index.read_bytes()[:-20])


def empty_index(folder: Path) -> None:
    (folder / "index.json").write_bytes(b"")


def nul_index(folder: Path) -> None:
    (folder / "index.json").write_bytes(b"\0" * 500)


def strange_index(folder: Path) -> None:
    (folder / "index.json").write_text("[1]")


def old_label(folder: Path) -> None:
    label = json.loads((folder / "label.json").read_text())
    (folder / "label.json").write_text(json.dumps({**label, "decoder": 0}))


def torn_label(folder: Path) -> None:
    label = folder / "label.json"
    label.write_bytes(label.read_bytes()[:-20])


def no_label(folder: Path) -> None:
    (folder / "label.json").unlink()


def no_thumbnails(folder: Path) -> None:
    (folder / "thumbnails.npy").unlink()


def flipped(name: str, place: int) -> Callable[[Path], None]:
    """Turns one bit of a file over."""

    def flip(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[place] ^= 1
        (folder / name).write_bytes(content)

    return flip


def short_column(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, "labels": index["labels"][1:]}))


def odd_shape(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, "shape": [1, 2]}))


DAMAGES = [
    short_pixels,
    long_pixels,
    no_pixels,
    torn_index,
    empty_index,
    nul_index,
    strange_index,
    old_label,
    torn_label,
    no_label,
    no_thumbnails,
    flipped("images.npy", 128),
    flipped("images.npy", -1),
    flipped("images.npy", 2000),
    flipped("thumbnails.npy", -1),
    flipped("index.json", 300),
    short_column,
]


@pytest.mark.parametrize("damage", [*DAMAGES, odd_shape, shutil.rmtree])
def test_a_damaged_cache_is_built_anew(damage, folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    first = build_cache(source, SHAPE, root)
    pixels, index = np.array(first.images), first.index
    damage(first.folder)
    second = build_cache(source, SHAPE, root)
    assert second.is_new
    assert second.folder == first.folder
    assert second.index == index
    assert np.array_equal(second.images, pixels)


def test_damaged_rows_are_named(folder, pets, root) -> None:
    cache = build_cache(open_source(str(folder(pets))), SHAPE, root)
    assert list(damaged_rows(cache)) == []
    flipped("images.npy", 128 + 7 * 360 + 5)(cache.folder)
    flipped("thumbnails.npy", -1)(cache.folder)
    assert list(damaged_rows(cache)) == [7, 19]


def test_of_a_large_cache_a_sample_of_blocks_is_read(folder, photo, root) -> None:
    files = {f"{name}/{n}.jpg": photo(n + 100 * (name == "dog")) for name in ("cat", "dog") for n in range(4)}
    cache = build_cache(open_source(str(folder(files))), (1000, 1000, 3), root)
    flipped("images.npy", -1)(cache.folder)
    assert not is_whole(cache)
    found = [is_whole(cache, most=BLOCK_BYTES) for _ in range(200)]
    assert {*found} == {True, False}


def test_the_pixels_of_a_damaged_cache_stay_for_those_who_have_it_open(folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    first = build_cache(source, SHAPE, root)
    before = np.array(first.images)
    flipped("index.json", 300)(first.folder)
    build_cache(source, SHAPE, root)
    assert np.array_equal(first.images, before)
    assert open_cache(first.folder) is not None


def test_no_readable_image_is_told_and_leaves_nothing(folder, root) -> None:
    photos = folder({"cat/1.jpg": b"", "dog/1.jpg": b"x"})
    with pytest.raises(DataError, match=r"some images must be readable, got 2 that are not; 'cat/1.jpg' is empty"):
        build_cache(open_source(str(photos)), SHAPE, root)
    assert not [path for path in root.iterdir() if path.is_dir()]
