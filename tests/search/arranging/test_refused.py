"""What is not prepared: into which folders, from which sources, with which shares; nothing is left behind."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from cnnsearch.search.arranging.manifest import MANIFEST
from cnnsearch.search.arranging.prepare import Wish, prepare, unfinished
from cnnsearch.search.dataset.errors import DataError
from tests.search.arranging.conftest import Preparing
from tests.search.arranging.on_disk import checksums, files
from tests.search.dataset.conftest import Photo, Tree

Pets = Mapping[str, bytes]


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
