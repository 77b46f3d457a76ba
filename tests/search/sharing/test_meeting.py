"""Who may take part in a shared study: a worker that differs is refused before any trial, and told what differs."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.sharing import meeting
from cnnsearch.search.sharing.meeting import Meeting, described, join
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study_link import StudyLink
from cnnsearch.spaces.document import Data
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.space import Space

TEXT = """\
data: {source: PHOTOS, image_size: 8}
model: {scratch: {blocks: {int: [1, 2]}, filters: 4}}
search: {trials: 5}
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve photos of two classes."""
    for place in range(12):
        path = tmp_path / "photos" / ("cat" if place % 2 else "dog") / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (20 * place, 5, 9)).save(path)
    return tmp_path / "photos"


@pytest.fixture
def images(photos: Path, tmp_path: Path) -> Callable[[], Dataset]:
    """`images()`: the photos as they are now."""
    return lambda: prepare_dataset(Data(source=str(photos), image_size=[8, 8]), tmp_path / "cache")


@pytest.fixture
def link(tmp_path: Path) -> StudyLink:
    """A study in a file that several processes may open."""
    return StudyLink(f"sqlite:///{tmp_path}/shared.db", "team")


def space(photos: Path, text: str = TEXT) -> Space:
    return loads_space(text.replace("PHOTOS", str(photos)), "s")


@pytest.fixture
def begun(link: StudyLink, photos: Path, images: Any) -> Meeting:
    """The study, as `cnnsearch run` begins it."""
    return join(link, space(photos), images(), 5, begins=True)


def test_a_study_tells_a_worker_all_that_it_needs(begun: Meeting, link: StudyLink, photos: Path, images: Any):
    known = described(link)
    assert loads_space(known.space, known.name) == space(photos)
    assert known.classes == ("cat", "dog")
    found = join(link, loads_space(known.space, known.name), images(), None, begins=False)
    assert found.trials == 5


def test_a_worker_without_a_study_is_told_which_there_are(begun: Meeting, link: StudyLink):
    with pytest.raises(CnnSearchError, match=re.escape("got none called other (there are team)")):
        described(replace(link, study="other"))


def test_another_space_is_refused_with_what_differs(begun: Meeting, link: StudyLink, photos: Path, images: Any):
    other = space(photos, TEXT.replace("[1, 2]", "[1, 3]"))
    differs = re.escape("search the same space, got another one: model.scratch.blocks (widened")
    with pytest.raises(CnnSearchError, match=differs):
        join(link, other, images(), 5, begins=True)


def test_what_is_done_how_fast_and_where_is_each_workers_own(
    begun: Meeting, link: StudyLink, photos: Path, images: Any
):
    other = space(photos, TEXT.replace("trials: 5", "trials: 9, device: cpu, per_device: 2"))
    assert join(link, other, images(), None, begins=False).trials == 5


def test_other_photos_are_refused_with_what_changed(begun: Meeting, link: StudyLink, photos: Path, images: Any):
    (photos / "cat" / "1.png").unlink()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(photos / "dog" / "new.png")
    with pytest.raises(
        CnnSearchError, match=r"the same images, got others in .*: 1 image added \(dog/new\.png\), 1 removed"
    ):
        join(link, space(photos), images(), None, begins=False)


def test_another_major_version_is_refused(
    begun: Meeting, link: StudyLink, photos: Path, images: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(meeting, "versions", lambda: {"cnnsearch": "7.0.1", "keras": "3.99"})
    with pytest.raises(CnnSearchError, match=r"same major versions, got cnnsearch 0\.\S+ there, 7\.0\.1 here\."):
        join(link, space(photos), images(), None, begins=False)


def test_a_study_is_described_once(begun: Meeting, link: StudyLink, photos: Path, images: Any):
    first = described(link)
    join(link, space(photos), images(), 8, begins=True)
    assert described(link) == first


def test_trials_are_added_to_what_was_asked_for(begun: Meeting, link: StudyLink, photos: Path, images: Any):
    assert join(link, space(photos), images(), None, begins=True, more=3).trials == 8
    assert join(link, space(photos), images(), None, begins=False).trials == 8


def test_a_study_of_another_tool_is_refused(
    link: StudyLink, photos: Path, images: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(meeting, "_PATIENCE", 0.0)
    import optuna

    optuna.create_study(study_name="team", storage=open_storage(link.storage, shared=True))
    with pytest.raises(CnnSearchError, match="got one that says nothing of its space and images"):
        described(link)


def test_a_description_of_another_form_is_refused(begun: Meeting, link: StudyLink):
    study = meeting._existing(begun.storage, link)
    study.set_attribute("description", {"space": "x"})
    with pytest.raises(CnnSearchError, match="got its description lacks 'name'"):
        described(link)
