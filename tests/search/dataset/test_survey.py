"""What a first look at images says: counts, sizes, colours, and what cannot be read."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.dataset.survey import Spread, survey


def picture(height: int, width: int, mode: str = "RGB", orientation: int | None = None) -> bytes:
    shape = (height, width) if mode == "L" else (height, width, 3)
    file, exif = io.BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    Image.fromarray(np.full(shape, 90, dtype=np.uint8)).save(file, format="JPEG", exif=exif)
    return file.getvalue()


def folder(root: Path, files: dict[str, bytes]) -> str:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return str(root)


def test_counts_sizes_and_colours(tmp_path: Path):
    files = {f"cat/{i}.jpg": picture(20 + i, 40) for i in range(3)} | {"dog/0.jpg": picture(60, 10, "L")}
    found = survey(open_source(folder(tmp_path, files)))
    assert found.counts == {"cat": 3, "dog": 1}
    assert found.images == 4
    assert (found.heights, found.widths) == (Spread(20, 21, 60), Spread(10, 40, 40))
    assert (found.gray, found.is_gray, found.split) == (1, False, False)


def test_a_photo_that_lies_on_its_side_is_measured_upright(tmp_path: Path):
    files = {"a/0.jpg": picture(20, 40, orientation=6), "b/0.jpg": picture(40, 20)}
    found = survey(open_source(folder(tmp_path, files)))
    assert (found.heights, found.widths) == (Spread(40, 40, 40), Spread(20, 20, 20))


def test_unreadable_files_are_named_and_not_counted(tmp_path: Path):
    files = {f"{name}/0.jpg": picture(8, 8) for name in "ab"} | {"a/1.jpg": b"", "a/2.png": b"no", "b/1.gif": b"GIF89a"}
    found = survey(open_source(folder(tmp_path, files)))
    assert found.counts == {"a": 1, "b": 1}
    assert found.unreadable["a/1.jpg"] == "is empty"
    assert found.unreadable["a/2.png"].startswith("is no image of a known format (JPEG")
    assert set(found.unreadable) == {"a/1.jpg", "a/2.png", "b/1.gif"}


def test_of_many_images_a_sample_from_every_class_is_looked_at(tmp_path: Path):
    files = {f"{name}/{i:02}.jpg": picture(8, 8, "L") for name in "abcd" for i in range(10)}
    (tmp_path / "z.zip").touch()
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    found = survey(open_source(str(tmp_path / "z.zip")), most=8)
    assert (found.looked_at, found.images, found.is_gray) == (8, 40, True)


def test_a_validation_folder_is_seen(tmp_path: Path):
    files = {f"{part}/{name}/0.jpg": picture(8, 8) for part in ("train", "validation") for name in "ab"}
    assert survey(open_source(folder(tmp_path, files))).split


def test_nothing_readable_is_refused(tmp_path: Path):
    source = open_source(folder(tmp_path, {"a/0.jpg": b"", "b/0.jpg": b""}))
    with pytest.raises(DataError, match=r"some images must be readable, got 2 that are not; 'a/0\.jpg' is empty"):
        survey(source)
