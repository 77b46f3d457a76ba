"""Whole searches by several objectives and within constraints, and what a person sees of them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cnnsearch.command_line import LIMIT, RARE, TINY, CommandLine

FRONT = TINY.replace(
    "search: {trials: 3, pruner: none, seed: 7}",
    'search: {trials: 4, seed: 7, objective: [val_accuracy, parameters], constraints: {parameters: "<= 700"}}',
)


IMPATIENT = """\
from cnnsearch.app import main
from cnnsearch.search.engine import draws

draws._IMPOSSIBLE = 30  # in place of a thousand
main()
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The run of a search by two objectives within a size, and what it printed."""
    line = CommandLine(tmp_path_factory.mktemp("front"))
    printed = line.good("run", line.write(FRONT))
    return line.folder / "runs/tiny-001", printed


def test_a_search_by_two_objectives_shows_its_front(searched: tuple[Path, str]) -> None:
    run, printed = searched
    table = rows(run / "trials.csv")
    front = [row for row in table if row["front"] == "1"]
    others = [row for row in table if row["front"] == "0"]
    assert "by val_accuracy and parameters" in printed
    assert "* 1" in printed
    assert f"* on the Pareto front, {len(front)} trial" in printed
    for row in others:
        better = [f for f in front if float(f["score"]) >= float(row["score"])]
        assert any(int(f["parameters"]) <= int(row["parameters"]) for f in better)
    best = json.loads((run / "best/metrics.json").read_text())
    assert best["trial"] == int(front[0]["trial"])
    assert best["objectives"]["parameters"] == int(front[0]["parameters"])


def test_nothing_above_the_size_was_trained(searched: tuple[Path, str]) -> None:
    run, printed = searched
    table = rows(run / "trials.csv")
    trained = [row for row in table if int(row["epochs"])]
    large = [row for row in table if row["status"] == "infeasible"]
    assert len(trained) == 4
    assert all(int(row["parameters"]) <= 700 for row in trained)
    assert large
    assert all(row["reason"].startswith("parameters ") and not row["seconds"] for row in large)
    assert f"{len(large)} break parameters" in printed


def test_a_latency_that_no_model_has_ends_without_a_training(command_line: CommandLine) -> None:
    space = TINY.replace("seed: 7", 'seed: 7, constraints: {latency: "<= 1us"}').replace("trials: 3", "trials: 2")
    done = command_line("run", command_line.write(space))
    assert done.returncode == 1
    assert "got none of 2, 2 of them infeasible. Loosen search.constraints." in done.stderr
    run = command_line.folder / "runs/tiny-001"
    for row in rows(run / "trials.csv"):
        assert (row["status"], row["epochs"], row["score"]) == ("infeasible", "0", "")
        assert row["reason"] == f"latency {float(row['latency']) * 1e3:.3g} ms > 0.001 ms"
    assert json.loads((run / "status.json").read_text())["trials"]["infeasible"] == 2


def test_a_search_that_finds_nothing_more_within_its_limits_ends_well_and_says_so(command_line: CommandLine) -> None:
    command_line.write(IMPATIENT, "impatient.py")
    command = [sys.executable, "-m", "impatient", "run", command_line.write(RARE)]
    done = subprocess.run(command, cwd=command_line.folder, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    why = "the last 30 draws in a row were no trials (30 broke parameters <= 60)"
    assert f"{why}, before the 20 trials that were asked for" in done.stdout
    run = command_line.folder / "runs/tiny-001"
    status = json.loads((run / "status.json").read_text())
    assert (status["state"], status["reason"]) == ("finished", why)
    table = rows(run / "trials.csv")
    assert [row["status"] for row in table].count("completed") == 1
    assert len(table) == 31
    assert json.loads((run / "best/metrics.json").read_text())["trial"] == 0
    assert (run / "best/model.keras").is_file()


@pytest.mark.nightly
def test_the_test_part_is_measured_by_what_was_asked_for(command_line: CommandLine) -> None:
    space = TINY.replace("pruner: none, seed: 7", "seed: 7, objective: [val_macro_f1, val_auc, model_size]")
    command_line.good("run", command_line.write(space))
    run = command_line.folder / "runs/tiny-001"
    metrics = json.loads((run / "best/metrics.json").read_text())
    assert 0 < metrics["test"]["auc"] <= 1
    assert metrics["validation"]["auc"] == pytest.approx(metrics["objectives"]["val_auc"], abs=1e-4)
    assert {"val_auc", "val_macro_f1", "model_size", "front"} <= set(rows(run / "trials.csv")[0])
