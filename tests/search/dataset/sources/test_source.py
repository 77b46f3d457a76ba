"""Folders, archives and the sample, and what is wrong with them."""

import os
import pickle
import re
import socket
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pydantic import ValidationError

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources import files
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.spaces.document import Data


def test_a_folder_and_its_zip_are_the_same_source(folder, archive, pets) -> None:
    in_folder, in_zip = open_source(str(folder(pets))), open_source(str(archive(pets)))
    assert in_folder.images == in_zip.images
    assert [in_folder.read(i) for i in in_folder.images] == [in_zip.read(i) for i in in_zip.images] != []
    assert in_folder.read(in_folder.images[0]) == pets["cat/0.jpg"]


def test_no_name_at_all_is_not_the_current_folder(folder, pets, monkeypatch) -> None:
    monkeypatch.chdir(folder(pets))
    with pytest.raises(
        DataError, match=r'^data\.source: it names what holds the images, got ""\. Give the path of a fold'
    ):
        open_source("")


def test_a_zip_may_wrap_everything_in_one_folder(archive, pets) -> None:
    source = open_source(str(archive({f"PetImages/{path}": content for path, content in pets.items()})))
    assert source.classes == ("cat", "dog")


def test_backslashes_in_a_zip_separate_folders(tmp_path, pets) -> None:
    with zipfile.ZipFile(tmp_path / "windows.zip", "w") as file:
        for path, content in pets.items():
            file.writestr(path.replace("/", "\\"), content)
    source = open_source(str(tmp_path / "windows.zip"))
    assert source.classes == ("cat", "dog")
    assert source.read(source.images[0]) == pets["cat/0.jpg"]


@pytest.mark.parametrize("kind", ["folder", "zip", "sample"])
def test_a_source_may_be_pickled(kind: str, folder, archive, pets) -> None:
    source = open_source({"folder": str(folder(pets)), "zip": str(archive(pets)), "sample": "sample:digits"}[kind])
    content = source.read(source.images[0])
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    assert copy.read(copy.images[0]) == content


def test_the_sample_has_1797_digits_of_ten_classes() -> None:
    source = open_source("sample:digits")
    assert len(source.images) == 1797
    assert source.classes == tuple("0123456789")


def test_empty_class_folders_are_not_classes(folder, pets) -> None:
    root = folder(pets)
    (root / "horse").mkdir()
    (root / "bird").mkdir()
    (root / "bird/.hidden").touch()
    source = open_source(str(root))
    assert source.classes == ("cat", "dog")
    assert source.notes == ("empty folders: 2 ('bird/', 'horse/')",)


def test_a_path_may_begin_at_home_and_hold_odd_bytes(folder, pets, monkeypatch) -> None:
    root = folder(pets, "ph\udcffotos: new")
    monkeypatch.setenv("HOME", str(root.parent))
    monkeypatch.chdir(root.parent)
    assert open_source("~/ph\udcffotos: new").images == open_source("ph\udcffotos: new").images != ()


def test_links_inside_are_read_and_links_out_are_not(folder, pets) -> None:
    root = folder(pets)
    secret = root.parent / "secret.jpg"
    secret.write_bytes(pets["cat/0.jpg"])
    (root / "cat/inside.jpg").symlink_to(root / "cat/1.jpg")
    (root / "cat/outside.jpg").symlink_to(secret)
    (root / "cat/dangling.jpg").symlink_to(root / "nothing.jpg")
    (root / "loop").symlink_to(root)
    (root / "cat/itself.jpg").symlink_to(root / "cat/itself.jpg")
    source = open_source(str(root))
    added = {image.path for image in source.images} - set(pets)
    assert added == {"cat/inside.jpg"}
    assert source.notes == ("links not followed: 4 ('cat/dangling.jpg', 'cat/itself.jpg', 'cat/outside.jpg', 'loop')",)


def test_pipes_and_sockets_are_no_images(folder, pets) -> None:
    root = folder(pets)
    os.mkfifo(root / "cat/pipe.jpg")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(root / "cat/socket.jpg"))  # a socket's path may have about 100 characters
        source = open_source(str(root))
    assert len(source.images) == len(pets)
    assert source.notes == ("pipes and devices, not read: 2 ('cat/pipe.jpg', 'cat/socket.jpg')",)


def test_photos_are_never_written(folder, pets, tmp_path) -> None:
    root = folder(pets)

    def state() -> dict[str, tuple[bytes, int]]:
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in sorted(root.rglob("*")) if p.is_file()}

    before = state()
    for path in [root, *root.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        source = open_source(str(root), ["cat/0.jpg"])
        contents = [source.read(image) for image in source.images]
    finally:
        for path in [root, *root.rglob("*")]:
            path.chmod(0o755)
    assert contents == [pets[image.path] for image in source.images]
    assert state() == before


def test_links_in_a_zip_are_not_followed(archive, pets) -> None:
    path = archive(pets)
    link = zipfile.ZipInfo("cat/link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(link, "/etc/passwd")
    source = open_source(str(path))
    assert len(source.images) == len(pets)
    assert source.notes == ("links not followed: 1",)


@pytest.mark.parametrize("member", ["../cat/x.jpg", "/cat/x.jpg", "cat/../../x.jpg", "C:\\cat\\x.jpg", "..\\x.jpg"])
def test_a_zip_whose_paths_lead_out_is_refused(member: str, archive, pets) -> None:
    with pytest.raises(DataError, match=r"paths inside an archive must stay inside of it, got .*x\.jpg.*\. Make"):
        open_source(str(archive({**pets, member: b""})))


def test_an_encrypted_zip_is_refused(archive, pets) -> None:
    path = archive(pets)
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"must not be encrypted, got 'cat/0.jpg'. Unpack it"):
        open_source(str(path))


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04" + b"\0" * 100])
def test_an_unreadable_zip_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "photos.zip").write_bytes(content)
    with pytest.raises(
        DataError, match=r"photos.zip: a zip archive must be readable, got: .+ Copy or download it again"
    ):
        open_source(str(tmp_path / "photos.zip"))


def test_a_cut_off_zip_is_told(archive, pets) -> None:
    path = archive(pets)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="a zip archive must be readable"):
        open_source(str(path))


def test_a_damaged_member_is_one_unreadable_image(archive, pets) -> None:
    path = archive(pets)
    content = bytearray(path.read_bytes())
    content[content.index(pets["cat/0.jpg"]) + 50] ^= 255
    path.write_bytes(content)
    source = open_source(str(path))
    with pytest.raises(UnreadableImage, match="is damaged in the archive: Bad CRC-32"):
        source.read(source.images[0])
    assert source.read(source.images[1]) == pets["cat/1.jpg"]


@pytest.mark.parametrize("place", ["folder", "archive"])
def test_a_huge_file_is_not_read(place: str, request, pets, monkeypatch) -> None:
    source = open_source(str(request.getfixturevalue(place)(pets)))
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 100)
    with pytest.raises(UnreadableImage, match=r"has \d+ bytes, more than the 100 that an image may have"):
        source.read(source.images[0])


def test_a_file_that_is_gone_is_one_unreadable_image(folder, pets) -> None:
    root = folder(pets)
    source = open_source(str(root))
    (root / source.images[0].path).unlink()
    with pytest.raises(UnreadableImage, match="cannot be read: No such file or directory"):
        source.read(source.images[0])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere/photos", "nowhere/photos: data.source must exist, got no such file or folder in "),
        ("sample:letters", "sample:letters: the samples are sample:digits, got 'sample:letters'. Choose one"),
        (
            "/dev/null",
            "/dev/null: data.source names a folder, an archive (.zip, .tar, .tar.gz, .tar.bz2, .tar.xz), a man",
        ),
        ("keras:cifar11", "got 'keras:cifar11'. Did you mean `keras:cifar10`? Choose one of them."),
        ("kears:mnist", "data.source knows no 'kears' before a colon. Did you mean `keras:mnist`? Give the path of"),
        ("hf:bar", "hf:bar: data.source knows no 'hf' before a colon. Give the path of a folder, an archive (.zip,"),
        ("s3://bucket/photos", "data.source lies on this machine, got an address. Download it first."),
        ("x" * 300, "data.source must be readable, got: File name too long."),
        ("a\0b", "data.source must be readable, got: "),
    ],
)
def test_what_is_no_source_is_told(source: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        open_source(source)


@pytest.mark.parametrize("key", ["source", "exclude"])
def test_a_path_that_is_no_utf8_is_told_in_our_words(key: str) -> None:
    with pytest.raises(ValidationError, match=r"a path is UTF-8, got .*udcff"):
        Data.model_validate({"source": "photos", key: "photos\udcff"})


def test_another_kind_of_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "photos.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match=r"data\.source names a folder, .+, got a \.rar file\. Unpack it"):
        open_source(str(tmp_path / "photos.rar"))


AS_NOBODY = """
import os, sys
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.dataset.errors import DataError
if os.getuid() == 0:
    os.setuid(65534)
try:
    open_source(sys.argv[1])
except DataError as error:
    sys.stdout.write(str(error))
"""


def test_a_folder_without_permission_is_told(folder, pets) -> None:
    root = folder(pets)
    for parent in [root, *root.parents][:3]:
        parent.chmod(0o755)
    (root / "cat").chmod(0)
    try:
        said = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(root)], capture_output=True, text=True, check=True
        ).stdout
    finally:
        (root / "cat").chmod(0o755)
    assert re.search(r"must be readable, got: Permission denied\. Check .*permissions\.", said)
