"""`cnnsearch data doctor` as a person uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnnsearch.commands.data.doctor import DoctorOptions, doctor
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.writing import UnwritableFile
from tests.cnnsearch.command_line import CommandLine
from tests.search.doctor.faults import clean_files, picture, saved, written

COPIES = {"train/cat/a.jpg": saved(picture(1001)), "train/dog/a.jpg": saved(picture(1001))}


@pytest.fixture
def photos(command_line: CommandLine) -> Path:
    """A clean set where the commands run."""
    return written(command_line.folder / "photos", clean_files())


def test_a_healthy_set_ends_well_and_says_what_is_next(command_line: CommandLine, photos: Path) -> None:
    out = command_line.good("data", "doctor", "photos", "--strict")
    assert out.splitlines()[0] == "photos: 54 images of 3 classes"
    assert out.splitlines()[-2:] == ["Healthy: no errors, no warnings.", "Next: cnnsearch init photos"]
    assert "\x1b" not in out


def test_findings_end_with_1_only_where_that_is_asked_for(command_line: CommandLine, photos: Path) -> None:
    written(photos, COPIES)
    assert "2 files should be left out: --exclude-to FILE" in command_line.good("data", "doctor", "photos")
    assert command_line("data", "doctor", "photos", "--strict").returncode == 1


def test_what_is_written_to_a_list_is_left_out_the_next_time(command_line: CommandLine, photos: Path) -> None:
    written(photos, COPIES)
    out = command_line.good("data", "doctor", "photos", "--exclude-to", "out.txt")
    assert "Wrote out.txt: 2 files to leave out. Give it as data.exclude, or with --exclude." in out
    assert "train/cat/a.jpg\n" in (command_line.folder / "out.txt").read_text()
    written(photos, {"train/cat/empty.jpg": b""})
    again = command_line.good("data", "doctor", "photos", "--exclude", "out.txt", "--exclude-to", "out.txt")
    assert "Found: 1 error." in again
    assert "Wrote out.txt: 3 files" in again
    command_line.good("data", "doctor", "photos", "--exclude", "out.txt", "--strict")


def test_json_is_all_that_stdout_holds(command_line: CommandLine, photos: Path) -> None:
    out = command_line.good("data", "doctor", "photos", "--json", "--html", "page.html")
    assert json.loads(out)["healthy"] is True
    assert (command_line.folder / "page.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("name", ["photos/page.html", "photos/train/../list.txt"])
def test_nothing_is_written_into_the_source(photos: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos.parent)
    for wanted in (DoctorOptions(html=Path(name)), DoctorOptions(exclude_to=Path(name))):
        with pytest.raises(DataError, match=r"photos: the doctor writes nothing into the source, got 'photos/.*Name a"):
            doctor("photos", wanted)
    assert sorted(path.name for path in photos.iterdir()) == ["test", "train", "validation"]


def test_a_file_that_is_no_list_of_the_doctor_is_not_replaced(photos: Path) -> None:
    labels = photos.parent / "labels.csv"
    labels.write_text("path,label\n")
    with pytest.raises(DataError, match=r"labels\.csv: --exclude-to replaces lists .* got another file\. Name a new"):
        doctor(str(photos), DoctorOptions(exclude_to=labels))
    assert labels.read_text() == "path,label\n"


def test_a_place_that_cannot_be_written_is_told(photos: Path) -> None:
    (photos.parent / "file").write_text("")
    with pytest.raises(UnwritableFile, match=r"page\.html: this file must be writable, got .*"):
        doctor(str(photos), DoctorOptions(html=photos.parent / "file" / "page.html"))


def test_a_source_that_is_not_there_is_an_error(command_line: CommandLine) -> None:
    done = command_line("data", "doctor", "nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("error: nowhere: data.source must exist, got no such file or folder")
    assert done.stdout == ""


def test_no_training_library_is_loaded(photos: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cnnsearch.commands.data.doctor import DoctorOptions, doctor;"
        f"doctor({str(photos)!r}, DoctorOptions(html=Path({str(photos.parent / 'page.html')!r})));"
        "sys.exit(' '.join({'keras', 'tensorflow', 'optuna', 'sklearn'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
