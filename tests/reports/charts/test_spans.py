"""When and where trials ran is read from the log of events, whatever happened to the run."""

import json
from pathlib import Path
from typing import Any

from cnnsearch.reports.charts.spans import ELSEWHERE, Span, read_spans
from cnnsearch.search.events import EpochEnded, TrialEnded, TrialStarted
from cnnsearch.search.listeners.event_log import EventLog
from cnnsearch.search.records import Epoch, Status, TrialRecord


def log(path: Path, *events: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def started(time: float, number: int, slot: str = "gpu:0") -> dict[str, Any]:
    return {"time": time, "event": "TrialStarted", "number": number, "values": {}, "slot": slot, "epochs": 3}


def ended(time: float, number: int, status: str = "completed") -> dict[str, Any]:
    return {"time": time, "event": "TrialEnded", "trial": {"number": number, "status": status}}


def test_a_trial_lasts_from_its_start_to_its_end(tmp_path: Path) -> None:
    path = log(tmp_path / "e", started(10, 0), started(11, 1, "gpu:1"), ended(15, 1, "pruned"), ended(20, 0))
    assert read_spans(path) == (
        Span(0, "gpu:0", 10, 20, Status.COMPLETED),
        Span(1, "gpu:1", 11, 15, Status.PRUNED),
    )


def test_what_a_real_log_writes_is_read(tmp_path: Path) -> None:
    events = EventLog(tmp_path / "events.jsonl")
    events(TrialStarted(3, {"a": 1}, "cpu", 5))
    events(EpochEnded(3, Epoch(1, {"val_accuracy": 0.5}, 1.0)))
    events(TrialEnded(TrialRecord(3, {"a": 1}, Status.STOPPED_EARLY)))
    events.close()
    assert [(each.trial, each.slot, each.status) for each in read_spans(tmp_path / "events.jsonl")] == [
        (3, "cpu", Status.STOPPED_EARLY)
    ]


def test_a_trial_that_runs_lasts_until_the_last_sign_of_life(tmp_path: Path) -> None:
    path = log(tmp_path / "e", started(10, 0), {"time": 42.0, "event": "EpochEnded", "number": 0, "epoch": {}})
    assert read_spans(path) == (Span(0, "gpu:0", 10, 42, Status.RUNNING),)


def test_a_killed_run_ends_its_trials_before_the_next_one_begins(tmp_path: Path) -> None:
    told = {"time": 14.0, "event": "EpochEnded", "number": 0, "epoch": {}}
    path = log(
        tmp_path / "e", started(10, 0), told, {"time": 99.0, "event": "RunStarted"}, started(100, 0), ended(120, 0)
    )
    assert read_spans(path) == (Span(0, "gpu:0", 10, 14), Span(0, "gpu:0", 100, 120, Status.COMPLETED))


def test_a_retried_trial_has_a_span_for_each_attempt(tmp_path: Path) -> None:
    path = log(tmp_path / "e", started(10, 0), {"time": 12.0, "event": "TrialRetried", "number": 0}, ended(20, 0))
    assert read_spans(path) == (Span(0, "gpu:0", 10, 12), Span(0, "gpu:0", 12, 20, Status.COMPLETED))


def test_a_trial_of_another_machine_lies_before_it_was_heard_of(tmp_path: Path) -> None:
    trial = {"number": 5, "status": "completed", "seconds": 30.0}
    path = log(tmp_path / "e", {"time": 100.0, "event": "EndedElsewhere", "trial": trial})
    assert read_spans(path) == (Span(5, ELSEWHERE, 70, 100, Status.COMPLETED),)


def elsewhere(heard: float, number: int, seconds: float, **told: Any) -> dict[str, Any]:
    trial = {"number": number, "status": "completed", "seconds": seconds}
    return {"time": heard, "event": "EndedElsewhere", "trial": trial, **told}


def test_each_other_worker_has_a_row_and_its_trials_lie_where_they_ended(tmp_path: Path) -> None:
    events = [
        elsewhere(100, 5, 30, worker="node2:11", ended=50.0),
        elsewhere(100, 6, 30, worker="node2:11", ended=90.0),
        elsewhere(100, 7, 60, worker="node3:12", ended=95.0),
        elsewhere(100, 8, 10, worker="node3:12", ended=1e9),  # by a clock that is wrong
    ]
    assert read_spans(log(tmp_path / "e", *events)) == (
        Span(5, "node2:11", 20, 50, Status.COMPLETED),
        Span(7, "node3:12", 35, 95, Status.COMPLETED),
        Span(6, "node2:11", 60, 90, Status.COMPLETED),
        Span(8, "node3:12 (2)", 90, 100, Status.COMPLETED),
    )


def test_what_overlaps_under_one_name_has_as_many_rows(tmp_path: Path) -> None:
    events = [elsewhere(40, 0, 30), elsewhere(50, 1, 30), elsewhere(70, 2, 30.5), elsewhere(75, 3, 25)]
    found = {span.trial: span.slot for span in read_spans(log(tmp_path / "e", *events))}
    assert found == {0: ELSEWHERE, 1: f"{ELSEWHERE} (2)", 2: ELSEWHERE, 3: f"{ELSEWHERE} (2)"}


def test_torn_and_strange_lines_are_left_out(tmp_path: Path) -> None:
    path = log(tmp_path / "e", started(10, 0), ended(20, 0))
    strange = (
        '{"time": x, "event": "TrialEnded"\n["TrialStarted"]\n{"time": 30.0, "event": "TrialStarted", "number": "7"}\n'
    )
    path.write_text(strange + path.read_text() + '{"time": 40.0, "event": "TrialSt')
    assert read_spans(path) == (Span(0, "gpu:0", 10, 20, Status.COMPLETED),)


def test_without_a_log_there_are_none(tmp_path: Path) -> None:
    assert read_spans(tmp_path / "events.jsonl") == ()
