"""What workers of one study know of each other: rivals that were faster, the final part, a model that is elsewhere."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras_tuner
import pytest
from optuna.trial import FrozenTrial

from cnnsearch import OptunaOracle
from cnnsearch.search.engine.rivals import Next, Rivals
from cnnsearch.search.events import EndedElsewhere, Event, Warned
from cnnsearch.search.records import Epoch, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder, TrialFolder
from cnnsearch.search.sharing import company as module
from cnnsearch.search.sharing.company import SharedCompany
from cnnsearch.search.sharing.final_part import FinalPart
from cnnsearch.search.sharing.meeting import Meeting
from cnnsearch.search.study.artifacts import Artifacts
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.stored_trial import epochs_of
from cnnsearch.search.study_link import StudyLink

Worker = Callable[..., OptunaOracle]


@pytest.fixture
def link(tmp_path: Path) -> StudyLink:
    """A study in a file that several workers may open."""
    return StudyLink(f"sqlite:///{tmp_path}/shared.db", "team")


@pytest.fixture
def worker(link: StudyLink) -> Worker:
    """`worker(**settings)`: one more worker of the study, with connections of its own."""

    def joined(**settings: Any) -> OptunaOracle:
        parameters = keras_tuner.HyperParameters()
        parameters.Int("units", 1, 4)
        given = {"max_trials": 3, "sampler": "random", "seed": 1, **settings}
        storage = open_storage(link.storage, shared=True)
        return OptunaOracle(
            "val_accuracy", hyperparameters=parameters, storage=storage, study_name="team", shared=True, **given
        )

    return joined


def end(oracle: OptunaOracle, trial: Any, score: float = 0.5) -> None:
    """End a trial well."""
    oracle.report(trial.trial_id, Epoch(1, {"val_accuracy": score}, 1.0))
    number = int(trial.trial_id)
    epochs = oracle.study.record(number).epochs
    oracle.conclude(trial, TrialRecord(number, dict(trial.hyperparameters.values), Status.COMPLETED, epochs=epochs))


def test_workers_with_the_same_seed_draw_other_configurations(worker: Worker):
    first, second = worker(), worker()
    drawn = [oracle.create_trial("slot") for oracle in (first, second)]
    assert [trial.trial_id for trial in drawn] == ["0000", "0001"]
    assert drawn[0].hyperparameters.values != drawn[1].hyperparameters.values


def test_all_workers_together_begin_as_many_trials_as_asked_for(worker: Worker):
    first, second = worker(), worker()
    begun = [first.create_trial("a"), second.create_trial("a"), first.create_trial("b")]
    assert [trial.status for trial in begun] == ["RUNNING"] * 3
    assert second.create_trial("b").status == "IDLE"  # one of these may come back in line
    for oracle, trial in zip((first, second, first), begun, strict=True):
        end(oracle, trial)
    assert second.create_trial("b").status == "STOPPED"
    assert second.is_complete


def test_a_trial_that_goes_back_in_line_is_taken_by_whoever_waits(worker: Worker):
    first, second = worker(max_trials=1), worker(max_trials=1)
    trial = first.create_trial("a")
    assert second.create_trial("a").status == "IDLE"
    first.requeue(trial)
    taken = second.create_trial("a")
    assert (taken.trial_id, taken.status) == ("0000", "RUNNING")
    assert taken.hyperparameters.values == trial.hyperparameters.values


def test_a_small_space_is_tried_whole_by_all_together(worker: Worker):
    first, second = worker(max_trials=9), worker(max_trials=9)
    drawn = [oracle.create_trial(slot) for slot in "ab" for oracle in (first, second)]
    assert sorted(trial.hyperparameters.get("units") for trial in drawn) == [1, 2, 3, 4]
    assert first.create_trial("c").status == "IDLE"
    assert len(first.study.records()) == 4  # who was slower has left nothing behind


def test_the_endings_of_other_workers_are_heard_once(worker: Worker):
    first, second = worker(), worker()
    heard: list[EndedElsewhere] = []
    assert first.rivals is not None
    first.rivals.heard = heard.append
    first.rivals.look()
    before = time.time()
    end(second, second.create_trial("a"))
    after = time.time()
    first.create_trial("a")
    first.create_trial("b")
    (event,) = heard
    assert (event.trial.number, event.worker) == (0, f"{socket.gethostname()}:{os.getpid()}")
    assert event.ended is not None
    assert before <= event.ended <= after


def test_rivals_say_what_is_to_be_done(worker: Worker):
    oracle = worker()
    rivals = Rivals(oracle.study, 1, undoes=True)
    assert rivals.turn() is Next.DRAW
    trial = oracle.create_trial("a")
    assert rivals.turn() is Next.WAIT
    end(oracle, trial)
    assert rivals.turn() is Next.END


def test_one_worker_does_the_final_part(link: StudyLink, tmp_path: Path):
    first, second = (FinalPart(link, open_storage(link.storage, shared=True), "3 trials") for _ in range(2))
    assert (first.claim(), second.claim()) == (True, False)
    assert not second.is_done
    assert first.done(tmp_path)
    assert second.is_done
    assert second.where() == str(tmp_path)
    assert not second.claim()


def test_a_final_part_that_was_interrupted_is_done_by_another_one(link: StudyLink):
    first, second = (FinalPart(link, open_storage(link.storage, shared=True), "3 trials") for _ in range(2))
    assert first.claim()
    first.give_back()
    assert second.claim()


def test_a_study_that_gets_more_trials_has_another_final_part(link: StudyLink, tmp_path: Path):
    storage = open_storage(link.storage, shared=True)
    first = FinalPart(link, storage, "3 trials")
    assert first.claim()
    assert first.done(tmp_path)
    assert FinalPart(link, storage, "4 trials").claim()


@pytest.fixture
def company(link: StudyLink, worker: Worker, tmp_path: Path) -> SharedCompany:
    """A worker that draws nothing by itself, of a study with room for seven trials."""
    oracle = worker(max_trials=7, sampler="grid")
    meeting = Meeting(link, open_storage(link.storage, shared=True), 7, 0.0)
    return SharedCompany(meeting, oracle, RunFolder(tmp_path / "run"), None, begins=True)


def test_the_epochs_of_trials_that_have_ended_are_read_once(
    company: SharedCompany, worker: Worker, monkeypatch: pytest.MonkeyPatch
):
    read = list[int]()

    def reads(trial: FrozenTrial) -> tuple[Epoch, ...]:
        read.append(trial.number)
        return epochs_of(trial)

    monkeypatch.setattr(module, "epochs_of", reads)
    other = worker(max_trials=7, sampler="grid")
    for _ in range(2):
        end(other, other.create_trial("a"))
    own, elsewhere = company.oracle.create_trial("a"), other.create_trial("a")
    company.oracle.report(own.trial_id, Epoch(1, {"val_accuracy": 0.5}, 1.0))
    assert company.epochs() == 2 + 1 + 1  # one is begun elsewhere
    assert sorted(read) == [0, 1, 2, 3]
    read.clear()
    company.oracle.report(own.trial_id, Epoch(2, {"val_accuracy": 0.5}, 1.0))
    end(other, elsewhere)
    assert company.epochs() == 2 + 2 + 1
    assert sorted(read) == [2, 3]
    read.clear()
    assert company.epochs() == 5
    assert read == [2]


def test_other_slots_may_begin_trials_while_epochs_are_counted(company: SharedCompany):
    oracle = company.oracle
    trial = oracle.create_trial("a")

    class Meanwhile:
        """A running trial; while somebody looks at it, another slot begins one."""

        @property
        def trial_id(self) -> str:
            oracle.ongoing_trials[f"slot {len(oracle.ongoing_trials)}"] = trial
            return trial.trial_id

    oracle.ongoing_trials = {"a": Meanwhile(), "b": trial}
    assert company.epochs() == 0.0


@pytest.fixture
def company_of(link: StudyLink, worker: Worker, tmp_path: Path) -> Callable[..., SharedCompany]:
    """`company_of(artifacts)`: a worker that has trained nothing, beside one that has ended trial 0."""

    def made(place: str | None) -> SharedCompany:
        other = worker()
        store = open_storage(link.storage, shared=True)
        trial, folder = other.create_trial("a"), TrialFolder(tmp_path / "other")
        folder.path.mkdir()
        folder.model.write_bytes(b"model")
        storage = other.study._storage
        if place:
            Artifacts(place, other.study, storage).keep(0, folder)
        end(other, trial)
        oracle = worker()
        found = Artifacts(place, oracle.study, oracle.study._storage) if place else None
        return SharedCompany(Meeting(link, store, 3, 0.0), oracle, RunFolder(tmp_path / "run"), found, begins=True)

    return made


def test_the_best_model_comes_from_where_all_keep_theirs(company_of: Callable[..., SharedCompany], tmp_path: Path):
    assert company_of(str(tmp_path / "store")).bring_best(lambda _: "", lambda _: None)
    assert RunFolder(tmp_path / "run").trial(0).model.read_bytes() == b"model"


def test_a_model_that_nobody_can_bring_is_told_and_can_be_trained_again(
    company_of: Callable[..., SharedCompany], tmp_path: Path
):
    told: list[Event] = []
    assert not company_of(None).bring_best(lambda trial: f"trial {trial.number}", told.append)
    config = RunFolder(tmp_path / "run").trial(0).config
    assert config.read_text(encoding="utf-8") == "trial 0"
    (warned,) = told
    assert isinstance(warned, Warned)
    assert "no search.artifacts is named to bring it here" in warned.message
    assert f"cnnsearch retrain {config}" in warned.message
