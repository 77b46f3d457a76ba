"""A PostgreSQL that is restarted, or gone, or whose connections break: nothing is lost, nothing counts twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from benchmarks.postgres import PASSWORD, Postgres
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.heartbeats import Heartbeats
from cnnsearch.search.study.shared_storage import SharedStorage
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError
from tests.search.sharing.relay import Relay

ACCURACY = Objective("val_accuracy", "max")
EPOCH = Epoch(1, {"val_accuracy": 0.5}, 1.0)


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.database()


@pytest.fixture
def away(postgres: Postgres) -> Iterator[Postgres]:
    """A server that the test may stop; it runs again afterwards."""
    yield postgres
    if not postgres.is_running:
        postgres.start()


Opened = Callable[..., tuple[TrialStudy, SharedStorage]]


@pytest.fixture
def opened(url: str) -> Iterator[Opened]:
    """A worker's view of the one study, as another machine would have it."""
    with ExitStack() as workers:

        def worker(patience: float = 60.0) -> tuple[TrialStudy, SharedStorage]:
            storage = open_storage(url, patience=patience)
            assert isinstance(storage, SharedStorage)
            workers.callback(storage.close)
            return TrialStudy.open(storage, ACCURACY), storage

        yield worker


def tell(study: TrialStudy, number: int) -> None:
    study.tell(TrialRecord(number, {}, Status.COMPLETED, score=0.5, epochs=(EPOCH,)))


def test_a_database_that_is_too_busy_to_answer_at_first_is_opened_all_the_same(url: str) -> None:
    known = make_url(url)
    with Relay(str(Path(str(known.query["host"])) / ".s.PGSQL.5432")) as relay:
        relay.cut()
        threading.Timer(11, relay.mend).start()  # the first try ends after ten seconds
        storage = open_storage(f"postgresql://{known.username}@127.0.0.1:{relay.port}/{known.database}")
        assert isinstance(storage, SharedStorage)
        storage.close()


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_a_restarted_database_is_not_even_noticed(away: Postgres, opened: Opened, how: str) -> None:
    study, _ = opened()
    number = study.begin()
    away.stop(how)
    away.start()
    study.report(number, EPOCH)
    away.stop(how)
    away.start()
    tell(study, number)
    assert [(record.number, record.score) for record in opened()[0].records()] == [(number, 0.5)]


def test_a_worker_waits_for_a_database_that_is_away_and_says_so_once(away: Postgres, opened: Opened) -> None:
    study, storage = opened()
    number, told = study.begin(), []

    def heard(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            away.start()

    storage.tell_with(heard)
    away.stop("immediate")
    study.report(number, EPOCH)
    assert study.record(number).epochs == (EPOCH,)
    assert len(told) == 2
    assert "the study's database does not answer" in told[0]
    assert "answers again" in told[1]


def test_after_an_outage_nobodys_trial_is_taken_for_a_dead_workers(away: Postgres, opened: Opened) -> None:
    one, other = opened()[0], opened()[0]
    number = one.begin()
    away.stop()
    away.start()
    other.report(other.begin(), EPOCH)
    assert other.requeue_stale(grace=0.5) == []
    one.report(number, EPOCH)


def test_a_worker_gives_up_in_the_end(away: Postgres, opened: Opened) -> None:
    study, storage = opened(patience=0.1)
    number = study.begin()
    away.stop("immediate")
    with pytest.raises(CnnSearchError, match=r"the study's database must answer, got .*Start this worker again"):
        study.report(number, EPOCH)
    storage.stop_waiting()
    with pytest.raises(CnnSearchError, match=r"the study's database must answer"):
        study.trials()


class Breaking:
    """A connection that breaks at the next commit, before or after the server has it."""

    def __init__(self, storage: SharedStorage, *, committed: bool) -> None:
        self._committed, self._broken = committed, False
        self._commit = type(storage.engine.dialect).do_commit.__get__(storage.engine.dialect)
        storage.engine.dialect.do_commit = self.commit  # type: ignore[method-assign]

    def commit(self, connection: DBAPIConnection) -> None:
        if self._broken:
            return self._commit(connection)
        self._broken = True
        if self._committed:
            self._commit(connection)
        connection.driver_connection.close()
        return self._commit(connection)


@pytest.mark.parametrize("committed", [True, False])
def test_a_write_whose_answer_is_lost_counts_once(opened: Opened, committed: bool) -> None:
    study, storage = opened()
    Breaking(storage, committed=committed)
    first = study.begin()
    study.report(first, EPOCH)
    Breaking(storage, committed=committed)
    tell(study, first)
    Breaking(storage, committed=committed)
    study.enqueue({"units": 3})
    Breaking(storage, committed=committed)
    waiting = study.pop_waiting(study.trials())
    assert waiting is not None
    tell(study, waiting.number)
    assert len(opened()[0].trials()) == 2
    assert opened()[0].trials() == study.trials()


def test_a_connection_that_is_ended_meanwhile_is_made_anew(postgres: Postgres, opened: Opened) -> None:
    study, _ = opened()

    def begun() -> int:
        number = study.begin()
        if not ended:
            ended.append(True)
            postgres.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'", "postgres"
            )
        return number

    ended: list[bool] = []
    number = study.together(begun)
    tell(study, number)
    assert [record.number for record in opened()[0].records()] == [number]


def test_heartbeats_keep_a_trial_and_tell_of_one_that_was_lost(opened: Opened) -> None:
    study, other = opened()[0], opened()[0]
    number, lost, seen = study.begin(), [], threading.Event()

    def heard(trial: int) -> None:
        lost.append(trial)
        seen.set()

    with Heartbeats(study, heard, interval=0.05, grace=60):
        assert other.requeue_stale(grace=60) == []
        other.requeue_stale(grace=-1)
        assert seen.wait(60)
    assert lost == [number]


def test_a_password_stands_in_the_environment_or_in_a_file(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.database("guarded")
    with pytest.raises(CnnSearchError, match=r"guarded.*: a study's database must be .* password"):
        open_storage(url)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    open_storage(url).close()  # type: ignore[attr-defined]
    kept = tmp_path / "passwords"
    kept.write_text(f"*:*:*:*:{PASSWORD}\n", encoding="utf-8")
    kept.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD")
    open_storage(f"{url}&passfile={kept}").close()  # type: ignore[attr-defined]


def test_a_wrong_password_is_not_told(postgres: Postgres) -> None:
    url = postgres.url("guarded").replace("@", ":hush-hush@")
    with pytest.raises(CnnSearchError, match=r"cnnsearch:\*\*\*@/guarded.*got ") as caught:
        open_storage(url)
    assert "hush" not in str(caught.value)
