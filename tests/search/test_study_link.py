"""A run's folder says where its shared study is, and never with a password."""

from pathlib import Path

import pytest

from cnnsearch.search.records import Epoch, Objective
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.reading import read_study, read_trials
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.study_link import StudyLink, read_link, without_password, write_link
from cnnsearch.spaces.errors import CnnSearchError

BARE = "postgresql://me@host:5433/db"


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("postgresql://me:se%40cret@host:5433/db", BARE),
        (BARE, BARE),
        ("postgresql://me@/db?host=host&password=x", "postgresql://me@/db?host=host"),
        ("grpc://host:1", "grpc://host:1"),
    ],
)
def test_an_address_is_kept_without_its_password(url: str, bare: str):
    assert without_password(url) == bare


def test_no_url_is_refused_without_quoting_it():
    with pytest.raises(CnnSearchError, match="a storage is the URL of a database, got something else") as refusal:
        without_password("my secret")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("named", "used"),
    [
        ("postgresql://me:x@host:5433/db", "postgresql://me:x@host:5433/db"),
        ("postgresql://you:x@host/db", BARE),
        ("", BARE),
    ],
)
def test_the_environment_gives_the_password_for_the_same_storage_only(named: str, used: str):
    assert StudyLink(BARE, "s").url({"CNNSEARCH_STORAGE": named}) == used


def test_what_reads_a_run_follows_its_link(tmp_path: Path):
    storage = open_storage(f"sqlite:///{tmp_path}/shared.db", shared=True)
    study = TrialStudy.open(storage, Objective.of("val_loss"), name="team")
    study.report(study.begin(), Epoch(1, {"val_loss": 0.5}, 1.0))
    run = RunFolder(tmp_path / "team-001")
    write_link(run, StudyLink(f"sqlite:///{tmp_path}/shared.db", "team"))
    assert read_link(run) == StudyLink(f"sqlite:///{tmp_path}/shared.db", "team")
    assert read_study(run).objectives.epoch.metric == "val_loss"
    assert [len(trial.epochs) for trial in read_trials(run)] == [1]


def test_a_damaged_link_is_named(tmp_path: Path):
    run = RunFolder(tmp_path)
    run.link.write_text("{", encoding="utf-8")
    with pytest.raises(CnnSearchError, match=r"study\.json: this file says where .*, got JSONDecodeError"):
        read_link(run)
