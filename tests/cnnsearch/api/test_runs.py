"""A run as Python sees it, read from the folder that the command line has left."""

import csv
import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

import cnnsearch
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, Status, TrialRecord
from tests.cnnsearch.command_line import CommandLine


@pytest.fixture
def run(searched: CommandLine) -> cnnsearch.Run:
    return cnnsearch.open_run(searched.folder / "runs" / "tiny-001")


def test_a_run_of_the_command_line_can_be_read(run: cnnsearch.Run) -> None:
    assert (run.state, len(run.trials), run.objective.metric) == ("finished", 3, "val_accuracy")
    assert run.best is not None
    assert run.best.score == max(trial.score for trial in run.trials if trial.score is not None)
    assert run.ranked[0] == run.best
    assert repr(run) == (
        f"<Run {run.path}: finished, 3 trials, best val_accuracy {run.best.score:.4f} (trial {run.best.number})>"
    )


def test_its_history_has_what_history_csv_has(run: cnnsearch.Run) -> None:
    with (run.path / "history.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [(row["trial"], row["epoch"]) for row in run.history] == [
        (int(row["trial"]), int(row["epoch"])) for row in written
    ]
    assert {"loss", "val_accuracy", "seconds"} <= run.history[0].keys()


def test_its_table_has_a_row_for_each_trial(run: cnnsearch.Run) -> None:
    assert [row["trial"] for row in run.table] == [0, 1, 2]
    assert {type(row["status"]) for row in run.table} == {str}
    assert all(row["model.scratch.blocks"] in (1, 2) for row in run.table)


def test_its_table_loses_nothing_that_has_a_taken_name(run: cnnsearch.Run) -> None:
    values = {"score": "high", "loss": "mse", "units": 8}
    (row,) = replace(run, trials=(replace(run.trials[0], values=values),)).table
    assert (row["score"], row["hp.score"]) == (run.trials[0].score, "high")
    assert (row["hp.loss"], row["units"]) == ("mse", 8)


@pytest.mark.skipif(importlib.util.find_spec("pandas") is not None, reason="pandas is installed")
def test_without_pandas_a_message_says_what_there_is(run: cnnsearch.Run) -> None:
    with pytest.raises(cnnsearch.CnnSearchError, match=r"a data frame needs pandas.*or take run\.table"):
        run.to_pandas()


def test_its_best_model_classifies_images(run: cnnsearch.Run) -> None:
    assert run.best_model().input_shape == (None, 8, 8, 1)
    assert run.classes == tuple("0123456789")
    assert 0 <= run.metrics["test"]["accuracy"] <= 1
    (answer,) = run.predict(run.path / "best" / "confusion_matrix.png")
    assert answer.label in run.classes


def test_a_notebook_shows_a_table_in_which_all_is_text() -> None:
    trial = TrialRecord(0, {"<b>name": "<script>"}, Status.COMPLETED, score=0.5, reason="<i>")
    objective = Objective("val_accuracy", "max")
    run = cnnsearch.Run(Path("runs/<u>"), "finished", objective, (trial,), trial, Objectives.around(objective))
    page = run._repr_html_()
    assert "0.5" in page
    assert [tag for tag in ("<b>", "<i>", "<u>", "<script>") if tag in page] == []


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(cnnsearch.CnnSearchError, match=r"a run, a folder with its study, must lie here, got a f"):
        cnnsearch.open_run(tmp_path)
