"""The tables hold every trial and every epoch, and reading them gives the same numbers."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnsearch.reports.columns import TAKEN
from cnnsearch.reports.ranking.ranking import RankedRun, ranking_of
from cnnsearch.reports.tables import trials_table, write_history_table, write_trials_table
from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, FoldScore, Objective, Status, TrialRecord
from cnnsearch.spaces.rungs import Rung

ACCURACY = Objective.of("val_accuracy")
Maker = Callable[..., TrialRecord]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_columns_are_facts_then_metrics_then_parameters(tmp_path: Path, trial: Maker) -> None:
    trials = [trial(0, [0.5], values={"model": "vgg16"}), trial(1, [0.6], values={"head.dropout": 0.5, "model": "a"})]
    write_trials_table(tmp_path / "trials.csv", trials, ACCURACY)
    assert (tmp_path / "trials.csv").read_text().splitlines()[0] == (
        "trial,status,reason,score,epochs,seconds,parameters,loss,val_accuracy,val_loss,model,head.dropout"
    )


def test_scored_trials_come_best_first_and_the_others_by_number(tmp_path: Path, trial: Maker) -> None:
    trials = [trial(4), trial(0, [0.5]), trial(3), trial(1, [0.9]), trial(2, [0.7])]
    write_trials_table(tmp_path / "trials.csv", trials, ACCURACY)
    assert [row["trial"] for row in read(tmp_path / "trials.csv")] == ["1", "2", "0", "3", "4"]


def test_a_loss_is_ranked_from_below(tmp_path: Path, trial: Maker) -> None:
    trials = [trial(0, score=0.9), trial(1, score=0.2)]
    write_trials_table(tmp_path / "trials.csv", trials, Objective.of("val_loss"))
    assert [row["trial"] for row in read(tmp_path / "trials.csv")] == ["1", "0"]


def test_metrics_are_those_of_the_best_epoch(tmp_path: Path, trial: Maker) -> None:
    write_trials_table(tmp_path / "trials.csv", [trial(0, [0.5, 0.8, 0.6])], ACCURACY)
    row = read(tmp_path / "trials.csv")[0]
    assert (row["val_accuracy"], row["loss"], row["epochs"]) == ("0.8", "0.5", "3")


def test_an_inactive_parameter_is_an_empty_cell(tmp_path: Path, trial: Maker) -> None:
    trials = [trial(0, [0.5], values={"a.x": 1}), trial(1, [0.4], values={"a.y": None, "a.z": False})]
    write_trials_table(tmp_path / "trials.csv", trials, ACCURACY)
    first, second = read(tmp_path / "trials.csv")
    assert (first["a.x"], first["a.y"], first["a.z"]) == ("1", "", "")
    assert (second["a.x"], second["a.y"], second["a.z"]) == ("", "", "False")


def test_no_name_stands_twice(tmp_path: Path, trial: Maker) -> None:
    values = {"epochs": 7, "score": "high", "seconds": 3, "val_loss": "on", "data": 2}
    write_trials_table(tmp_path / "trials.csv", [trial(0, [0.5], values=values, data="f00d-8x8x1")], ACCURACY)
    (row,) = read(tmp_path / "trials.csv")
    header = (tmp_path / "trials.csv").read_text().splitlines()[0].split(",")
    assert len(header) == len(row)
    assert [row[f"hp.{name}"] for name in values] == ["7", "high", "3", "on", "2"]
    assert (row["epochs"], row["score"], row["val_loss"], row["data"]) == ("1", "0.5", "1.5", "f00d-8x8x1")


def test_every_column_that_is_no_metric_and_no_parameter_keeps_its_name(trial: Maker) -> None:
    both = Objectives((ACCURACY, Objective("latency", "min")), ACCURACY)
    whole = trial(
        0,
        [0.5],
        data="f00d-8x8x1",
        precision="float32",
        reduced_batch=4,
        rung=Rung(1, 2, 0.5),
        folds=(FoldScore(1, 1, 0.5),),
        objective_values=(0.5, 0.1),
    )
    table = trials_table([whole], both)
    assert set(table.columns) - {*table.metrics, *table.parameters} <= TAKEN
    assert set(ranking_of([RankedRun("a", [], both)]).columns) <= TAKEN


def test_a_run_without_trials_has_a_header(tmp_path: Path) -> None:
    write_trials_table(tmp_path / "trials.csv", [], ACCURACY)
    write_history_table(tmp_path / "history.csv", [])
    assert (tmp_path / "trials.csv").read_text() == "trial,status,reason,score,epochs,seconds,parameters\n"
    assert (tmp_path / "history.csv").read_text() == "trial,epoch,seconds\n"


def test_history_has_each_epoch_of_each_trial(tmp_path: Path, trial: Maker) -> None:
    write_history_table(tmp_path / "history.csv", [trial(1, [0.4]), trial(0, [0.5, 0.6])])
    rows = read(tmp_path / "history.csv")
    assert [(row["trial"], row["epoch"], row["val_accuracy"]) for row in rows] == [
        ("0", "1", "0.5"),
        ("0", "2", "0.6"),
        ("1", "1", "0.4"),
    ]
    assert rows[0]["seconds"] == "2.5"


def test_reasons_that_a_spreadsheet_would_run_are_text(tmp_path: Path, trial: Maker) -> None:
    write_trials_table(tmp_path / "trials.csv", [trial(0, status=Status.FAILED, reason="=1+1", seconds=-1.5)], ACCURACY)
    row = read(tmp_path / "trials.csv")[0]
    assert (row["reason"], row["seconds"]) == ("'=1+1", "-1.5")


def test_a_name_that_is_no_utf8_still_gives_a_utf8_table(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ["image"], [["caf\udce9.jpg"], ['a "quoted", name\nin two lines']])
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [["image"], [r"caf\udce9.jpg"], ['a "quoted", name\nin two lines']]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_floats_come_back_exactly(tmp_path: Path, values: list[float]) -> None:
    epochs = tuple(Epoch(k, {"loss": value}, 0.1) for k, value in enumerate(values, start=1))
    write_history_table(tmp_path / "history.csv", [TrialRecord(0, {}, Status.COMPLETED, epochs=epochs)])
    assert [float(row["loss"]) for row in read(tmp_path / "history.csv")] == values


def test_a_write_that_fails_leaves_the_old_table(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", ["a"], [[1]])

    def broken() -> object:
        yield [2]
        raise RuntimeError("no more rows")

    with pytest.raises(RuntimeError, match="no more rows"):
        write_rows(tmp_path / "rows.csv", ["a"], broken())
    assert (tmp_path / "rows.csv").read_text() == "a\n1\n"
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]
