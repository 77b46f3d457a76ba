"""Decoding in processes: the same rows as in threads, and nobody is left behind however it ends.

A process with threads is never forked, and the one that runs the tests may have some, so these tests start their own.
"""

import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.cache.cache import open_cache
from cnnsearch.search.dataset.cache.forks import may_fork
from cnnsearch.search.dataset.decoding.decode import decode_image
from cnnsearch.search.dataset.sources.source import open_source

SHAPE = (12, 10, 3)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux is forked")
Started = Callable[..., "subprocess.Popen[str]"]

BUILD = """
import json, multiprocessing, os, pathlib, signal, sys
from cnnsearch.search.dataset.cache import rows
from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source
rows.LEAST_TO_FORK, rows.MOST_IN_BATCH, rows._cores = 1, 3, lambda: 2
source, root, what = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
calls = []
def progress(done, total):
    workers = multiprocessing.active_children()
    calls.append((done, len(workers)))
    if len(calls) == 1 and what == "wait":
        print("building", flush=True)
        sys.stdin.readline()
    if len(calls) == 1 and what == "kill":
        os.kill(workers[0].pid, signal.SIGKILL)
    if len(calls) == 1 and what == "replace":
        os.utime(source)
print("told once", end=" ")
try:
    cache = build_cache(open_source(source), (12, 10, 3), root, progress)
    print(json.dumps([cache.folder.name, calls, len(multiprocessing.active_children())]))
except DataError as error:
    print(error)
"""

WORK = """
import os, sys
from cnnsearch.search.dataset.cache.forks import forked
def work(number, slot):
    sum(range(number * 7919 % 50 * 2000))
    if number == wrong:
        raise ValueError(f"number {number}")
    slot[:4] = number.to_bytes(4)
    return number, os.getpid()
wrong = int(sys.argv[1])
print("told once", end=" ")
with forked(work, range(60), 4, 3) as results:
    given = [(result[0], int.from_bytes(slot), result[1]) for result, slot in results]
print([number for number, _, _ in given] == [left for _, left, _ in given] == list(range(60)), end=" ")
print(len({pid for *_, pid in given} - {os.getpid()}))
"""


@pytest.fixture
def started(root: Path) -> Started:
    """`started(source, what)`: a process group that builds a cache of a source, in two processes of three rows."""

    def start(source: Path, what: str = "") -> "subprocess.Popen[str]":
        command = [sys.executable, "-W", "error", "-c", BUILD, str(source), str(root), what]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, text=True, start_new_session=True, **pipes)

    return start


def told(process: "subprocess.Popen[str]") -> str:
    """What a process and all that it left behind have written when the last of them is gone."""
    out, errors = process.communicate(timeout=60)
    assert errors == ""
    return out.removeprefix("told once ").strip()


def test_the_rows_are_those_of_threads(folder, pets, root, tmp_path: Path, started: Started) -> None:
    bad = {"cat/empty.jpg": b"", "cat/zz.jpg": b"hello", "dog/half.jpg": pets["dog/1.jpg"][:300]}
    photos = folder({**pets, **bad})
    threads = build_cache(open_source(str(photos)), SHAPE, tmp_path / "threads")
    name, calls, left = json.loads(told(started(photos)))
    assert calls == [*([done, 2] for done in range(1, 23)), [23, 0]]
    assert left == 0
    assert name == threads.folder.name
    for file in ("images.npy", "thumbnails.npy", "index.json"):
        assert (root / name / file).read_bytes() == (threads.folder / file).read_bytes()


def packed_zip(photos: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in photos.items():
            archive.writestr(name, content)
    return path / "photos.zip"


def zip_in_zip(photos: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path / "outer.zip", "w") as archive:
        archive.write(packed_zip(photos, path), "train.zip")
    return path / "outer.zip"


def packed_tar(photos: dict[str, bytes], path: Path) -> Path:
    for name, content in photos.items():
        (path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (path / "files" / name).write_bytes(content)
    with tarfile.open(path / "photos.tar.gz", "w:gz") as archive:
        archive.add(path / "files", ".")
    return path / "photos.tar.gz"


def arrays(photos: dict[str, bytes], path: Path) -> Path:
    images = [decode_image(content, SHAPE) for content in photos.values()]
    np.savez(path / "photos.npz", x_train=images, y_train=[name[:3] for name in photos])
    return path / "photos.npz"


@pytest.mark.parametrize("packed", [packed_zip, zip_in_zip, packed_tar, arrays])
def test_processes_do_not_move_each_other_s_place_in_a_file(packed, many, root, tmp_path, started) -> None:
    photos = {str(path.relative_to(many)): path.read_bytes() for path in sorted(many.glob("*/*.jpg"))}
    cache = open_cache(root / json.loads(told(started(packed(photos, tmp_path))))[0])
    assert len(cache.images) == 80
    assert cache.index.skipped == ()
    assert all(
        np.array_equal(pixels, decode_image(content, SHAPE))
        for pixels, content in zip(cache.images, photos.values(), strict=True)
    )


def test_ctrl_c_ends_all_and_leaves_nothing(many: Path, root: Path, started: Started) -> None:
    process = started(many, "wait")
    assert process.stdout.readline() == "told once building\n"
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert out == ""
    assert errors.count("Traceback") == 1
    assert errors.endswith("KeyboardInterrupt\n")
    assert not [path for path in root.iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(number, many: Path, started: Started) -> None:
    process = started(many, "wait")
    assert process.stdout.readline() == "told once building\n"
    process.send_signal(number)
    assert told(process) == ""  # the pipe ends when all who could write to it are gone
    assert process.returncode == -number


def test_a_killed_worker_is_told_and_leaves_nothing(many: Path, root: Path, started: Started) -> None:
    rule = (
        f"{many}: the processes that decode its images must live to the end, got SIGKILL for one while it was between "
    )
    out = told(started(many, "kill"))
    assert out.startswith(rule)
    assert out.endswith("free some and start again. Where it happens again, leave these images out (data.exclude).")
    assert not [path for path in root.iterdir() if path.suffix != ".lock"]


def test_what_is_wrong_with_the_source_is_told_by_workers_as_by_threads(many, tmp_path, root, started) -> None:
    photos = {str(path.relative_to(many)): path.read_bytes() for path in sorted(many.glob("*/*.jpg"))}
    out = told(started(arrays(photos, tmp_path), "replace"))
    assert "photos.npz: " in out
    assert "Start again" in out
    assert not [path for path in root.iterdir() if path.is_dir()]


def ran(wrong: int) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-W", "error", "-c", WORK, str(wrong)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_results_come_in_order_from_all_workers() -> None:
    assert ran(wrong=-1).stdout == "told once True 3\n"


def test_what_the_work_raises_is_raised_with_the_place_where_it_was() -> None:
    failed = ran(wrong=40)
    assert failed.stdout == "told once "
    assert "ValueError: number 40" in failed.stderr
    assert "line 7, in work" in failed.stderr


def test_a_process_with_another_thread_is_not_forked() -> None:
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    try:
        assert not may_fork()
    finally:
        ended.set()
        thread.join()
