"""Whoever is killed, however full the disk: a cache is built once, whole or absent, and nothing is left behind."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.search.dataset.cache import disk
from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.cache.disk import check_room, told_as_data_error
from cnnsearch.search.dataset.cache.naming import CACHE_VARIABLE
from cnnsearch.search.dataset.errors import DataError, NoRoom
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.writing import file_of, is_full_disk

SHAPE = (12, 10, 3)
PROCESSES = 10


def folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()]


def test_ten_processes_at_once_build_once(builder, root: Path) -> None:
    first = builder("building")
    assert first.stdout.readline() == "building\n"
    others = [builder() for _ in range(PROCESSES - 1)]
    told = [first.communicate("go\n", timeout=120)[0], *(other.communicate(timeout=120)[0] for other in others)]
    calls, names, images = zip(*map(json.loads, told), strict=True)
    assert list(calls) == [list(range(1, 81)), *[[80]] * (PROCESSES - 1)]
    assert [path.name for path in folders(root)] == [names[0]]
    assert set(names) == {names[0]}
    assert set(images) == {80}


def test_who_holds_the_lock_is_told(many: Path, root: Path, builder) -> None:
    other = builder("building")
    try:
        assert other.stdout.readline() == "building\n"
        with pytest.raises(
            DataError, match=rf"after 0.1 s it is still held by process {other.pid} on .+ since .+\. Wait"
        ):
            build_cache(open_source(str(many)), SHAPE, root, lock_seconds=0.1)
    finally:
        other.communicate("go\n", timeout=60)


def test_a_killed_builder_leaves_no_cache_and_nothing_behind_for_long(many: Path, root: Path, builder) -> None:
    killed = builder("building")
    assert killed.stdout.readline() == "building\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert [path.name[0] for path in folders(root)] == ["."]
    cache = build_cache(open_source(str(many)), SHAPE, root)
    assert len(cache.images) == 80
    assert folders(root) == [cache.folder]


def test_an_interruption_leaves_nothing_behind(many: Path, root: Path) -> None:
    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        build_cache(open_source(str(many)), SHAPE, root, interrupted)
    assert not [path for path in root.iterdir() if path.suffix != ".lock"]


def test_a_small_disk_is_told_before_anything_is_written(folder, pets, root, monkeypatch) -> None:
    monkeypatch.setattr(disk, "SPARE_BYTES", 2**60)
    rule = rf"the image cache needs 1\.15e\+06 TB, got \S+ \wB free\. Free some space .*{CACHE_VARIABLE}"
    with pytest.raises(DataError, match=rule):
        build_cache(open_source(str(folder(pets))), SHAPE, root)
    assert not folders(root)


def test_a_disk_that_is_too_full_now_counts_as_full_and_says_when_that_is_over(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(disk, "SPARE_BYTES", 0)
    with pytest.raises(NoRoom, match=r"the image cache needs .+, got .+ free\. Free some space") as refused:
        check_room(tmp_path, shutil.disk_usage(tmp_path).total)
    error = refused.value
    assert is_full_disk(error)
    assert (file_of(error), error.is_over) == (tmp_path, False)
    error.needed = 1
    assert error.is_over


def test_a_disk_that_is_too_small_when_it_is_empty_is_not_waited_for(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(disk, "SPARE_BYTES", 0)
    with pytest.raises(DataError, match=r"the image cache needs .+, got .+ free\. Free some space") as refused:
        check_room(tmp_path, shutil.disk_usage(tmp_path).total + 1)
    assert not is_full_disk(refused.value)


@pytest.mark.parametrize("refused", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_disk_that_refuses_at_the_last_moment_is_told_and_left_clean(
    refused, folder, pets, root, monkeypatch
) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(refused, os.strerror(refused))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(
        DataError, match=rf"the image cache must be writable, got: {os.strerror(refused)}\. Set CNNSEARCH_CACHE to"
    ):
        build_cache(open_source(str(folder(pets))), SHAPE, root)
    assert not folders(root)


def test_what_finds_the_disk_full_in_its_middle_names_the_folder(tmp_path: Path) -> None:
    with (
        pytest.raises(DataError, match=r"must be writable, got: No space left") as refused,
        told_as_data_error(tmp_path),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert is_full_disk(refused.value)
    assert file_of(refused.value) == tmp_path


def test_a_folder_that_cannot_be_renamed_is_told_and_left_clean(folder, pets, root, monkeypatch) -> None:
    def rename(self: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), str(self))

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(DataError, match=r"the image cache must be writable, got: Invalid cross-device link\. Set"):
        build_cache(open_source(str(folder(pets))), SHAPE, root)
    assert not folders(root)


BUILD = """
import pathlib, sys
from cnnsearch.search.dataset.cache import build, disk
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source
disk.SPARE_BYTES = -2**40
photos, root, side = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
try:
    cache = build.build_cache(open_source(photos), (side, side, 3), root)
    print("new" if cache.is_new else "found", len(cache.images))
except DataError as error:
    print(error)
print([path.name for path in root.iterdir() if path.is_dir()])
"""


def test_a_disk_that_gets_full_is_told_and_left_clean(many: Path, tmp_path: Path, in_namespace) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    told = in_namespace(
        f'mount -t tmpfs -o size=1m none "{mount}"', sys.executable, "-c", BUILD, str(many), str(mount), "300"
    )
    assert "the image cache must be writable, got: No space left on device. Set CNNSEARCH_CACHE" in told
    assert told.endswith("[]\n")


def test_a_read_only_folder_gives_the_cache_in_it_and_refuses_another(many: Path, root: Path, in_namespace) -> None:
    there = build_cache(open_source(str(many)), SHAPE, root)
    sealed = f'mount --bind "{root}" "{root}" && mount -o remount,bind,ro "{root}"'
    program = BUILD.replace("(side, side, 3)", "(12, 10, 3)")
    command = (sys.executable, "-c", program, str(many), str(root), "0")
    assert in_namespace(sealed, *command) == f"found 80\n['{there.folder.name}']\n"
    told = in_namespace(sealed, sys.executable, "-c", BUILD, str(many), str(root), "9")
    assert re.search(r"the image cache must be writable, got: Read-only file system\. Set CNNSEARCH_CACHE to", told)
    assert told.endswith(f"['{there.folder.name}']\n")


MAP = """
import pathlib, resource, sys
from cnnsearch.search.dataset.cache.cache import open_cache
from cnnsearch.search.dataset.cache.disk import told_as_data_error
from cnnsearch.search.trial.failures import classify
folder = pathlib.Path(sys.argv[1])
taken = int(pathlib.Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 8 * 1024**2, resource.getrlimit(resource.RLIMIT_AS)[1]))
try:
    with told_as_data_error(folder):
        print(open_cache(folder))
except Exception as error:
    print(*classify(error))
"""


def test_a_cache_that_memory_has_no_room_to_map_is_not_taken_for_a_damaged_one(many: Path, root: Path) -> None:
    cache = build_cache(open_source(str(many)), (300, 300, 3), root)
    command = [sys.executable, "-c", MAP, str(cache.folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"oom {cache.folder}: memory must suffice for the image cache, got: Cannot allocate memory.")


def test_a_cache_folder_that_is_a_file_is_told(folder, pets, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"the image cache must be writable, got: .+ Set CNNSEARCH_CACHE to a folder"):
        build_cache(open_source(str(folder(pets))), SHAPE, tmp_path / "file")
