"""What is written down of a run while it goes on: its log, and its status."""

import json
import math
import threading
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.search.engine.budget import Budget, Limits
from cnnsearch.search.events import EpochEnded, Event, RunEnded, RunStarted, TrialEnded, TrialStarted, Warned
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.listeners.event_log import EventLog
from cnnsearch.search.listeners.status_file import StatusFile
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.run_state import RunState

ACCURACY = Objective("val_accuracy", "max")
EPOCH = Epoch(1, {"val_accuracy": 0.5}, 1.0)


def ended(number: int, score: float | None = 0.5) -> TrialEnded:
    status = Status.FAILED if score is None else Status.COMPLETED
    return TrialEnded(TrialRecord(number, {"blocks": 2}, status, score=score, epochs=(EPOCH,)))


def started(run: RunFolder, *finished: TrialRecord) -> RunStarted:
    return RunStarted(run, ACCURACY, 8, None, ("cpu",), finished, bool(finished))


def lines(path: Path) -> list[dict[str, Any]]:
    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return [json.loads(line, parse_constant=no_constant) for line in path.read_text().splitlines()]


def log(path: Path, *events: Event) -> None:
    writer = EventLog(path)
    for event in events:
        writer(event)
    writer.close()


def test_each_event_is_a_line_and_epochs_are_not_told_twice(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log(path, started(RunFolder(tmp_path), ended(0).trial), Warned("careful"), EpochEnded(1, EPOCH), ended(1))
    run, warned, epoch, trial = lines(path)
    assert (run["event"], run["finished"], run["run"]) == ("RunStarted", [0], str(tmp_path))
    assert (warned["event"], warned["message"]) == ("Warned", "careful")
    assert epoch["epoch"] == {"number": 1, "metrics": {"val_accuracy": 0.5}, "seconds": 1.0}
    assert (trial["trial"]["number"], trial["trial"]["score"], "epochs" in trial["trial"]) == (1, 0.5, False)


def test_a_torn_last_line_stays_alone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log(path, Warned("first"))
    path.write_bytes(path.read_bytes() + b'{"time": 17')
    log(path, Warned("second"), Warned("third"))
    texts = path.read_text().splitlines()
    assert texts[1] == '{"time": 17'
    assert [json.loads(texts[k])["message"] for k in (0, 2, 3)] == ["first", "second", "third"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_has_not_becomes_null(tmp_path: Path, value: float) -> None:
    path = tmp_path / "events.jsonl"
    log(path, EpochEnded(0, Epoch(1, {"val_loss": value, "loss": 1.0}, 0.5)))
    assert lines(path)[0]["epoch"]["metrics"] == {"val_loss": None, "loss": 1.0}


def test_listeners_hear_one_event_at_a_time(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def listen(_: Event) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        inside[0] -= 1

    log = EventLog(tmp_path / "events.jsonl")
    broadcast = Broadcast((listen, log))
    threads = [threading.Thread(target=lambda: [broadcast(Warned("x")) for _ in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert most == [1]
    assert len(lines(tmp_path / "events.jsonl")) == 800


def status_after(run: RunFolder, *events: Event, spent: float = 0.0) -> dict[str, Any]:
    status = StatusFile(run, "space-data", Budget(Limits(), spent))
    for event in events:
        status(event)
    found: dict[str, Any] = json.loads(run.status.read_text())
    return found


def test_the_status_counts_and_names_the_best(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    begun = (TrialStarted(3, {}, "cpu", 5), ended(2, None), ended(1, 0.75), ended(4, 0.75))
    status = status_after(run, started(run, ended(0).trial), *begun, spent=100.0)
    assert (status["state"], status["identity"]) == ("running", "space-data")
    assert status["seconds"] >= 100.0
    counts = status["trials"]
    assert (counts["budget"], counts["completed"], counts["failed"], counts["running"]) == (8, 3, 1, {"3": 0})
    assert status["best"] == {"trial": 1, "score": 0.75}


@pytest.mark.parametrize("state", [RunState.FINISHED, RunState.INTERRUPTED, RunState.FAILED])
def test_the_status_tells_the_end(tmp_path: Path, state: RunState) -> None:
    run = RunFolder(tmp_path)
    status = status_after(run, started(run), TrialStarted(0, {}, "cpu", 5), RunEnded(state, "because"))
    assert (status["state"], status["reason"], status["trials"]["running"]) == (state, "because", {})
