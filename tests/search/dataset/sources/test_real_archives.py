"""Real photos in the ways that people have them; skipped where CNNSEARCH_TEST_DATA is not set."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from cnnsearch.search.dataset.sources.source import open_source


@pytest.fixture
def photos(test_data: Path) -> Path:
    return test_data / "data/dogs-vs-cats-4000.zip"


def test_kaggles_zip_inside_a_zip_is_the_zip(photos: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.write(photos, "train.zip")
        file.writestr("sampleSubmission.csv", "id,label\n")
    plain, nested = open_source(str(photos)), open_source(str(tmp_path / "outer.zip"))
    assert [f"train/{image.path}" for image in plain.images] == [image.path for image in nested.images]
    assert all(plain.read(a) == nested.read(b) for a, b in zip(plain.images, nested.images, strict=True))


def test_a_compressed_tar_of_real_photos_is_the_zip(photos: Path, tmp_path: Path) -> None:
    plain = open_source(str(photos))
    with tarfile.open(tmp_path / "photos.tgz", "w:gz", compresslevel=1) as tar, zipfile.ZipFile(photos) as file:
        for info in file.infolist():
            member = tarfile.TarInfo(info.filename)
            member.size = info.file_size
            tar.addfile(member, file.open(info))
    packed = open_source(str(tmp_path / "photos.tgz"))
    assert packed.images == plain.images
    assert all(plain.read(image) == packed.read(image) for image in plain.images)
