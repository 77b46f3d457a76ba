"""Prepared folders: what is in them, that they stay as they are, and that the source does, too."""

import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from cnnsearch.search.arranging.manifest import MANIFEST
from cnnsearch.search.arranging.prepare import Wish, outlook, prepare
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.spaces.document import Data
from tests.search.arranging.conftest import Preparing
from tests.search.arranging.on_disk import checksums, files
from tests.search.dataset.conftest import Photo, Tree

Pets = Mapping[str, bytes]


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


def test_an_empty_folder_is_taken(folder: Tree, pets: Pets, prepared: Preparing, dest: Path) -> None:
    dest.mkdir()
    prepared(folder(pets))
    assert len(files(dest)) == 20
