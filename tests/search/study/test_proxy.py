"""A study behind Optuna's gRPC proxy: owners, signs of life, and a proxy that is restarted."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.study.addresses import sqlite_url
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.shared import Lost, Shared
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError

pytest.importorskip("grpc", reason="gRPC is not installed: pip install 'cnnsearch[grpc]'")
EPOCH = Epoch(1, {"val_accuracy": 0.5}, 1.0)
PROXY = """
import sys, optuna
storage = optuna.storages.RDBStorage(sys.argv[1])
optuna.storages.run_grpc_proxy_server(storage, host="127.0.0.1", port=int(sys.argv[2]))
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def restarted(tmp_path: Path, port: int) -> Iterator[Callable[[], None]]:
    """Starts the proxy, anew where it runs."""
    running: list[subprocess.Popen[bytes]] = []

    def end() -> None:
        while running:
            with running.pop() as proxy:
                proxy.kill()

    def start() -> None:
        end()
        command = [sys.executable, "-W", "ignore", "-c", PROXY, sqlite_url(tmp_path / "study.db"), str(port)]
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))

    yield start
    end()


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setattr("cnnsearch.search.study.database._BEGIN", 0.1)
    with pytest.raises(CnnSearchError, match=rf"grpc://localhost:{port}: Optuna's proxy must answer .* got nothing"):
        open_storage(f"grpc://localhost:{port}")


def test_a_lost_trial_counts_once_behind_a_proxy_that_is_restarted(
    monkeypatch: pytest.MonkeyPatch, restarted: Callable[[], None], port: int
) -> None:
    monkeypatch.setattr("cnnsearch.search.study.database._BEGIN", 100.0)

    def worker() -> TrialStudy:
        storage = open_storage(f"grpc://127.0.0.1:{port}")
        assert isinstance(storage, Shared)
        return TrialStudy.open(storage, Objective("val_accuracy", "max"))

    restarted()
    one, other = worker(), worker()
    number = one.begin()
    one.report(number, EPOCH)
    assert (one.beat(), other.requeue_stale(grace=60)) == ([], [])
    assert other.requeue_stale(grace=-1) == [number]
    assert one.beat() == [number]
    waiting = other.pop_waiting(other.trials())
    assert waiting is not None
    other.report(number, EPOCH)
    restarted()
    other.tell(TrialRecord(number, {}, Status.COMPLETED, score=0.5, epochs=(EPOCH,)))
    with pytest.raises(Lost, match="trial 0: only its owner may tell of it"):
        one.tell(TrialRecord(number, {}, Status.COMPLETED, score=0.9, epochs=(EPOCH,)))
    assert [record.score for record in one.records()] == [0.5]
