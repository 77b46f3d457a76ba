"""The images a person names: files, folders, zip archives."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnsearch.reports.images import find_images
from cnnsearch.spaces.errors import CnnSearchError


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((4, 6, 3), 200, np.uint8)).save(path)
    return path


def test_a_folder_is_searched_through_and_sorted(tmp_path: Path) -> None:
    picture(tmp_path / "b" / "deep" / "2.PNG")
    picture(tmp_path / "1.jpg")
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "b" / ".hidden.png").write_text("clutter")
    assert [Path(image.name) for image in find_images([tmp_path])] == [
        tmp_path / "1.jpg",
        tmp_path / "b" / "deep" / "2.PNG",
    ]


def test_an_archive_is_read_in_place(tmp_path: Path) -> None:
    source = picture(tmp_path / "1.png")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.write(source, "cat/1.png")
        archive.writestr("__MACOSX/cat/._1.png", b"clutter")
        archive.writestr("readme.txt", b"")
    (image,) = find_images([tmp_path / "photos.zip"])
    assert image.name == str(tmp_path / "photos.zip" / "cat" / "1.png")
    assert image.read() == source.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.png", "photos.zip"]


def test_a_tar_is_searched_like_a_zip(tmp_path: Path) -> None:
    source = picture(tmp_path / "1.png")
    with tarfile.open(tmp_path / "photos.tar.gz", "w:gz") as archive:
        archive.add(source, "./cat/1.png")
    (image,) = find_images([tmp_path / "photos.tar.gz"])
    assert image.name == str(tmp_path / "photos.tar.gz" / "cat" / "1.png")
    assert image.read() == source.read_bytes()


def test_a_file_named_itself_is_taken_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "photo").write_bytes(picture(tmp_path / "1.png").read_bytes())
    (image,) = find_images([tmp_path / "photo"])
    assert image.read().startswith(b"\x89PNG")


def test_all_bad_paths_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and then nothing")
    paths = [tmp_path / "absent.jpg", tmp_path / "empty", tmp_path / "broken.zip"]
    with pytest.raises(CnnSearchError) as raised:
        find_images(paths)
    absent, empty, broken = str(raised.value).splitlines()
    assert absent.startswith(f"{tmp_path}/absent.jpg: an image, a folder of images or an archive of images must")
    assert "got nothing there" in absent
    assert "got no image in it" in empty
    assert broken.startswith(f"{tmp_path}/broken.zip: a zip archive must be readable")
