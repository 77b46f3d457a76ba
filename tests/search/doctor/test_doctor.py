"""The doctor on real files: every planted fault is found under its name, and nothing is said of good images."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.dataset.sources.exclusions import written_exclusions
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.doctor.doctor import Examination, examined_source
from cnnsearch.search.doctor.kinds import Kind, Severity
from cnnsearch.search.doctor.leaving_out import left_out
from tests.search.doctor.faults import CLASSES, COUNTS, FAULTS, clean_files, picture, saved, written

Plant = Callable[[Path], set[str]]


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """A folder of 54 good photos."""
    return written(tmp_path / "photos", clean_files())


def look(place: Path | str) -> Examination:
    return examined_source(open_source(str(place)))


def names(examination: Examination, kind: Kind) -> set[str]:
    return {s.name for finding in examination.findings if finding.kind is kind for s in finding.subjects}


def test_nothing_is_said_of_a_clean_set(clean: Path) -> None:
    examination = look(clean)
    assert examination.findings == ()
    assert examination.is_healthy
    assert examination.counts == dict.fromkeys(CLASSES, COUNTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_no_good_image_is_named(fault: str, clean: Path) -> None:
    kind, plant = FAULTS[fault]
    planted = plant(clean)
    examination = look(clean)
    assert names(examination, kind) == planted
    assert {subject.name for finding in examination.findings for subject in finding.subjects} == planted


def test_all_faults_but_those_of_folders_are_found_in_a_zip(clean: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path, content in (clean_files() | {"train/cat/f.jpg": b"", "train/cat/readme.txt": b"x"}).items():
            archive.writestr(path, content)
    found = {finding.kind: {s.name for s in finding.subjects} for finding in look(tmp_path / "photos.zip").findings}
    assert found == {Kind.EMPTY_FILE: {"train/cat/f.jpg"}, Kind.NO_IMAGE: {"train/cat/readme.txt"}}


def test_the_source_stays_as_it_is(clean: Path) -> None:
    for number, (_, plant) in enumerate(FAULTS.values()):
        if number % 3 == 0:
            plant(clean)

    def state() -> dict[bytes, tuple[str, int]]:
        files = [path for path in clean.rglob("*") if path.is_file()]
        return {os.fsencode(f): (hashlib.sha256(f.read_bytes()).hexdigest(), f.stat().st_mtime_ns) for f in files}

    before = state()
    look(clean)
    assert state() == before


def test_the_exclusion_list_cures_what_can_be_cured(clean: Path, tmp_path: Path) -> None:
    for kind, plant in FAULTS.values():
        if kind in (Kind.TWO_LABELS, Kind.BLANK, Kind.UNREADABLE, Kind.LEAK, Kind.NEAR_LEAK, Kind.DUPLICATES):
            plant(clean)
    (clean / "train/cat/a\nb.jpg").write_bytes(b"")
    (clean / os.fsdecode(b"train/cat/caf\xe9.jpg")).write_bytes(b"")
    target = tmp_path / "exclude.txt"
    target.write_text(written_exclusions(left_out(look(clean).findings)), encoding="utf-8")
    after = examined_source(open_source(str(clean)), str(target))
    assert {finding.kind for finding in after.findings if finding.severity is not Severity.NOTE} == set()


def test_blank_images_are_not_near_copies_of_each_other(clean: Path) -> None:
    for number, grey in enumerate((10, 90, 200)):
        (clean / f"train/cat/blank{number}.png").write_bytes(saved(Image.new("L", (64, 64), grey), "PNG"))
    assert {finding.kind for finding in look(clean).findings} == {Kind.BLANK}


def test_a_picture_with_little_in_it_is_not_blank(clean: Path) -> None:
    sheet = Image.new("L", (320, 320), 255)
    sheet.paste(0, (150, 150, 160, 160))
    (clean / "train/cat/dot.png").write_bytes(saved(sheet, "PNG"))
    assert look(clean).findings == ()


def test_a_camera_photo_with_a_preview_behind_it_is_no_animation(clean: Path) -> None:
    file = io.BytesIO()
    picture(1000).save(file, "MPO", save_all=True, append_images=[picture(1001)])
    (clean / "train/cat/camera.jpg").write_bytes(file.getvalue())
    assert look(clean).findings == ()


def test_images_that_a_manifest_leaves_out_are_no_finding(clean: Path) -> None:
    rows = [f"train/{name}/{number}.jpg,{name}" for name in CLASSES for number in range(500, 512)]
    (clean / "labels.csv").write_text("path,label\n" + "\n".join(rows))
    examination = look(clean / "labels.csv")
    assert len(examination.files) == 36
    assert examination.findings == ()


def test_a_folder_of_class_folders_in_which_no_image_is_read_is_told_once(clean: Path) -> None:
    written(clean, {"train/fish/raw/1.nef": b"x", "train/fish/raw/2.nef": b"y"})
    examination = look(clean)
    assert names(examination, Kind.EMPTY_FOLDER) == {"train/fish"}
    assert names(examination, Kind.UNREAD_FORMAT) == {"train/fish/raw/1.nef", "train/fish/raw/2.nef"}


def test_progress_is_told_to_the_end(clean: Path) -> None:
    told: list[tuple[int, int]] = []
    examined_source(open_source(str(clean)), progress=lambda *done: told.append(done))
    assert told[-1] == (54, 54)
    assert told == sorted(told)


def test_a_missing_list_of_exclusions_is_told(clean: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.txt: data\.exclude is a list of paths.*No such file"):
        examined_source(open_source(str(clean)), str(clean / "nowhere.txt"))


def test_arrays_without_files_are_examined_too(tmp_path: Path) -> None:
    images = np.stack([np.asarray(picture(seed, 32, 32)) for seed in range(2000, 2040)])
    images[3] = 7
    np.savez(tmp_path / "a.npz", x_train=images, y_train=np.arange(40) % 2, x_test=images[:1], y_test=[0])
    found = {finding.kind: [s.name for s in finding.subjects] for finding in look(tmp_path / "a.npz").findings}
    assert found == {
        Kind.LEAK: ["test/000000.bmp", "train/000000.bmp"],
        Kind.BLANK: ["train/000003.bmp"],
        Kind.MISSING_IN_PART: ["1"],
    }


def test_the_sample_of_digits_is_healthy() -> None:
    examination = look("sample:digits")
    assert examination.findings == ()
    assert sum(count for by_part in examination.counts.values() for count in by_part.values()) == 1797


def test_of_4000_real_photos_only_the_true_copies_are_told(test_data: Path) -> None:
    examination = look(test_data / "data/dogs-vs-cats-4000.zip")
    assert examination.is_healthy
    sets = [[s.name for s in group] for finding in examination.findings for group in finding.groups]
    assert sets == [
        ["train/dog.10.jpg", "train/dog.6058.jpg"],
        ["train/dog.5163.jpg", "train/dog.6026.jpg"],
    ]


def test_of_real_small_photos_no_more_than_near_copies_are_told(test_data: Path) -> None:
    kinds = {finding.kind for finding in look(test_data / "data/cifar10-5000.zip").findings}
    assert kinds == {Kind.NEAR_LEAK, Kind.NEAR_DUPLICATES}  # known of CIFAR-10: Barz and Denzler, 2020
