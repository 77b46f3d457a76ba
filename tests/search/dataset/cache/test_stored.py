"""The list of caches, and deleting them: never one that is needed, never anything that is no cache."""

import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.cache.cache import open_cache
from cnnsearch.search.dataset.cache.stored import State, delete, delete_spare_locks, stored_caches
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source

SHAPE = (12, 10, 3)


@pytest.fixture
def built(folder, pets, root) -> Path:
    """The folder of a cache that nobody has open."""
    return build_cache(open_source(str(folder(pets))), SHAPE, root, resize="pad").folder


def test_a_cache_is_listed_with_what_is_in_it(built: Path, root: Path, tmp_path: Path) -> None:
    os.utime(built / "label.json", (1_000_000, 1_000_000))
    (cache,) = stored_caches(root)
    assert (cache.folder, cache.state, cache.used, cache.is_held) == (built, State.COMPLETE, 1_000_000, False)
    assert cache.bytes >= sum((built / name).stat().st_size for name in ("images.npy", "thumbnails.npy"))
    assert cache.label is not None
    assert (cache.label.source, cache.label.images) == (str(tmp_path / "photos"), 20)
    assert (cache.label.shape, cache.label.resize) == (SHAPE, "pad")


def test_asking_for_a_cache_counts_as_using_it(folder, pets, built: Path, root: Path) -> None:
    os.utime(built / "label.json", (1_000_000, 1_000_000))
    build_cache(open_source(str(folder(pets))), SHAPE, root, resize="pad")
    assert stored_caches(root)[0].used > 1_000_000


def test_no_folder_is_an_empty_list(tmp_path: Path) -> None:
    assert stored_caches(tmp_path / "nowhere") == []


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        DataError, match=r"the folder of image caches must be readable, got: Not a directory\. Check .*CNNSEARCH_CACHE"
    ):
        stored_caches(tmp_path / "file")


def test_each_kind_of_damage_is_a_state(built: Path, root: Path) -> None:
    label = json.loads((built / "label.json").read_text())
    (built / "label.json").write_text(json.dumps({**label, "version": 1}))
    assert stored_caches(root)[0].state == State.OLDER
    (built / "label.json").write_text("{")
    assert stored_caches(root)[0].state == State.DAMAGED
    (built / "label.json").unlink()
    assert stored_caches(root)[0].state == State.DAMAGED
    (built / "label.json").write_text(json.dumps(label))
    assert stored_caches(root)[0].state == State.COMPLETE
    (built / "images.npy").unlink()
    assert stored_caches(root)[0].state == State.DAMAGED


def test_a_cache_of_the_first_version_is_listed_and_deleted(root: Path) -> None:
    first = root / ("0" * 32)
    first.mkdir(parents=True)
    (first / "index.json").write_text("{}")
    (first / "images.npy").write_bytes(b"x")
    (old,) = stored_caches(root)
    assert old.state == State.OLDER
    assert delete(old)
    assert list(root.iterdir()) == []


def test_a_flipped_bit_is_found_when_checksums_are_compared(built: Path, root: Path) -> None:
    with (built / "images.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    assert stored_caches(root)[0].state == State.COMPLETE
    assert stored_caches(root, check=True)[0].state == State.DAMAGED


def test_what_a_process_has_open_is_not_deleted(root: Path, builder) -> None:
    user = builder("open")
    try:
        folder = root / json.loads(user.stdout.readline())[1]
        (cache,) = stored_caches(root)
        assert (cache.folder, cache.open, cache.is_held) == (folder, True, True)
        assert not delete(cache)
        assert open_cache(folder) is not None
    finally:
        user.communicate("go\n", timeout=60)
    assert delete(cache)
    assert stored_caches(root) == []


def test_what_is_being_built_is_not_deleted_and_what_a_killed_builder_left_is(root: Path, builder) -> None:
    builds = builder("building")
    assert builds.stdout.readline() == "building\n"
    (cache,) = stored_caches(root)
    assert (cache.state, cache.is_held) == (State.BUILDING, True)
    assert not delete(cache)
    delete_spare_locks(root)
    builds.send_signal(signal.SIGKILL)
    builds.communicate()
    (dead,) = stored_caches(root)
    assert dead.state == State.UNFINISHED
    assert delete(dead)
    delete_spare_locks(root)
    assert list(root.iterdir()) == []


def test_a_cache_that_was_deleted_is_built_anew(folder, pets, built: Path, root: Path) -> None:
    assert delete(stored_caches(root)[0])
    delete_spare_locks(root)
    assert list(root.iterdir()) == []
    assert build_cache(open_source(str(folder(pets))), SHAPE, root, resize="pad").folder == built


def test_nothing_but_caches_is_listed_or_touched(built: Path, root: Path, tmp_path: Path) -> None:
    (root / "photos").mkdir()
    (root / "photos" / "images.npy").write_text("mine")
    mixed = root / f"{'a' * 20}-{'b' * 20}"
    mixed.mkdir()
    (mixed / "images.npy").write_text("mine")
    (mixed / "cat.jpg").write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (root / f"{'c' * 20}-{'d' * 20}").symlink_to(tmp_path / "elsewhere")
    (root / "notes.lock").write_text("mine")
    assert [cache.folder for cache in stored_caches(root)] == [built]
    delete(stored_caches(root)[0])
    delete_spare_locks(root)
    left = {path.name for path in root.iterdir()}
    assert left == {"photos", mixed.name, f"{'c' * 20}-{'d' * 20}", "notes.lock"}
    assert sorted(path.name for path in mixed.iterdir()) == ["cat.jpg", "images.npy"]


def test_a_file_that_comes_into_a_cache_meanwhile_is_not_deleted(built: Path, root: Path) -> None:
    (cache,) = stored_caches(root)
    (built / "mine.txt").write_text("mine")
    with pytest.raises(OSError, match="Directory not empty"):
        delete(cache)
    (left,) = root.glob(".*/*")
    assert left.read_text() == "mine"


def test_a_cache_that_is_gone_already_is_no_fault_in_a_list(built: Path, root: Path) -> None:
    (cache,) = stored_caches(root)
    shutil.rmtree(built)
    with pytest.raises(FileNotFoundError, match="No such file"):
        delete(cache)
