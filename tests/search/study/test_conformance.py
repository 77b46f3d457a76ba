"""What every storage keeps that several workers share, on SQLite and on a real PostgreSQL: one contract."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import IntDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.study.addresses import address, sqlite_url
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.shared import Lost, Shared
from cnnsearch.search.study.study import STUDY_NAME, TrialStudy

ACCURACY = Objective("val_accuracy", "max")
UNITS = {"units": IntDistribution(1, 512)}
Crowd = Callable[[str], list[list[int]]]


def epoch(number: int, value: float) -> Epoch:
    return Epoch(number, {"val_accuracy": value}, 1.0)


def ended(number: int, score: float, *epochs: Epoch) -> TrialRecord:
    return TrialRecord(number, {}, Status.COMPLETED, score=score, epochs=epochs)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "study.db")
    return str(request.getfixturevalue("postgres").database())


@pytest.fixture
def shared(url: str) -> Iterator[Callable[[], Shared]]:
    """Opens the database, as another machine would."""
    with ExitStack() as opened:

        def storage() -> Shared:
            one = open_storage(url, shared=True)
            assert isinstance(one, Shared)
            opened.callback(one.close)
            return one

        yield storage


@pytest.fixture
def worker(shared: Callable[[], Shared]) -> Callable[[], TrialStudy]:
    """A worker's view of the one study."""
    return lambda: TrialStudy.open(shared(), ACCURACY)


@pytest.fixture
def theirs(url: str) -> Iterator[RDBStorage]:
    """Optuna's own storage, as its dashboard opens it."""
    storage = RDBStorage(address(url).render_as_string(hide_password=False))
    yield storage
    storage.remove_session()
    storage.engine.dispose()


@pytest.fixture
def crowd(url: str) -> Crowd:
    """Ten processes that do the same at once; what each of them has found."""
    script = Path(__file__).with_name("crowd.py")

    def found(what: str) -> list[list[int]]:
        done = subprocess.run([sys.executable, script, what, url], stdout=subprocess.PIPE, text=True, check=True)
        return list(json.loads(done.stdout))

    return found


def states(study: TrialStudy) -> list[TrialState]:
    return [trial.state for trial in study.trials()]


class TestSharedStorage:
    """The contract."""

    def test_each_queued_trial_is_claimed_once_by_ten_processes(self, worker: Any, crowd: Crowd) -> None:
        study = worker()
        for units in range(30):
            study.enqueue({"units": units})
        claimed = crowd("claim")
        assert sorted(chain(*claimed)) == [*range(30)]
        assert states(study) == [TrialState.COMPLETE] * 30

    def test_trials_of_ten_processes_have_numbers_of_their_own(self, worker: Any, crowd: Crowd) -> None:
        study = worker()
        begun = crowd("begin")
        assert sorted(chain(*begun)) == [*range(60)]
        assert [trial.number for trial in study.trials()] == [*range(60)]

    def test_a_dead_workers_trial_goes_back_in_line_once_whoever_looks(self, worker: Any, crowd: Crowd) -> None:
        study = worker()
        crowd("die")
        assert states(study) == [TrialState.RUNNING] * 10
        assert sorted(chain(*crowd("sweep"))) == [*range(10)]
        assert states(study) == [TrialState.WAITING] * 10

    def test_a_worker_that_was_killed_on_this_machine_loses_its_trials_at_once(self, worker: Any, crowd: Crowd) -> None:
        study = worker()
        crowd("die")
        assert sorted(study.requeue_stale()) == [*range(10)]

    def test_a_worker_that_was_killed_elsewhere_has_a_grace_time(
        self, worker: Any, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("cnnsearch.search.study.shared_storage.is_gone", lambda _: False)
        study = worker()
        crowd("die")
        assert study.requeue_stale() == []
        assert sorted(study.requeue_stale(grace=-1)) == [*range(10)]

    def test_of_ten_processes_that_open_a_study_one_makes_it(self, shared: Any, crowd: Crowd) -> None:
        crowd("put_in_line")
        names = [study.study_name for study in shared().get_all_studies()]
        assert names == [STUDY_NAME]

    def test_a_finished_trial_is_never_changed(self, worker: Any) -> None:
        study = worker()
        number = study.begin({"units": 3}, UNITS)
        study.report(number, epoch(1, 0.5))
        study.tell(ended(number, 0.5, epoch(1, 0.5)))
        before = study.trials()[0]
        for storage in (study._storage, worker()._storage):
            for change in (
                lambda s, i: s.set_trial_user_attr(i, "a", 1),
                lambda s, i: s.set_trial_system_attr(i, "a", 1),
                lambda s, i: s.set_trial_intermediate_value(i, 9, 1.0),
                lambda s, i: s.set_trial_param(i, "units", 5, UNITS["units"]),
                lambda s, i: s.set_trial_state_values(i, TrialState.RUNNING),
                lambda s, i: s.set_trial_state_values(i, TrialState.WAITING),
            ):
                with pytest.raises(UpdateFinishedTrialError, match="has already finished"):
                    change(storage, before._trial_id)
        assert worker().trials() == [before]

    def test_a_worker_sees_what_the_others_do(self, worker: Any) -> None:
        one, other = worker(), worker()
        number = one.begin({"units": 3}, UNITS)
        one.report(number, epoch(1, 0.5))
        assert other.record(number).epochs == (epoch(1, 0.5),)
        one.report(number, epoch(2, 0.6))
        one.set_attribute("space", "a")
        assert other.trials() == one.trials()
        other.set_attribute("space", "b")
        assert one.attribute("space") == "b"
        one.tell(ended(number, 0.6, epoch(1, 0.5), epoch(2, 0.6)))
        assert other.records() == one.records()
        assert other.records()[0].score == 0.6

    def test_optuna_reads_the_same(self, worker: Any, theirs: RDBStorage) -> None:
        study = worker()
        study.enqueue({"units": 7})
        number = study.begin({"units": 3}, UNITS, {"note": [1]})
        study.report(number, epoch(1, 0.5))
        study.tell(ended(number, 0.5, epoch(1, 0.5)))
        assert theirs.get_all_trials(theirs.get_study_id_from_name(STUDY_NAME)) == study.trials()

    def test_what_is_told_twice_stands_once(self, worker: Any) -> None:
        study = worker()
        number = study.begin({"units": 3}, UNITS)
        for _ in range(2):
            study.report(number, epoch(1, 0.5))
        for _ in range(2):
            study.tell(ended(number, 0.5, epoch(1, 0.5)))
        assert study.record(number).epochs == (epoch(1, 0.5),)
        with pytest.raises(UpdateFinishedTrialError, match="has already finished"):
            study.tell(replace(ended(number, 0.5, epoch(1, 0.5)), message="another ending"))

    def test_a_step_that_fails_has_changed_nothing(self, worker: Any) -> None:
        study = worker()
        number = study.begin({"units": 3}, UNITS)

        def fails() -> None:
            study.report(number, epoch(1, 0.5))
            study.begin({"units": 4}, UNITS)
            raise ZeroDivisionError("in the middle")

        before = study.trials()
        with pytest.raises(ZeroDivisionError, match="in the middle"):
            study.together(fails)
        assert study.trials() == before == worker().trials()
        assert study.begin({"units": 4}, UNITS) == number + 1

    def test_what_ended_in_a_step_that_fails_goes_on(self, worker: Any) -> None:
        one, other = worker(), worker()
        number = one.begin({"units": 3}, UNITS)

        def fails() -> None:
            one.tell(ended(number, 0.5))
            one.trials()
            raise ZeroDivisionError("in the middle")

        with pytest.raises(ZeroDivisionError, match="in the middle"):
            one.together(fails)
        assert states(one) == [TrialState.RUNNING]
        other.requeue_stale(grace=-1)
        assert states(one) == [TrialState.WAITING]

    def test_a_new_trial_sees_those_that_came_while_its_step_went_on(self, worker: Any) -> None:
        one, other = worker(), worker()

        def begun() -> int:
            assert one.trials() == []
            other.begin({"units": 4}, UNITS)
            return int(one.begin({"units": 3}, UNITS))

        if one._storage.engine.dialect.name == "postgresql":  # SQLite's transactions lock the whole file
            assert one.together(begun) == 1
            assert [trial.params["units"] for trial in one.trials()] == [4, 3]

    def test_a_number_whose_step_was_undone_may_become_another_workers(self, worker: Any) -> None:
        one, other = worker(), worker()

        def undone() -> None:
            one.begin({"units": 3}, UNITS)
            raise ZeroDivisionError("another one was faster")

        with pytest.raises(ZeroDivisionError, match="another one was faster"):
            one.together(undone)
        number = other.begin({"units": 4}, UNITS)
        assert one.requeue_stale(grace=-1) == [number]
        assert one.pop_waiting(one.trials()).params == {"units": 4}

    def test_a_trial_whose_worker_lives_stays_its_own(self, worker: Any) -> None:
        one, other = worker(), worker()
        one.begin()
        assert one.beat() == []
        assert other.requeue_stale(grace=60) == []
        assert other.requeue_running() == []
        assert other.pop_waiting(other.trials()) is None

    def test_a_worker_takes_no_trial_of_its_own_for_a_dead_ones(self, worker: Any) -> None:
        study = worker()
        number = study.begin({"units": 3}, UNITS)
        assert study.requeue_stale(grace=-1) == []  # its heartbeats may have waited for the network
        study.tell(ended(number, 0.5))
        assert states(study) == [TrialState.COMPLETE]

    def test_a_lost_trial_counts_once(self, worker: Any) -> None:
        one, other = worker(), worker()
        number = one.begin({"units": 3}, UNITS)
        one.report(number, epoch(1, 0.1))
        assert other.requeue_stale(grace=-1) == [number]
        assert one.beat() == [number]
        with pytest.raises(Lost, match=r"trial 0: only its owner may tell of it, and it went back in line"):
            one.report(number, epoch(2, 0.2))
        assert other.pop_waiting(other.trials()).number == number
        other.report(number, epoch(1, 0.7))
        other.tell(ended(number, 0.7, epoch(1, 0.7)))
        for late in (
            lambda: one.report(number, epoch(2, 0.2)),
            lambda: one.tell(ended(number, 0.2, epoch(1, 0.1), epoch(2, 0.2))),
            lambda: one.requeue(number),
            lambda: one.begin_again(number),
            lambda: one.keep(number, 0),
        ):
            with pytest.raises(Lost, match="trial 0"):
                late()
        (record,) = one.records()
        assert (record.score, record.epochs, record.values) == (0.7, (epoch(1, 0.7),), {"units": 3})

    def test_a_worker_claims_what_it_lost_only_when_it_has_dropped_it(self, worker: Any) -> None:
        study = worker()
        number = study.begin({"units": 3}, UNITS)
        worker().requeue_stale(grace=-1)
        assert study.pop_waiting(study.trials()) is None
        study.drop(number)
        assert study.pop_waiting(study.trials()).number == number
        study.report(number, epoch(1, 0.5))
        assert study.record(number).epochs == (epoch(1, 0.5),)

    def test_another_tools_trial_has_a_grace_time_from_when_it_is_seen(self, worker: Any, theirs: RDBStorage) -> None:
        study = worker()
        theirs.create_new_trial(theirs.get_study_id_from_name(STUDY_NAME))
        assert study.requeue_stale(grace=60) == []
        assert study.requeue_stale(grace=60) == []
        assert study.requeue_stale(grace=-1) == [0]
