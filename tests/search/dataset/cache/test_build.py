"""The cache: built once, whole or absent, whoever is killed meanwhile."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.dataset.cache import build
from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.cache.cache import CACHE_VARIABLE, default_cache_folder
from cnnsearch.search.dataset.decoding.decode import decode_image
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source

SHAPE = (12, 10, 3)

BUILDER = """
import json, pathlib, sys, time
from cnnsearch.search.dataset.cache.build import build_cache
from cnnsearch.search.dataset.sources.source import open_source
photos, root, wait = sys.argv[1:]
calls = []
def progress(done, total):
    calls.append(done)
    if len(calls) == 1 and wait:
        print("building", flush=True)
        sys.stdin.readline()
cache = build_cache(open_source(photos), (12, 10, 3), pathlib.Path(root), progress)
print(json.dumps([calls, cache.folder.name, len(cache.images)]), flush=True)
"""


def builder(photos: Path, root: Path, *, wait: bool) -> subprocess.Popen[str]:
    """A process that builds the cache; with `wait` it says so and waits for a line in the middle of it."""
    arguments = [sys.executable, "-c", BUILDER, str(photos), str(root), "wait" if wait else ""]
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def many(folder, photo) -> Path:
    return folder({f"{name}/{n}.jpg": photo(n + 1000 * (name == "dog")) for name in ("cat", "dog") for n in range(40)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def checksums(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_row_is_its_image_decoded(folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    cache = build_cache(source, SHAPE, root)
    assert cache.index.names == tuple(sorted(pets))
    assert cache.index.labels == (0,) * 10 + (1,) * 10
    assert all(
        np.array_equal(cache.images[n], decode_image(pets[name], SHAPE)) for n, name in enumerate(cache.index.names)
    )
    assert not cache.images.flags.writeable


def test_the_photos_are_not_touched(folder, pets, root) -> None:
    photos = folder(pets)
    before = checksums(photos)
    build_cache(open_source(str(photos)), SHAPE, root)
    assert checksums(photos) == before


def test_bad_images_are_skipped_and_named(folder, pets, root) -> None:
    bad = {"cat/empty.jpg": b"", "dog/text.jpg": b"hello", "dog/half.jpg": pets["dog/1.jpg"][:300]}
    cache = build_cache(open_source(str(folder({**pets, **bad}))), SHAPE, root)
    reasons = {skipped.name: skipped.reason for skipped in cache.index.skipped}
    assert set(reasons) == set(bad)
    assert reasons["cat/empty.jpg"] == "is empty"
    assert "no image of a known format" in reasons["dog/text.jpg"]
    assert reasons["dog/half.jpg"].startswith("cannot be decoded: ")
    assert cache.index.names == tuple(sorted(pets))
    assert np.array_equal(cache.images[-1], decode_image(pets["dog/9.jpg"], SHAPE))


def test_no_readable_image_is_told_and_leaves_nothing(folder, root) -> None:
    photos = folder({"cat/1.jpg": b"", "dog/1.jpg": b"x"})
    with pytest.raises(DataError, match=r"some images must be readable, got 2 that are not; 'cat/1.jpg' is empty"):
        build_cache(open_source(str(photos)), SHAPE, root)
    assert not [path for path in root.iterdir() if path.is_dir()]


def test_a_warm_cache_is_opened_not_built(folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    cold: list[tuple[int, int]] = []
    first = build_cache(source, SHAPE, root, lambda done, total: cold.append((done, total)))
    changed = checksums(root)
    warm: list[tuple[int, int]] = []
    second = build_cache(source, SHAPE, root, lambda done, total: warm.append((done, total)))
    assert cold == [(16, 20), (20, 20)]
    assert warm == [(20, 20)]
    assert second.folder == first.folder
    assert checksums(root) == changed


def test_another_place_has_the_same_cache_and_other_data_another(folder, pets, photo, root) -> None:
    key = build_cache(open_source(str(folder(pets))), SHAPE, root).folder
    moved = open_source(str(folder(pets, "moved")))
    assert build_cache(moved, SHAPE, root).folder == key
    assert build_cache(moved, (12, 10, 1), root).folder != key
    (root.parent / "moved/cat/0.jpg").write_bytes(photo(77))
    assert build_cache(moved, SHAPE, root).folder != key


def test_renamed_classes_are_not_taken_for_the_old_ones(folder, pets, root) -> None:
    build_cache(open_source(str(folder(pets))), SHAPE, root)
    renamed = folder({path.replace("dog", "wolf"): content for path, content in pets.items()}, "renamed")
    assert build_cache(open_source(str(renamed)), SHAPE, root).index.classes == ("cat", "wolf")


def short_pixels(folder: Path) -> None:
    pixels = folder / "images.npy"
    pixels.write_bytes(pixels.read_bytes()[:-1])


def long_pixels(folder: Path) -> None:
    with (folder / "images.npy").open("ab") as file:
        file.write(b"x")


def no_pixels(folder: Path) -> None:
    (folder / "images.npy").unlink()


def torn_index(folder: Path) -> None:
    index = folder / "index.json"
    index.write_bytes(index.read_bytes()[:-20])


def empty_index(folder: Path) -> None:
    (folder / "index.json").write_bytes(b"")


def nul_index(folder: Path) -> None:
    (folder / "index.json").write_bytes(b"\0" * 500)


def strange_index(folder: Path) -> None:
    (folder / "index.json").write_text("[1]")


def old_index(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, "decoder": 0}))


def short_column(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, "labels": index["labels"][1:]}))


def odd_shape(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, "shape": [1, 2]}))


DAMAGES = [
    short_pixels,
    long_pixels,
    no_pixels,
    torn_index,
    empty_index,
    nul_index,
    strange_index,
    old_index,
    short_column,
]


@pytest.mark.parametrize("damage", [*DAMAGES, odd_shape, shutil.rmtree])
def test_a_damaged_cache_is_built_anew(damage, folder, pets, root) -> None:
    source = open_source(str(folder(pets)))
    first = build_cache(source, SHAPE, root)
    pixels, index = np.array(first.images), first.index
    damage(first.folder)
    second = build_cache(source, SHAPE, root)
    assert second.folder == first.folder
    assert second.index == index
    assert np.array_equal(second.images, pixels)


def test_two_processes_at_once_build_once(many: Path, root: Path) -> None:
    first = builder(many, root, wait=True)
    assert first.stdout.readline() == "building\n"
    second = builder(many, root, wait=False)
    told = first.communicate("go\n", timeout=60)[0], second.communicate(timeout=60)[0]
    (first_calls, *first_cache), (second_calls, *second_cache) = (json.loads(text) for text in told)
    assert first_calls == [16, 32, 48, 64, 80, 80]
    assert second_calls == [80]
    assert first_cache == second_cache == [second_cache[0], 80]


def test_who_holds_the_lock_is_told(many: Path, root: Path) -> None:
    other = builder(many, root, wait=True)
    try:
        assert other.stdout.readline() == "building\n"
        with pytest.raises(
            DataError, match=rf"after 0.1 s it is still held by process {other.pid} on .+ since .+\. Wait"
        ):
            build_cache(open_source(str(many)), SHAPE, root, lock_seconds=0.1)
    finally:
        other.communicate("go\n", timeout=60)


def test_a_killed_builder_leaves_no_cache_and_nothing_behind_for_long(many: Path, root: Path) -> None:
    killed = builder(many, root, wait=True)
    assert killed.stdout.readline() == "building\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    dead = [path for path in root.iterdir() if path.is_dir()]
    assert [path.name[0] for path in dead] == ["."]
    cache = build_cache(open_source(str(many)), SHAPE, root)
    assert len(cache.images) == 80
    assert [path for path in root.iterdir() if path.is_dir()] == [cache.folder]


def test_an_interruption_leaves_nothing_behind(many: Path, root: Path) -> None:
    def interrupted(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        build_cache(open_source(str(many)), SHAPE, root, interrupted)
    assert not [path for path in root.iterdir() if path.suffix != ".lock"]


def test_a_photo_that_changes_meanwhile_is_told(many: Path, root: Path, photo, monkeypatch) -> None:
    monkeypatch.setattr(build, "BATCH", 1)

    def change(done: int, total: int) -> None:
        (many / "dog/9.jpg").write_bytes(photo(9999))

    with pytest.raises(DataError, match=r"dog/9\.jpg: images must not change while they are read, got other bytes"):
        build_cache(open_source(str(many)), SHAPE, root, change)


def test_a_small_disk_is_told_before_anything_is_written(folder, pets, root, monkeypatch) -> None:
    monkeypatch.setattr(build, "SPARE_BYTES", 2**60)
    with pytest.raises(DataError, match=rf"the image cache needs \d+ MiB, got \d+ MiB free\. .*{CACHE_VARIABLE}"):
        build_cache(open_source(str(folder(pets))), SHAPE, root)
    assert not [path for path in root.iterdir() if path.is_dir()]


ON_A_FULL_DISK = """
import pathlib, sys
from cnnsearch.search.dataset.cache import build
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.source import open_source
build.SPARE_BYTES = -2**40
root = pathlib.Path(sys.argv[2])
try:
    build.build_cache(open_source(sys.argv[1]), (300, 300, 3), root)
except DataError as error:
    print(error, [path.name for path in root.iterdir() if path.is_dir()])
"""


def test_a_disk_that_gets_full_is_told_and_left_clean(many: Path, tmp_path: Path) -> None:
    mount = tmp_path / "small"
    mount.mkdir()
    inside = f'mount -t tmpfs -o size=1m none "{mount}" && exec "$@"'
    try:
        subprocess.run(["unshare", "-rm", "sh", "-c", inside, "sh", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system mounts no tmpfs for us")
    command = [sys.executable, "-c", ON_A_FULL_DISK, str(many), str(mount)]
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", inside, "sh", *command], capture_output=True, text=True, check=True
    )
    assert "the image cache must be writable, got: No space left on device. Set CNNSEARCH_CACHE" in ran.stdout
    assert ran.stdout.endswith("[]\n")


def test_a_cache_folder_that_is_a_file_is_told(folder, pets, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"the image cache must be writable, got: .+ Set CNNSEARCH_CACHE to a folder"):
        build_cache(open_source(str(folder(pets))), SHAPE, tmp_path / "file")


def test_names_that_are_no_utf8_are_kept(folder, pets, photo, root) -> None:
    photos = folder(pets)
    for number, name in enumerate((b"caf\xe9.jpg", b"line\nbreak.jpg", b"-rf.jpg", "ü.jpg".encode())):
        (photos / "cat" / os.fsdecode(name)).write_bytes(photo(500 + number))
    source = open_source(str(photos))
    cache = build_cache(source, SHAPE, root)
    assert cache.index.names == tuple(image.path for image in source.images)
    assert build_cache(source, SHAPE, root).index == cache.index


def test_the_cache_folder_may_be_named_by_the_environment(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert default_cache_folder() == tmp_path
    monkeypatch.delenv(CACHE_VARIABLE)
    assert default_cache_folder().name == "cnnsearch"
