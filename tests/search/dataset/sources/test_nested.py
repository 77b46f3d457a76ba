"""Archives inside folders and archives, as Kaggle packs its downloads; and what zips alone have."""

import copy
import os
import pickle
import zipfile
from pathlib import Path

import pytest

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources import members
from cnnsearch.search.dataset.sources.source import open_source


@pytest.fixture
def kaggle(archive, photo) -> dict[str, bytes]:
    """What dogs-vs-cats.zip holds."""
    train = {f"train/{name}.{n}.jpg": photo(n + 50 * (name == "dog")) for name in ("cat", "dog") for n in range(5)}
    test = {f"test1/{n}.jpg": photo(200 + n) for n in range(1, 4)}
    return {
        "train.zip": archive(train, "train.zip").read_bytes(),
        "test1.zip": archive(test, "test1.zip").read_bytes(),
        "sampleSubmission.csv": b"id,label\n",
    }


def packed(path: Path, contents: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return path


def test_kaggles_download_is_read_as_it_comes(kaggle, tmp_path, photo) -> None:
    source = open_source(str(packed(tmp_path / "dogs-vs-cats.zip", kaggle)))
    assert source.classes == ("cat", "dog")
    assert {image.part for image in source.images} == {"train"}
    assert source.images[0].path == "train/train/cat.0.jpg"
    assert source.read(source.images[0]) == photo(0)
    assert source.notes == (
        "images of the test part without a class of the train part, not used: 3",
        "files that are no images, not used: 1 (.csv 1)",
    )
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    assert copy.read(copy.images[-1]) == source.read(source.images[-1])


def test_a_folder_of_kaggles_zips_is_read_as_it_comes(kaggle, folder, tmp_path) -> None:
    in_folder = open_source(str(folder(kaggle)))
    assert in_folder.images == open_source(str(packed(tmp_path / "outer.zip", kaggle))).images
    outer = folder({"outer.zip": (tmp_path / "outer.zip").read_bytes()}, "downloads")
    assert [i.class_name for i in open_source(str(outer)).images] == [i.class_name for i in in_folder.images]


def test_an_archive_for_each_class_is_a_class_folder(folder, tar, photo) -> None:
    tars = {name: tar({f"{n}.jpg": photo(n) for n in range(3)}, f"{name}.tar").read_bytes() for name in ("cat", "dog")}
    root = folder({"cat.tar": tars["cat"], "dog.tar": tars["dog"]})
    assert {(i.path, i.class_name) for i in open_source(str(root)).images} >= {
        ("cat/0.jpg", "cat"),
        ("dog/2.jpg", "dog"),
    }


def test_archives_beside_images_are_not_opened(folder, pets, archive) -> None:
    source = open_source(str(folder({**pets, "backup.zip": archive(pets).read_bytes()})))
    assert len(source.images) == len(pets)
    assert source.notes == ("files that are no images, not used: 1 (.zip 1)",)


def test_a_damaged_archive_inside_another_is_named(kaggle, tmp_path) -> None:
    path = packed(tmp_path / "outer.zip", {**kaggle, "train.zip": b"no zip"})
    with pytest.raises(DataError, match=r"outer.zip/train.zip: a zip archive must be readable, got: .+ Copy"):
        open_source(str(path))


def test_a_member_that_is_damaged_on_the_outside_is_named(kaggle, tmp_path) -> None:
    path = packed(tmp_path / "outer.zip", kaggle, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"outer.zip/train.zip: it must be whole, got: Bad CRC-32"):
        open_source(str(path))


def test_zips_are_opened_two_levels_deep_and_no_deeper(tmp_path, archive, pets) -> None:
    inner = archive(pets).read_bytes()
    for level in range(3):
        path = packed(tmp_path / f"level{level}.zip", {"inner.zip": inner})
        inner = path.read_bytes()
        if level < 2:
            assert len(open_source(str(path)).images) == len(pets)
    with pytest.raises(DataError, match=r"an image source holds images .+ got 1 other files \(\.zip 1\)"):
        open_source(str(path))


def test_a_zip_bomb_is_refused(tmp_path, pets, monkeypatch) -> None:
    monkeypatch.setattr(members, "UNSUSPICIOUS_BYTES", 1_000_000)
    path = packed(tmp_path / "photos.zip", {**pets, "cat/bomb.bmp": bytes(30_000_000)})
    with pytest.raises(DataError, match=r"may unpack to 200 times its size, got \d+ bytes that hold \d+ or more\."):
        open_source(str(path))


def test_two_members_of_a_zip_with_one_path_are_told(archive, pets) -> None:
    path = archive(pets)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("cat/0.jpg", b"later")
    source = open_source(str(path))
    assert source.read(source.images[0]) == b"later"
    assert source.notes == ("archive members with the path of a later one, not used: 1",)


def test_names_in_utf8_without_the_mark_are_read_as_such(tmp_path, photo) -> None:
    path = packed(tmp_path / "photos.zip", {"dog/1.jpg": photo(1), "kätzchen/1.jpg": photo(2)})
    content = path.read_bytes()
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.rindex(mark) + offset
        content = content[:start] + b"\0\0" + content[start + 2 :]
    path.write_bytes(content)
    assert open_source(str(path)).classes == ("dog", "kätzchen")


def test_empty_folders_of_a_zip_are_told(archive, pets) -> None:
    path = archive(pets)
    with zipfile.ZipFile(path, "a") as file:
        file.mkdir("horse")
        file.mkdir("cat/kittens")
    assert open_source(str(path)).notes == ("empty folders: 2 ('cat/kittens/', 'horse/')",)


def test_archives_that_stand_for_one_folder_are_no_classes(folder, archive, tar, pets) -> None:
    packed_twice = {"train.zip": archive(pets).read_bytes(), "train.tar": tar(pets).read_bytes()}
    with pytest.raises(
        DataError, match=r"folders of their names, got 'train\.tar', 'train\.zip' for the same one\. Move"
    ):
        open_source(str(folder(packed_twice)))


def test_members_that_lie_over_each_other_are_a_bomb(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(members, "UNSUSPICIOUS_BYTES", 1_000_000)
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("cat/0.bmp", os.urandom(2_000) + bytes(98_000))
        for number in range(1, 300):
            again = copy.copy(file.filelist[0])
            again.filename = f"cat/{number}.bmp"
            file.filelist.append(again)
    with pytest.raises(
        DataError, match=r"may unpack to 200 times its size, got \d+ bytes that hold 30000000 or more\."
    ):
        open_source(str(path))


def test_a_zip_that_is_cut_while_it_is_read_costs_its_images_only(archive, pets) -> None:
    path = archive(pets)
    source = open_source(str(path))
    os.truncate(path, 10)
    with pytest.raises(UnreadableImage, match=r"^is damaged in the archive: the archive ends before it$"):
        source.read(source.images[3])


def test_a_damaged_member_compressed_by_lzma_is_told(tmp_path, pets) -> None:
    path = packed(tmp_path / "photos.zip", pets, zipfile.ZIP_LZMA)
    content = bytearray(path.read_bytes())
    content[60:200] = b"\xff" * 140
    path.write_bytes(content)
    source = open_source(str(path))
    with pytest.raises(UnreadableImage, match=r"^is damaged in the archive: "):
        source.read(source.images[0])


def test_a_member_without_a_name_is_no_image(archive, pets) -> None:
    path = archive(pets)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x", b"")
        file.filelist[-1].filename = ""
    source = open_source(str(path))
    assert len(source.images) == len(pets)
    assert source.notes == ("files that are no images, not used: 1 (without a suffix 1)",)
