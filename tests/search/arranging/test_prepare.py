"""Prepared folders: what is in them, that they stay as they are, and that the source does, too."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.arranging.manifest import MANIFEST
from cnnsearch.search.arranging.placing import UNFINISHED
from cnnsearch.search.arranging.prepare import Wish, outlook, prepare, unfinished
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.spaces.document import Data
from tests.search.arranging.conftest import Preparing
from tests.search.dataset.conftest import Photo, Tree

Pets = Mapping[str, bytes]


def files(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their relative paths; without what prepare keeps for itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def checksums(folder: Path) -> dict[str, tuple[str, int, float]]:
    """What there is to know of every file of a folder that must not change."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mode,
            path.stat().st_mtime,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_image_is_in_one_part_of_its_class(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    made = prepared(folder(pets))
    assert made.arrangement.counts() == {name: {"train": 7, "validation": 2, "test": 1} for name in ("cat", "dog")}
    found = files(dest)
    assert sorted(found.values()) == sorted(pets.values())
    assert {path.split("/", 1)[1]: content for path, content in found.items()} == pets
    assert sorted(path.name for path in dest.iterdir()) == [MANIFEST, "test", "train", "validation"]


def test_the_source_is_left_as_it_was(folder: Tree, pets: Pets, prepared: Preparing) -> None:
    source = folder(pets)
    before = checksums(source)
    prepared(source)
    assert checksums(source) == before


def test_links_take_no_room_and_stay_when_the_source_moves(
    folder: Tree, pets: Pets, prepared: Preparing, dest: Path
) -> None:
    source = folder(pets)
    assert prepared(source).linked
    assert all(path.stat().st_nlink == 2 for path in dest.rglob("*.jpg"))
    shutil.rmtree(source)
    assert sorted(files(dest).values()) == sorted(pets.values())


def test_copies_are_files_of_their_own(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    assert prepared(folder(pets), link=False).linked is False
    assert all(path.stat().st_nlink == 1 for path in dest.rglob("*.jpg"))
    assert sorted(files(dest).values()) == sorted(pets.values())


def test_what_lies_in_an_archive_is_written_out(archive: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    assert prepared(archive(pets)).linked is False
    assert sorted(files(dest).values()) == sorted(pets.values())


def test_the_folders_are_a_source_with_the_same_parts(
    folder: Tree, pets: Pets, prepared: Preparing, dest: Path, tmp_path: Path
) -> None:
    made = prepared(folder(pets))
    source = open_source(str(dest))
    assert source.notes == ()
    assert {image.path for image in source.images} == set(made.arrangement.manifest.contents)
    dataset = prepare_dataset(Data(source=str(dest), image_size=[8, 8]), tmp_path / "cache")
    assert dataset.counts() == made.arrangement.counts()
    assert dataset.skipped == ()


def test_the_folders_are_what_the_loader_of_keras_wants(
    folder: Tree, pets: Pets, prepared: Preparing, dest: Path
) -> None:
    import keras

    prepared(folder(pets))
    loaded = keras.utils.image_dataset_from_directory(dest / "train", image_size=(8, 8), verbose=False)
    assert loaded.class_names == ["cat", "dog"]
    assert sum(len(labels) for _, labels in loaded) == 14


def test_a_link_out_of_a_foreign_folder_is_still_not_followed(
    folder: Tree, pets: Pets, photo: Photo, prepared: Preparing, dest: Path, tmp_path: Path
) -> None:
    source = folder(pets)
    (tmp_path / "secret.jpg").write_bytes(photo(999))
    (source / "cat/secret.jpg").symlink_to(tmp_path / "secret.jpg")
    made = prepared(source)
    assert [note.partition(" (")[0] for note in made.notes] == ["links not followed: 1"]
    assert photo(999) not in files(dest).values()


def test_a_link_within_the_source_becomes_the_photo_it_leads_to(
    folder: Tree, pets: Pets, prepared: Preparing, dest: Path
) -> None:
    source = folder({**pets, ".originals/0.jpg": pets["cat/0.jpg"]})
    (source / "cat/0.jpg").unlink()
    (source / "cat/0.jpg").symlink_to(source / ".originals/0.jpg")
    prepared(source)
    assert sorted(files(dest).values()) == sorted(pets.values())
    assert not any(path.is_symlink() for path in dest.rglob("*"))


def test_training_draws_the_same_parts(folder: Tree, pets: Pets, prepared: Preparing, tmp_path: Path) -> None:
    source = folder(pets)
    made = prepared(source)
    drawn = prepare_dataset(Data(source=str(source), image_size=[8, 8]), tmp_path / "cache").summary()["files"]
    by_part = {f"{part}/{path}" for part, classes in drawn.items() for paths in classes.values() for path in paths}
    assert by_part == set(made.arrangement.manifest.contents)


def test_the_seed_decides_and_names_do_not(folder: Tree, pets: Pets, tmp_path: Path) -> None:
    renamed = {path.replace(".jpg", "-new.jpg"): content for path, content in reversed(pets.items())}

    def parts(source: Path, name: str, seed: int) -> dict[bytes, str]:
        prepare(Wish(str(source), tmp_path / name, 0.2, 0.1, seed=seed), lambda *_: None)
        return {content: path.split("/")[0] for path, content in files(tmp_path / name).items()}

    first = parts(folder(pets), "first", 1)
    assert parts(folder(renamed, "renamed"), "second", 1) == first
    assert parts(folder(pets), "third", 2) != first


def test_a_count_is_taken_evenly_and_grows_without_moving(
    folder: Tree, photo: Photo, prepared: Preparing, dest: Path
) -> None:
    many = {f"{name}/{n}.jpg": photo(100 * k + n) for k, name in enumerate(("cat", "dog")) for n in range(30)}
    source = folder(many)
    small = prepared(source, count=20)
    assert [sum(of_class.values()) for of_class in small.arrangement.counts().values()] == [10, 10]
    before = files(dest)
    grown = prepared(source, count=40)
    assert (grown.added, grown.arrangement.kept) == (20, 20)
    assert before.items() <= files(dest).items()


def test_new_photos_are_added_and_old_ones_stay(
    folder: Tree, pets: Pets, photo: Photo, prepared: Preparing, dest: Path
) -> None:
    source = folder(pets)
    prepared(source)
    before = files(dest)
    (source / "cat/new.jpg").write_bytes(photo(777))
    (source / "dog/3.jpg").unlink()
    again = prepared(source)
    after = files(dest)
    assert before.items() <= after.items()
    assert [path.rpartition("/")[2] for path in after.keys() - before.keys()] == ["new.jpg"]
    assert [path.rpartition("/")[2] for path in again.arrangement.gone] == ["3.jpg"]


def test_the_same_command_again_changes_nothing(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    source = folder(pets)
    prepared(source)
    before = checksums(dest)
    again = prepared(source)
    assert (again.added, again.arrangement.kept) == (0, 20)
    assert {k: v for k, v in checksums(dest).items() if k != MANIFEST} == {
        k: v for k, v in before.items() if k != MANIFEST
    }


def test_unreadable_images_are_left_out_and_named(folder: Tree, pets: Pets, prepared: Preparing) -> None:
    broken = {"cat/empty.jpg": b"", "dog/cut.jpg": pets["dog/0.jpg"][:200], "dog/page.jpg": b"<html>"}
    made = prepared(folder({**pets, **broken}))
    assert [file.path for file in made.unreadable] == sorted(broken)
    assert made.unreadable[0].reason == "is empty"
    assert sum(sum(of_class.values()) for of_class in made.arrangement.counts().values()) == 20


def test_parts_of_the_source_are_kept(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    split = {f"{'val' if path[4] < '3' else 'train'}/{path}": content for path, content in pets.items()}
    made = prepared(folder(split))
    assert made.arrangement.counts()["cat"] == {"train": 7, "validation": 3, "test": 0}
    assert made.notes[0].startswith("the source has its own validation part")
    assert {path.replace("validation", "val") for path in files(dest)} == set(split)


def test_kaggles_archive_is_divided_and_unlabelled_photos_are_told(
    archive: Tree, pets: Pets, photo: Photo, prepared: Preparing, dest: Path
) -> None:
    kaggle = {f"train/{path.replace('/', '.')}": content for path, content in pets.items()}
    made = prepared(archive({**kaggle, "test/1.jpg": photo(500), "test/2.jpg": photo(501)}))
    assert made.arrangement.counts()["dog"] == {"train": 7, "validation": 2, "test": 1}
    assert any("test" in note and note.endswith("2") for note in made.notes)
    assert not list(dest.rglob("1.jpg"))
    assert len(list(dest.glob("*/cat/cat.*.jpg"))) == 10


def test_shares_of_nothing_leave_everything_to_train_on(folder: Tree, pets: Pets, prepared: Preparing) -> None:
    made = prepared(folder(pets), 0.0, 0.0)
    assert made.arrangement.counts()["cat"] == {"train": 10, "validation": 0, "test": 0}


def test_a_test_part_alone_is_possible(folder: Tree, pets: Pets, prepared: Preparing) -> None:
    made = prepared(folder(pets), 0.0, 0.2)
    assert made.arrangement.counts()["cat"] == {"train": 8, "validation": 0, "test": 2}


def test_files_of_one_name_do_not_overwrite_each_other(
    folder: Tree, pets: Pets, photo: Photo, prepared: Preparing, dest: Path
) -> None:
    source = folder({**pets, "cat/sub/0.jpg": photo(300), "cat/sub/1.JPG": photo(301)})
    made = prepared(source)
    assert len(files(dest)) == 22
    assert made.arrangement.renamed == 2
    names = [path.split("/")[2].lower() for path in files(dest) if path.split("/")[1] == "cat"]
    assert len(set(names)) == len(names)


def test_classes_that_differ_in_case_get_folders_that_do_not_meet(
    folder: Tree, photo: Photo, prepared: Preparing, dest: Path
) -> None:
    source = folder({f"{name}/{n}.jpg": photo(50 * k + n) for k, name in enumerate(("Cat", "cat")) for n in range(5)})
    made = prepared(source)
    folders = sorted(made.arrangement.manifest.folders.values())
    assert len({name.lower() for name in folders}) == 2
    assert len(files(dest)) == 10


def test_odd_names_are_made_harmless(folder: Tree, pets: Pets, photo: Photo, prepared: Preparing, dest: Path) -> None:
    source = folder(pets)
    for number, name in enumerate(
        (b"caf\xe9.jpg", b"new\nline.jpg", b"\x1b[31m.jpg", b"CON.jpg", b"x" * 251 + b".jpg")
    ):
        Path(os.fsdecode(bytes(source / "cat") + b"/" + name)).write_bytes(photo(600 + number))
    assert prepared(source).arrangement.renamed == 5
    names = {path.split("/")[2] for path in files(dest)}
    assert {"caf_.jpg", "new_line.jpg", "_CON.jpg", "_[31m.jpg", "x" * 200 + ".jpg"} <= names


def test_exact_copies_are_taken_once_and_from_train_rather_left_out(
    folder: Tree, pets: Pets, prepared: Preparing
) -> None:
    split = {f"{'val' if path[4] < '3' else 'train'}/{path}": content for path, content in pets.items()}
    made = prepared(folder({**split, "train/cat/copy.jpg": pets["cat/0.jpg"]}))
    assert made.arrangement.copies == 1
    assert made.arrangement.counts()["cat"] == {"train": 7, "validation": 3, "test": 0}


def test_an_image_under_two_labels_is_on_one_side(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    made = prepared(folder({**pets, "dog/twin.jpg": pets["cat/0.jpg"]}))
    assert made.arrangement.two_labels == 1
    twins = {path.split("/")[0] for path, content in files(dest).items() if content == pets["cat/0.jpg"]}
    assert len(twins) == 1


def jpeg(seed: int, quality: int = 95) -> bytes:
    """A picture with detail, as good as the quality lets it be."""
    dots = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(dots).resize((96, 72), Image.Resampling.BICUBIC).save(file, "JPEG", quality=quality)
    return file.getvalue()


def test_near_duplicates_are_on_one_side(folder: Tree, prepared: Preparing, dest: Path) -> None:
    pictures = {
        f"{name}/{n}-{quality}.jpg": jpeg(100 * k + n, quality)
        for k, name in enumerate(("cat", "dog"))
        for n in range(12)
        for quality in (95, 60)
    }
    prepared(folder(pictures))
    sides = {(path.partition("-")[0]) for path in files(dest)}
    assert len(files(dest)) == 48
    assert len(sides) == 24


def test_what_looks_like_an_earlier_image_joins_its_side(folder: Tree, prepared: Preparing, dest: Path) -> None:
    source = folder({f"{name}/{n}.jpg": jpeg(100 * k + n) for k, name in enumerate("ab") for n in range(9)})
    before = prepared(source).arrangement.manifest.contents
    for path in source.glob("*/*.jpg"):
        number = 100 * "ab".index(path.parent.name) + int(path.stem)
        path.with_name(f"{path.stem}-again.jpg").write_bytes(jpeg(number, 50))
    prepared(source)
    assert {path.replace("-again", "") for path in files(dest)} == set(before)
    assert len(files(dest)) == 36


def test_a_trial_writes_nothing(folder: Tree, pets: Pets, dest: Path) -> None:
    would = outlook(Wish(str(folder(pets)), dest, 0.2, 0.1), lambda *_: None)
    assert (would.added, would.linked) == (20, None)
    assert sorted(path.name for path in dest.parent.iterdir()) == ["photos"]


def test_progress_is_told_for_both_steps(folder: Tree, pets: Pets, dest: Path) -> None:
    told: list[tuple[str, int, int]] = []
    prepare(Wish(str(folder(pets)), dest, 0.2, 0.1), lambda *step: told.append(step))
    assert told == [("reading", 16, 20), ("reading", 20, 20), ("placing", 20, 20)]


def test_another_folder_is_refused(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    dest.mkdir()
    (dest / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match=r"must be new, empty, or prepared before, got 'thesis\.txt' in it\. Name anot"):
        prepared(folder(pets))
    assert [path.name for path in dest.iterdir()] == ["thesis.txt"]


def test_a_file_in_its_place_is_refused(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    dest.write_text("mine")
    with pytest.raises(
        DataError, match=r"go into a folder that can be read, got: Not a directory\. Name another one\."
    ):
        prepared(folder(pets))


def test_an_empty_folder_is_taken(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    dest.mkdir()
    prepared(folder(pets))
    assert len(files(dest)) == 20


def test_other_shares_are_refused(folder: Tree, pets: Pets, prepared: Preparing) -> None:
    source = folder(pets)
    prepared(source)
    with pytest.raises(
        DataError, match=r"goes on with --validation 0\.2 --test 0\.1 --seed 42, got --validation 0\.3 "
    ):
        prepared(source, 0.3)


@pytest.mark.parametrize("inside", ["photos", "photos/cat/made", "."])
def test_a_folder_in_or_around_the_source_is_refused(folder: Tree, pets: Pets, tmp_path: Path, inside: str) -> None:
    source = folder(pets)
    before = checksums(source)
    with pytest.raises(DataError, match=r"must lie outside of the source, got .* Name a folder beside the source\."):
        prepare(Wish(str(source), tmp_path / inside, 0.2, 0.1), lambda *_: None)
    assert checksums(source) == before


@pytest.mark.parametrize(("validation", "test"), [(0.6, 0.4), (1.0, 0.0), (float("nan"), 0.1)])
def test_shares_must_leave_something_to_train_on(
    folder: Tree, pets: Pets, prepared: Preparing, validation: float, test: float
) -> None:
    with pytest.raises(DataError, match=r"--validation, --test: the shares must leave images to train on, got "):
        prepared(folder(pets), validation, test)


def test_too_small_a_class_is_told_and_leaves_nothing_behind(
    folder: Tree, pets: Pets, photo: Photo, prepared: Preparing, tmp_path: Path
) -> None:
    source = folder({**pets, "owl/1.jpg": photo(400)})
    with pytest.raises(DataError, match=r"class 'owl': every class needs at least one train and one validation image"):
        prepared(source)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


_WHOLE = '{"version": 1, "validation": 0.2, "test": 0.1, "seed": 42'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "[" * 100_000,
        '{"version": 1, "seed": 1}',
        _WHOLE + ', "folders": []}',
        _WHOLE + ', "contents": {"train/cat/1.jpg": 1}}',
        _WHOLE.replace("0.2", "null") + "}",
        _WHOLE.replace("0.1", '"0.1"') + "}",
    ],
)
def test_a_damaged_manifest_is_told(folder: Tree, pets: Pets, prepared: Preparing, dest: Path, text: str) -> None:
    prepared(folder(pets))
    (dest / MANIFEST).write_text(text)
    with pytest.raises(DataError, match=r"says what was prepared here, got a damaged or foreign one: .* Prepare into"):
        prepared(dest.parent / "photos")


def test_a_manifest_cannot_lead_out_of_its_folder(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    prepared(folder(pets))
    manifest = dest / MANIFEST
    manifest.write_text(manifest.read_text().replace("train/cat/", "train/../"))
    with pytest.raises(DataError, match=r"got a damaged or foreign one: ValueError\(\"'train/\.\./"):
        prepared(dest.parent / "photos")


def test_a_link_in_the_folder_is_not_written_through(
    folder: Tree, pets: Pets, photo: Photo, prepared: Preparing, dest: Path, tmp_path: Path
) -> None:
    source = folder(pets)
    prepared(source)
    shutil.rmtree(dest / "train/cat")
    (tmp_path / "elsewhere").mkdir()
    (dest / "train/cat").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match=r"what is prepared stays in its folder, got a link to .*elsewhere\. Remove"):
        prepared(source)
    assert list((tmp_path / "elsewhere").iterdir()) == []


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


def test_the_folder_that_is_worked_in_cannot_be_the_source(folder: Tree, pets: Pets, dest: Path) -> None:
    source = folder(pets, name=unfinished(dest).name)
    with pytest.raises(DataError, match=r"the prepared folder must lie outside of the source, got .* Name a folder"):
        prepare(Wish(str(source), dest, 0.2, 0.1), lambda *_: None)
    assert files(source) == pets


def test_the_home_of_an_unknown_person_is_told(dest: Path) -> None:
    with pytest.raises(
        DataError, match=r"^~nobody-here/photos: data\.source must be readable, got: Could not determine"
    ):
        prepare(Wish("~nobody-here/photos", dest, 0.2, 0.1), lambda *_: None)


def test_a_count_that_is_too_small_is_told_as_such(folder: Tree, pets: Pets, prepared: Preparing) -> None:
    with pytest.raises(
        DataError, match=r"every class needs at least one train and .* or a greater --count where one is"
    ):
        prepared(folder(pets), count=2)
