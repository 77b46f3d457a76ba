"""A whole search from the command line, and what it leaves."""

import csv
import json
from pathlib import Path

import optuna
import pytest

from tests.cnnsearch.command_line import TINY, CommandLine

RUN = Path("runs/tiny-001")


@pytest.fixture
def run(searched: CommandLine) -> Path:
    return searched.folder / RUN


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_run_folder_has_a_file_for_every_question(run: Path) -> None:
    expected = {
        *("space.yaml", "resolved.yaml", "environment.json", "dataset.json", "study.db", "events.jsonl", "status.json"),
        *("trials.csv", "history.csv", "tensorboard/0000", "trials/0000/config.yaml", "trials/0000/history.csv"),
        *("trials/0000/log.txt", "best/model.keras", "best/config.yaml", "best/metrics.json"),
        *("best/confusion_matrix.png", "best/predictions.csv", "best/classes.json", "doctor.json"),
    }
    assert {name for name in expected if not (run / name).exists()} == set()
    assert sorted(path.name for path in run.iterdir() if path.name.startswith(".")) == []


def test_trials_are_ranked_in_the_table(run: Path) -> None:
    table = rows(run / "trials.csv")
    assert list(table[0])[:7] == ["trial", "status", "reason", "score", "epochs", "seconds", "parameters"]
    scores = [float(row["score"]) for row in table]
    assert len(table) == 3
    assert scores == sorted(scores, reverse=True)
    for row in table:
        assert row["model.scratch.filters.0"] in {"4", "8"}
        assert (row["model.scratch.filters.1"] == "") == (row["model.scratch.blocks"] == "1")
        assert (row["optimizer.adam.learning_rate"] == "") == (row["optimizer"] == "rmsprop")
        assert float(row["val_accuracy"]) == float(row["score"])


def test_history_has_each_epoch_once(run: Path) -> None:
    epochs = [(row["trial"], row["epoch"]) for row in rows(run / "history.csv")]
    assert sorted(epochs) == [(str(trial), str(epoch)) for trial in range(3) for epoch in (1, 2)]


def test_the_best_model_is_scored_on_images_the_search_never_saw(run: Path) -> None:
    metrics = json.loads((run / "best/metrics.json").read_text())
    best = rows(run / "trials.csv")[0]
    assert metrics["trial"] == int(best["trial"])
    assert metrics["validation"]["accuracy"] == pytest.approx(float(best["score"]), abs=1e-6)
    low, high = metrics["test"]["interval"]
    assert 0 <= low <= metrics["test"]["accuracy"] <= high <= 1
    files = json.loads((run / "dataset.json").read_text())["files"]
    split = {part: [path for of_class in classes.values() for path in of_class] for part, classes in files.items()}
    predicted = rows(run / "best/predictions.csv")
    assert {row["image"] for row in predicted if row["part"] == "test"} == set(split["test"])
    assert metrics["test"]["images"] == len(split["test"])
    assert not set(split["test"]) & (set(split["train"]) | set(split["validation"]))


def test_the_study_is_an_optuna_study(run: Path) -> None:
    study = optuna.load_study(study_name="cnnsearch", storage=f"sqlite:///{run / 'study.db'}")
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 3
    assert study.best_value == pytest.approx(float(rows(run / "trials.csv")[0]["score"]))


def test_the_status_file_tells_the_end(run: Path) -> None:
    status = json.loads((run / "status.json").read_text())
    assert (status["state"], status["trials"]["completed"]) == ("finished", 3)


def test_report_prints_and_rewrites_without_tensorflow(searched: CommandLine, run: Path) -> None:
    (run / "trials.csv").unlink()
    (run / "best/metrics.json").unlink()
    printed = searched.good("report", str(RUN))
    assert "val_accuracy" in printed
    assert (run / "trials.csv").is_file()
    assert (run / "best/metrics.json").is_file()


def test_a_finished_run_is_followed_by_the_next_number_and_more_adds_to_it(command_line: CommandLine) -> None:
    space = command_line.write(TINY)
    short = ("--trials", "1", "--set", "training.epochs=1")
    command_line.good("run", space, *short)
    command_line.good("run", space, *short)
    more = command_line.good("run", space, *short, "--more", "2")
    named = command_line.good("run", space, *short, "--name", "other")
    runs = command_line.folder / "runs"
    assert sorted(path.name for path in runs.iterdir()) == ["other-001", "tiny-001", "tiny-002"]
    assert "goes on after 1 finished" in more
    assert "other-001" in named
    assert len(rows(runs / "tiny-002/trials.csv")) == 3
    assert len(rows(runs / "tiny-001/trials.csv")) == 1


def test_time_ends_a_search(command_line: CommandLine) -> None:
    space = command_line.write(TINY)
    command_line.good("run", space, "--trials", "500", "--time", "4s")
    table = rows(command_line.folder / "runs/tiny-001/trials.csv")
    assert 1 <= len(table) < 100
    status = json.loads((command_line.folder / "runs/tiny-001/status.json").read_text())
    assert status["reason"] == "the time of the search is up"


def test_a_configuration_is_run_once(command_line: CommandLine) -> None:
    fixed = TINY.replace("{int: [1, 2]}", "1").replace("{choice: [4, 8], per: block}", "4")
    fixed = fixed.replace("{choice: [8, 16]}", "8").replace("{choice: {adam: ", "{adam: ").replace(", rmsprop: {}}", "")
    fixed = fixed.replace("{float: [0.001, 0.01], scale: log}", "0.01")
    command_line.good("run", command_line.write(fixed))
    assert len(rows(command_line.folder / "runs/tiny-001/trials.csv")) == 1


def test_a_failed_trial_is_classified_and_never_scored(command_line: CommandLine) -> None:
    explosive = TINY.replace("rmsprop: {}", "sgd: {learning_rate: 1e38}").replace(
        "trials: 3", "trials: 6, sampler: random"
    )
    command_line.good("run", command_line.write(explosive))
    table = rows(command_line.folder / "runs/tiny-001/trials.csv")
    failed = [row for row in table if row["optimizer"] == "sgd"]
    assert failed
    assert {(row["status"], row["reason"], row["score"]) for row in failed} == {("failed", "nan", "")}
    assert {row["status"] for row in table if row["optimizer"] == "adam"} <= {"completed", "stopped_early"}


def test_a_search_in_which_everything_fails_ends_early_and_says_why(command_line: CommandLine) -> None:
    doomed = TINY.replace(
        "{choice: {adam: {learning_rate: {float: [0.001, 0.01], scale: log}}, rmsprop: {}}}",
        "{sgd: {learning_rate: 1e38}}",
    )
    done = command_line("run", command_line.write(doomed), "--trials", "50")
    assert done.returncode == 1
    assert "the last 5 trials failed" in done.stderr
    assert "nan" in done.stderr
