"""A preparing that is killed, has no room or is not alone: the next one completes it, and the source stays."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cnnsearch.search.arranging.placing import UNFINISHED
from cnnsearch.search.arranging.prepare import Wish, prepare, unfinished
from cnnsearch.search.dataset.errors import DataError
from tests.search.arranging.conftest import Preparing
from tests.search.arranging.on_disk import checksums, files
from tests.search.dataset.conftest import Photo, Tree

Pets = Mapping[str, bytes]


def test_one_process_at_a_time(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    source = folder(pets)

    def second(stage: str, done: int, total: int) -> None:
        if stage == "placing":
            with pytest.raises(DataError, match=r"one process at a time prepares a folder, got another one at work"):
                prepared(source)

    prepare(Wish(str(source), dest, 0.2, 0.1), second)
    assert len(files(dest)) == 20


KILLED = """
import os, signal, sys
from pathlib import Path
from cnnsearch.search.arranging import placing, prepare as arranging
placing._EVERY = 1
def progress(stage, done, total):
    if stage == "placing" and done == 7:
        os.kill(os.getpid(), signal.SIGKILL)
arranging.prepare(arranging.Wish(sys.argv[1], Path(sys.argv[2]), 0.2, 0.1), progress)
"""


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_a_killed_call_leaves_no_half_folder_and_the_next_one_completes_it(
    folder: Tree, archive: Tree, pets: Pets, prepared: Preparing, dest: Path, kind: str
) -> None:
    source = folder(pets) if kind == "folder" else archive(pets)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(source), str(dest)], check=False)
    assert killed.returncode == -9
    assert not dest.exists()
    assert len(files(unfinished(dest))) == 7
    prepared(source)
    assert sorted(files(dest).values()) == sorted(pets.values())
    assert not unfinished(dest).exists()


def test_what_another_wish_left_unfinished_is_removed(
    folder: Tree, pets: Pets, prepared: Preparing, dest: Path
) -> None:
    source = folder(pets)
    subprocess.run([sys.executable, "-c", KILLED, str(source), str(dest)], check=False)
    prepared(source, count=10)
    assert len(files(dest)) == 10


FULL = """
set -e
mkdir "$1/small"
mount -t tmpfs -o size=1m none "$1/small"
"$2" -c '
import sys
from pathlib import Path
from cnnsearch.search.arranging import placing, prepare as arranging
from cnnsearch.search.dataset.errors import DataError
placing.SPARE_BYTES = int(sys.argv[3])
try:
    arranging.prepare(arranging.Wish(sys.argv[1], Path(sys.argv[2]), 0.2, 0.1), lambda *_: None)
except DataError as error:
    print(error)
' "$1/photos" "$1/small/dest" "$3"
ls -A "$1/small"
"""


@pytest.mark.parametrize(
    ("spare", "told", "left"),
    [
        (64 * 1024**2, "copies of these images need 66 MiB, got 1 MiB free. Free some space", ""),
        (-(2**40), "the prepared images must be written, got: No space left on device. Make room", "dest.unfinished"),
    ],
)
def test_a_full_disk_is_told(folder: Tree, pets: Pets, tmp_path: Path, spare: int, told: str, left: str) -> None:
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system gives no small disk of our own (unshare -rm)")
    folder({path: content + bytes(100_000) for path, content in pets.items()})
    command = ["unshare", "-rm", "sh", "-c", FULL, "sh", str(tmp_path), sys.executable, str(spare)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert told in done.stdout
    assert done.stdout.splitlines()[1:] == ([left] if left else [])


def test_a_link_that_a_killed_process_left_is_not_written_through(
    folder: Tree, pets: Pets, photo: Photo, prepared: Preparing, dest: Path
) -> None:
    source = folder(pets)
    prepared(source)
    folder({"cat/new.jpg": photo(901), "dog/new.jpg": photo(902)})
    os.link(source / "cat/0.jpg", dest / UNFINISHED)
    before = checksums(source)
    prepared(source, link=False)
    assert checksums(source) == before
    assert photo(901) in files(dest).values()


def test_a_process_killed_before_its_first_image_leaves_nothing_in_the_way(
    folder: Tree, pets: Pets, prepared: Preparing, dest: Path
) -> None:
    source = folder(pets)
    unfinished(dest).mkdir()
    os.link(source / "cat/0.jpg", unfinished(dest) / UNFINISHED)
    prepared(source)
    assert sorted(files(dest).values()) == sorted(pets.values())
