"""Tar archives, compressed and not, and what is wrong with them."""

import gzip
import pickle
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cnnsearch.search.dataset.errors import DataError, UnreadableImage
from cnnsearch.search.dataset.sources import files, members, spool
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.dataset.sources.spool import Spool

KINDS = ["photos.tar", "photos.tar.gz", "photos.tgz", "photos.tar.bz2", "photos.tar.xz"]


@pytest.mark.parametrize("name", KINDS)
def test_a_tar_and_the_folder_are_the_same_source(name: str, folder, tar, pets) -> None:
    in_folder, in_tar = open_source(str(folder(pets))), open_source(str(tar(pets, name, "./")))
    assert in_folder.images == in_tar.images
    assert [in_folder.read(i) for i in in_folder.images] == [in_tar.read(i) for i in in_tar.images] != []
    copy = pickle.loads(pickle.dumps(in_tar))
    assert copy == in_tar
    assert copy.read(copy.images[3]) == in_tar.read(in_tar.images[3])


@pytest.mark.parametrize("name", ["photos.tar", "photos.tar.gz"])
def test_threads_share_a_tar(name: str, tar, pets) -> None:
    source = open_source(str(tar(pets, name)))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(source.read, source.images * 20)) == [pets[image.path] for image in source.images] * 20


def test_a_compressed_tar_leaves_no_file_behind(tar, pets, tmp_path, monkeypatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    source = open_source(str(tar(pets, "photos.tar.gz")))
    assert source.read(source.images[0])
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_compressed_tar_wants_room_for_its_images(tar, pets, monkeypatch) -> None:
    monkeypatch.setattr(spool, "SPARE_BYTES", 10**18)
    with pytest.raises(DataError, match=r"photos.tar.gz: .+ must have room for what is unpacked from it, got: \d+ byt"):
        open_source(str(tar(pets, "photos.tar.gz")))


def test_the_compression_is_read_from_the_bytes_not_from_the_name(tar, pets, tmp_path) -> None:
    tar(pets, "photos.tar.gz").rename(tmp_path / "named.tar")
    assert len(open_source(str(tmp_path / "named.tar")).images) == len(pets)


def member_of(path: Path, name: str = "cat/x.jpg", **info: object) -> Path:
    with tarfile.open(path, "a") as file:
        member = tarfile.TarInfo(name)
        for key, value in info.items():
            setattr(member, key, value)
        file.addfile(member)
    return path


def test_links_and_devices_in_a_tar_are_left_aside(tar, pets) -> None:
    path = tar(pets)
    member_of(path, "cat/out.jpg", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    member_of(path, "cat/nowhere.jpg", type=tarfile.LNKTYPE, linkname="cat/nothing.jpg")
    member_of(path, "cat/pipe.jpg", type=tarfile.FIFOTYPE)
    member_of(path, "cat/null.jpg", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
    source = open_source(str(path))
    assert len(source.images) == len(pets)
    assert source.notes == ("links not followed: 2", "archive members that are no files, not used: 2")


def test_a_hard_link_in_a_tar_is_its_file(tar, pets) -> None:
    path = member_of(tar(pets), "cat/again.jpg", type=tarfile.LNKTYPE, linkname="cat/3.jpg")
    source = open_source(str(path))
    assert {image.path: source.read(image) for image in source.images}["cat/again.jpg"] == pets["cat/3.jpg"]


def test_of_two_members_with_one_path_the_last_counts(tar, pets, photo) -> None:
    path = tar(pets)
    with tarfile.open(path, "a") as file:
        file.add(__file__, "cat/0.jpg")
    source = open_source(str(path))
    assert source.read(source.images[0]) == Path(__file__).read_bytes()
    assert source.notes == ("archive members with the path of a later one, not used: 1",)


@pytest.mark.parametrize("name", ["../cat/x.jpg", "/cat/x.jpg", "cat/../../x.jpg", "C:\\cat\\x.jpg"])
def test_a_tar_whose_paths_lead_out_is_refused(name: str, tar, pets) -> None:
    with pytest.raises(DataError, match=r"paths inside an archive must stay inside of it, got .*x\.jpg.*\. Make"):
        open_source(str(member_of(tar(pets), name)))


def test_names_that_are_no_utf8_are_kept(tar, pets) -> None:
    source = open_source(str(tar({**pets, "cat/\udcff.jpg": pets["cat/0.jpg"]})))
    assert source.read(source.images[-11]) == pets["cat/0.jpg"]
    assert "cat/\udcff.jpg" in {image.path for image in source.images}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_a_cut_off_tar_is_told(name: str, share: float, tar, pets) -> None:
    path = tar(pets, name)
    content = path.read_bytes()
    if name == "photos.tar":
        content = content.rstrip(b"\0")
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DataError, match=rf"{name}: a tar archive must be whole, got: .+ Copy or download it again"):
        open_source(str(path))


@pytest.mark.parametrize("content", [b"", b"no tar at all", b"\x1f\x8b" + b"\0" * 100, b"x" * 2000])
def test_what_is_no_tar_is_told(content: bytes, tmp_path) -> None:
    (tmp_path / "photos.tar").write_bytes(content)
    with pytest.raises(DataError, match=r"photos.tar: a tar archive must be whole, got: .+ Copy"):
        open_source(str(tmp_path / "photos.tar"))


def test_a_damaged_header_in_the_middle_is_told(tar, pets) -> None:
    path = tar(pets)
    content = bytearray(path.read_bytes())
    content[content.index(b"dog/4.jpg")] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"must be whole, got: a damaged header at byte \d+"):
        open_source(str(path))


@pytest.mark.parametrize("name", ["photos.tar", "photos.tar.gz"])
def test_a_huge_member_is_not_read(name: str, tar, pets, monkeypatch) -> None:
    path = tar(pets, name)
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 100)
    source = open_source(str(path))
    with pytest.raises(UnreadableImage, match=r"has \d+ bytes, more than the 100 that an image may have"):
        source.read(source.images[0])


def test_a_bomb_is_refused_before_it_is_unpacked(tar, pets, monkeypatch) -> None:
    monkeypatch.setattr(members, "UNSUSPICIOUS_BYTES", 1_000_000)
    path = tar({**pets, "cat/bomb.txt": bytes(20_000_000)}, "photos.tar.xz")
    with pytest.raises(DataError, match=r"an archive may unpack to 200 times its size, got \d+ bytes that hold \d+"):
        open_source(str(path))


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path) -> None:
    member = tarfile.TarInfo("long")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2**33
    with gzip.open(tmp_path / "photos.tar.gz", "wb") as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(DataError, match=r"must be whole, got: a header of 8589934592 bytes"):
        open_source(str(tmp_path / "photos.tar.gz"))


def test_a_full_disk_is_told(monkeypatch) -> None:
    filled = Spool("photos.tar.gz")
    with Path("/dev/full").open("r+b", buffering=0) as full:
        monkeypatch.setattr(filled, "file", full)
        with pytest.raises(DataError, match=r"must have room .+ got: No space left on device\. Free some space"):
            filled.append(b"x")


def test_a_tar_that_is_replaced_while_it_is_read_gives_no_other_image(tar, pets) -> None:
    source = open_source(str(tar(pets)))
    tar(dict(reversed(pets.items())), "new.tar").replace(source.name)
    with pytest.raises(DataError, match=r"a source must not change while it is read, got another file\. Start again\."):
        source.read(source.images[0])
