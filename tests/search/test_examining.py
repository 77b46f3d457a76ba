"""The examination of a search's images: beside the last of its work, once, and never at its cost."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from cnnsearch.search import examining as module
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.dataset.sources.source import open_source
from cnnsearch.search.doctor.doctor import examined_source
from cnnsearch.search.doctor.values import json_text
from cnnsearch.search.engine import processes
from cnnsearch.search.events import Event, Told
from cnnsearch.search.examining import examining
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.document import Data
from tests.search.doctor.faults import clean_files, picture, saved, written
from tests.search.few_files import files_left

pytestmark = pytest.mark.usefixtures("forkserver")
Maker = Callable[..., Dataset]


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Makes the dataset of a folder `photos` in the folder of now, with these files beside clean ones."""
    monkeypatch.chdir(tmp_path)

    def make(**data: object) -> Dataset:
        photo = saved(picture(1001))
        copies = {"train/cat/a.jpg": photo, "test/cat/a.jpg": photo, "train/dog/b.jpg": b""}
        written(tmp_path / "photos", clean_files() | copies)
        return prepare_dataset(Data.model_validate({"source": "photos", "image_size": [8, 8], **data}), tmp_path / "c")

    return make


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "basic-001")
    made.path.mkdir()
    return made


def examined(run: RunFolder, dataset: Dataset) -> list[str]:
    """What is told of an examination."""
    told: list[Event] = []
    with examining(run, dataset, told.append):
        pass
    return [event.message for event in told if isinstance(event, Told)]


def test_a_run_has_what_the_doctor_finds_and_of_which_images(run: RunFolder, dataset: Maker) -> None:
    made = dataset()
    assert examined(run, made) == []
    found = json.loads(run.doctor.read_text())
    assert found.pop("fingerprint") == made.fingerprint
    assert found == json.loads(json_text(examined_source(open_source("photos"))))
    assert [each["kind"] for each in found["findings"]] == ["empty-file", "leak"]


def test_what_is_left_out_of_the_search_is_not_examined(run: RunFolder, dataset: Maker) -> None:
    assert examined(run, dataset(exclude=["train/cat/a.jpg"])) == []
    assert [each["kind"] for each in json.loads(run.doctor.read_text())["findings"]] == ["empty-file"]


def test_the_same_images_are_examined_once(run: RunFolder, dataset: Maker) -> None:
    made = dataset()
    examined(run, made)
    before = run.doctor.stat().st_ino
    examined(run, made)
    assert run.doctor.stat().st_ino == before
    examined(run, dataset(exclude=["train/cat/a.jpg"]))
    assert run.doctor.stat().st_ino != before


def test_images_that_have_changed_since_are_not_those_of_the_run(
    run: RunFolder, dataset: Maker, tmp_path: Path
) -> None:
    made = dataset()
    written(tmp_path / "photos", {"train/cat/new.jpg": saved(picture(7000))})
    (told,) = examined(run, made)
    assert told.startswith("the report has no findings on the images: photos: the images of a search stay as they are")
    assert told.endswith("(cnnsearch data doctor examines them)")
    assert list(run.path.iterdir()) == []


def test_a_source_that_is_gone_costs_the_findings_only(run: RunFolder, dataset: Maker, tmp_path: Path) -> None:
    made = dataset()
    (tmp_path / "photos").rename(tmp_path / "moved")
    (told,) = examined(run, made)
    assert "data.source must exist" in told
    assert not run.doctor.exists()


def test_a_source_that_is_slow_is_not_waited_for(
    run: RunFolder, dataset: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    monkeypatch.setattr(module, "_PATIENCE", 0.0)  # shorter than a process takes to begin
    (told,) = examined(run, made)
    assert "seconds longer than all else" in told
    assert list(run.path.iterdir()) == []


def test_a_machine_without_room_for_its_process_costs_the_findings_only(
    run: RunFolder, dataset: Maker, no_process: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = dataset()
    monkeypatch.setattr(processes, "_REFUSED", 0.0)
    no_process()
    (told,) = examined(run, made)
    assert "this machine: it must have room for one more process, got " in told
    assert not run.doctor.exists()


def test_too_many_open_files_cost_the_findings_only(
    run: RunFolder, dataset: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, told, is_exported = dataset(), list[Event](), False
    monkeypatch.setattr(processes, "_REFUSED", 0.0)
    with ExitStack() as files:
        files.enter_context(files_left(1))
        with examining(run, made, told.append):
            files.close()
            is_exported = True
    assert is_exported
    (event,) = told
    assert isinstance(event, Told)
    assert "one more process, got [Errno 24] Too many open files" in event.message


def test_a_search_that_fails_meanwhile_fails_as_it_would(run: RunFolder, dataset: Maker) -> None:
    with pytest.raises(ValueError, match="no model"), examining(run, dataset(), lambda _: None):
        raise ValueError("no model")
    assert not run.doctor.exists()
