"""The images a person names: files, folders, zip archives."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnsearch.reports.images import find_images, find_test_images
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


def packed(folder: Path, *names: str) -> Path:
    """A folder of archives with a picture each, and a zip of these archives beside it."""
    source, downloads = picture(folder / "1.png"), folder / "downloads"
    downloads.mkdir()
    with zipfile.ZipFile(folder / "downloads.zip", "w") as outer:
        for name in names:
            with zipfile.ZipFile(downloads / name, "w") as archive:
                archive.write(source, "1.png")
            outer.write(downloads / name, name)
    return downloads


def test_archives_in_a_place_without_images_are_named_with_what_to_do(tmp_path: Path) -> None:
    downloads = packed(tmp_path, "train.zip", "test1.zip")
    with pytest.raises(CnnSearchError) as raised:
        find_images([downloads, tmp_path / "downloads.zip"])
    folder, outer = str(raised.value).splitlines()
    assert folder == (
        f"{downloads}: an image, a folder of images or an archive of images must lie here, got archives of them: "
        f"'test1.zip', 'train.zip'. Name the one you mean: {downloads}/test1.zip."
    )
    assert outer.endswith("'test1.zip', 'train.zip'. Unpack it, and name test1.zip or another.")


@pytest.mark.parametrize("name", ["downloads", "downloads.zip"])
def test_a_competition_s_images_are_those_of_its_test_archive(tmp_path: Path, name: str) -> None:
    packed(tmp_path, "train.zip", "test.zip")
    (image,), where = find_test_images(tmp_path / name)
    assert where == tmp_path / name / "test.zip"
    assert image.name == str(where / "1.png")
    assert image.read() == (tmp_path / "1.png").read_bytes()


def test_else_they_are_those_of_the_path_itself(tmp_path: Path) -> None:
    packed(tmp_path, "test.zip")
    (image,), where = find_test_images(tmp_path / "downloads" / "test.zip")
    assert (image.path, where) == ("1.png", tmp_path / "downloads" / "test.zip")
    (image, *_), where = find_test_images(tmp_path)
    assert (image.path, where) == ("1.png", tmp_path)
    packed(picture(tmp_path / "two" / "x.png").parent, "test.zip", "test1.zip")
    with pytest.raises(CnnSearchError, match=r"got archives of them: 'test\.zip', 'test1\.zip'"):
        find_test_images(tmp_path / "two" / "downloads")


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
