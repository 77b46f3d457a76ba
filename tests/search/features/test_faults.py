"""Whoever is killed, however full the disk: features are computed once, whole or absent, and nothing is left behind."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.dataset.cache import disk, lock
from cnnsearch.search.dataset.cache.lock import held_lock
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.features.features import Features, Frozen, Viewed
from cnnsearch.search.features.store import features_of
from cnnsearch.spaces.document import Data
from tests.search.features.small import folders

Made = Callable[..., Features]
Process = Callable[..., "subprocess.Popen[str]"]
PROCESSES = 5
BATCHES = 10
"""Of each view: 40 images in batches of 4."""


def waiting(process: "subprocess.Popen[str]") -> "subprocess.Popen[str]":
    """The process, once it waits in the middle of its first view."""
    assert process.stdout.readline() == "ready\n"
    assert process.stdout.readline() == "computing\n"
    return process


def answer(process: "subprocess.Popen[str]") -> list[object]:
    return json.loads(process.communicate("go\n", timeout=120)[0].splitlines()[-1])


def test_processes_that_ask_at_once_compute_once(process: Process, root: Path) -> None:
    first = waiting(process("computing"))
    others = [process() for _ in range(PROCESSES - 1)]
    for other in others:
        assert other.stdout.readline() == "ready\n"
    answers = [answer(first), *map(answer, others)]
    assert sum(batches for batches, _, _ in answers) == 2 * BATCHES
    assert len({total for _, _, total in answers}) == 1
    assert len(folders(root)) == 2


def test_who_holds_the_lock_is_told(process: Process, root: Path) -> None:
    other = waiting(process("computing"))
    try:
        (leftover,) = folders(root)
        rule = rf"builds a feature cache; after 0.1 s it is still held by process {other.pid} on .+ since .+\. Wait"
        with (
            pytest.raises(DataError, match=rule),
            held_lock(root / leftover.name.strip(".").partition("-")[0], 0.1, "a feature cache"),
        ):
            pass
    finally:
        answer(other)


def test_who_gets_on_is_waited_for(tmp_path: Path) -> None:
    looks = iter([1, 2, 3, 4, 4, 4])
    seen: list[int] = []

    def headway() -> int:
        seen.append(next(looks))
        return seen[-1]

    with (
        held_lock(tmp_path / "name"),
        pytest.raises(DataError, match=r"after 0\.05 s it is still held by process"),
        held_lock(tmp_path / "name", 0.05, headway=headway),
    ):
        pass
    assert seen == [1, 2, 3, 4, 4]


def test_whoever_waits_says_so_again_and_again(
    process: Process, photos: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_LOOK", 0.05)
    other = waiting(process("computing"))
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 3:
            answer(other)

    dataset = prepare_dataset(Data(source=photos, image_size=[8, 6]), root)
    view = Viewed("plain", lambda images: images.reshape(len(images), -1)[:, :6].astype("float32"))
    features = features_of(Frozen("1" * 40, (6,), "sums"), [view], dataset, np.arange(40), root=root, progress=progress)
    assert not features.is_new
    assert told == [(0, 40)] * 3 + [(40, 40)]


def test_a_killed_process_leaves_no_cache_and_nothing_behind_for_long(process: Process, root: Path) -> None:
    killed = waiting(process("computing"))
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert [path.name[0] for path in folders(root)] == ["."]
    assert answer(process())[:2] == [2 * BATCHES, True]
    assert [path.name[0] == "." for path in folders(root)] == [False, False]


def test_an_interruption_leaves_nothing_behind(made: Made, root: Path) -> None:
    def interrupted(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        made(progress=interrupted)
    assert folders(root) == []


def test_a_small_disk_is_told_before_anything_is_computed(made: Made, root: Path, network, monkeypatch) -> None:
    monkeypatch.setattr(disk, "SPARE_BYTES", 2**60)
    what = r"the feature cache \(sums block1, 8x6, \d+ images in 2 views\)"
    needs = rf"{root}: {what} needs 1\.15e\+06 TB, got \S+ \wB free\."
    advice = (
        "Free some space (`cnnsearch data cache` shows old caches), set CNNSEARCH_CACHE to a folder on another disk, "
        "or need less: a smaller augment.views (0 keeps nothing), `features: float16` in the section of the "
        "network, or head.pooling average."
    )
    rule = f"{needs} {re.escape(advice)}"
    with pytest.raises(DataError, match=rule):
        made(views=[network.plain(), network.flip()])
    assert (network.batches, folders(root)) == ([], [])


@pytest.mark.parametrize("refused", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_refuses_at_the_last_moment_is_told_and_left_clean(refused, made: Made, root, monkeypatch) -> None:
    def fsync(descriptor: int) -> None:
        raise OSError(refused, os.strerror(refused))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(
        DataError, match=rf"the feature cache must be writable, got: {os.strerror(refused)}\. Set CNNSEARCH_CACHE to"
    ):
        made()
    assert folders(root) == []


COMPUTE = """
import pathlib, sys
import numpy
from cnnsearch.search.dataset.cache import disk
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.features.features import Frozen, Viewed
from cnnsearch.search.features.store import features_of
from cnnsearch.spaces.document import Data
disk.SPARE_BYTES = -2**40
photos, images, root, side = *sys.argv[1:3], pathlib.Path(sys.argv[3]), int(sys.argv[4])
dataset = prepare_dataset(Data(source=photos, image_size=[8, 6]), pathlib.Path(images))
view = Viewed("plain", lambda images: numpy.ones((len(images), side), "float32"))
try:
    features = features_of(Frozen("0" * 40, (side,), "ones"), [view], dataset, numpy.arange(40), root=root)
    print("new" if features.is_new else "found", features.maps[0].shape)
except DataError as error:
    print(error)
print(len([path for path in root.iterdir() if path.is_dir()]))
"""


def test_a_disk_that_gets_full_is_told_and_left_clean(photos: str, tmp_path: Path, in_namespace) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    command = (sys.executable, "-c", COMPUTE, photos, str(tmp_path / "images"), str(mount), "100000")
    told = in_namespace(f'mount -t tmpfs -o size=1m none "{mount}"', *command)
    assert "the feature cache must be writable, got: No space left on device. Set CNNSEARCH_CACHE" in told
    assert told.endswith("\n0\n")


def test_a_read_only_folder_gives_the_features_in_it_and_refuses_others(photos: str, tmp_path, in_namespace) -> None:
    root = tmp_path / "sealed"
    command = (sys.executable, "-c", COMPUTE, photos, str(tmp_path / "images"), str(root))
    subprocess.run([*command, "7"], check=True, capture_output=True)
    sealed = f'mount --bind "{root}" "{root}" && mount -o remount,bind,ro "{root}"'
    assert in_namespace(sealed, *command, "7") == "found (40, 7)\n1\n"
    told = in_namespace(sealed, *command, "8")
    assert "the feature cache must be writable, got: Read-only file system. Set CNNSEARCH_CACHE to a folder" in told
    assert told.endswith("\n1\n")


def test_a_cache_folder_that_is_a_file_is_told(made: Made, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"the feature cache must be writable, got: .+ Set CNNSEARCH_CACHE to a folder"):
        made(root=tmp_path / "file")
