"""`cnnsearch worker` that cannot work for a study is told why before it takes a trial."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from cnnsearch.search.datasets import Datasets
from cnnsearch.search.sharing.description import describe, description_of, images_of
from cnnsearch.search.sharing.meeting import _existing, join
from cnnsearch.search.study_link import StudyLink
from cnnsearch.spaces.load import loads_space
from tests.cnnsearch.command_line import TINY, CommandLine
from tests.cnnsearch.test_worker import make_photos

Refused = Callable[..., str]


@pytest.fixture
def link(command_line: CommandLine) -> StudyLink:
    """The study `pets` of twelve photos, which another machine has begun; it has no trial yet."""
    photos = make_photos(command_line.folder / "photos")
    space = loads_space(TINY.replace('"sample:digits"', str(photos)).replace("gray", "rgb"), "pets")
    found = StudyLink(f"sqlite:///{command_line.folder}/shared.db", "pets")
    join(found, space, Datasets(command_line.folder / "cache").first_of(space), 1, begins=True)
    return found


@pytest.fixture
def refused(command_line: CommandLine, link: StudyLink) -> Refused:
    """`refused(*arguments)`: what a worker is told, which takes no trial and makes no run folder."""

    def told(command: str, *arguments: str) -> str:
        done = command_line(command, *arguments)
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert not list(command_line.folder.glob("runs/*/trials/*"))
        return " ".join(done.stderr.split())

    return told


def test_other_photos(command_line: CommandLine, link: StudyLink, refused: Refused):
    other = make_photos(command_line.folder / "other")
    (other / "cat" / "1.png").unlink()
    said = refused("worker", link.storage, "--study", "pets", "--data", "other")
    assert "all its workers have the same images, got others in" in said
    assert "1 image removed (cat/1.png)" in said


def test_another_space(command_line: CommandLine, link: StudyLink, refused: Refused):
    space = command_line.write(
        TINY.replace('"sample:digits"', "photos").replace("units: {choice: [8, 16]}", "units: 8")
    )
    said = refused("run", space, "--storage", link.storage, "--study", "pets")
    assert "all its workers search the same space, got another one" in said
    assert "head.dense.0.units" in said


def test_another_major_version(link: StudyLink, refused: Refused):
    from cnnsearch.search.study.database import open_storage

    study = _existing(open_storage(link.storage, shared=True), link)
    known, images = description_of(study), images_of(study)
    assert known is not None
    assert images is not None
    study.set_attribute("description", None)
    describe(study, replace(known, versions={**known.versions, "keras": "2.15.0"}), {})
    said = refused("worker", link.storage, "--study", "pets")
    assert "all its workers have the same major versions, got keras 2.15.0 there, 3." in said


def test_a_study_that_nobody_has_begun(link: StudyLink, refused: Refused):
    said = refused("worker", link.storage, "--study", "birds")
    assert "got none called birds (there are pets)" in said
