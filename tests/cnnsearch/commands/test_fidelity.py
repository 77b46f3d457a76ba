"""Searches whose trials climb rungs, from the command line."""

import csv
import json
from pathlib import Path

import pytest

from tests.cnnsearch.command_line import CommandLine

SPACE = """\
data: {{source: "sample:digits", image_size: 8, color: gray}}
model: {{scratch: {{blocks: 1, filters: 4, dropout: 0.0}}}}
optimizer: {{adam: {{learning_rate: {{float: [1.0e-6, 0.1], scale: log}}}}}}
training: {{epochs: 2, batch_size: 64}}
search:
  start_from: [{{optimizer: {{adam: {{learning_rate: 0.02}}}}}}, {{optimizer: {{adam: {{learning_rate: 1.0e-6}}}}}}]
  seed: 7
  {search}
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.timeout(300)
def test_who_is_behind_on_a_share_of_the_images_is_not_trained_on_all(command_line: CommandLine) -> None:
    search = "trials: 2\n  fidelity: {data: [0.25, 1.0]}"
    told = command_line.good("run", command_line.write(SPACE.format(search=search)))
    assert "pruned on rung 1 of 2: behind the others there" in " ".join(told.split())
    run = command_line.folder / "runs/tiny-001"
    found = [(row["trial"], row["status"], row["rung"], row["fidelity"]) for row in rows(run / "trials.csv")]
    assert found == [("0", "completed", "2", "1"), ("1", "pruned", "1", "0.25")]
    history = [(row["trial"], row["rung"], row["epoch"]) for row in rows(run / "history.csv")]
    assert history == [
        ("0", "1", "1"),
        ("0", "1", "2"),
        ("0", "2", "1"),
        ("0", "2", "2"),
        ("1", "1", "1"),
        ("1", "1", "2"),
    ]
    assert json.loads((run / "status.json").read_text())["epochs"]["done"] == 2 * 0.25 + 2 + 2 * 0.25
    assert json.loads((run / "best/metrics.json").read_text())["trial"] == 0


@pytest.mark.timeout(300)
def test_where_nobody_climbs_the_best_of_the_small_images_is_kept(command_line: CommandLine) -> None:
    search = "trials: 1\n  fidelity: {image_size: [4, 8]}\n  pruner: {threshold: {lower: 2}}"
    command_line.good("run", command_line.write(SPACE.format(search=search)))
    run = command_line.folder / "runs/tiny-001"
    (row,) = rows(run / "trials.csv")
    assert (row["status"], row["rung"], row["fidelity"], row["epochs"]) == ("pruned", "1", "4x4", "2")
    scores = json.loads((run / "best/metrics.json").read_text())
    assert scores["validation"]["accuracy"] == pytest.approx(float(row["score"]), abs=1e-6)


@pytest.mark.timeout(300)
def test_where_nobody_climbs_the_best_is_confirmed_by_trainings_like_its_own(command_line: CommandLine) -> None:
    search = "trials: 1\n  fidelity: {data: [0.25, 1.0]}\n  pruner: {threshold: {lower: 2}}"
    confirm = ("--set", "search.confirm={top: 1, seeds: 1}")
    printed = command_line.good("run", command_line.write(SPACE.format(search=search)), *confirm)
    run = command_line.folder / "runs/tiny-001"
    found = json.loads((run / "confirm.json").read_text())
    (chosen,), (again,) = found["chosen"], found["retrained"]
    assert (chosen["comparable"], again["epochs"]) == (True, 2)
    assert found["optimism"]["mean"] == pytest.approx(chosen["score"] - again["score"])
    assert abs(found["optimism"]["mean"]) < 0.2  # on all images it would have learned far more
    assert "the best trial, 0, came to rung 1 of 2 only (fidelity 0.25): its model is of that training" in printed


@pytest.mark.timeout(300)
def test_epochs_on_a_rung_count_by_their_work(command_line: CommandLine) -> None:
    search = "trials: 5\n  epochs: 2\n  fidelity: {data: [0.25, 1.0]}"
    command_line.good("run", command_line.write(SPACE.format(search=search)))
    run = command_line.folder / "runs/tiny-001"
    first, *others = sorted(rows(run / "trials.csv"), key=lambda row: row["trial"])
    assert (first["status"], first["reason"]) == ("stopped_early", "the epochs of the search are spent")
    assert [row["rung"] for row in others] in ([], ["1"])
    assert json.loads((run / "status.json").read_text())["epochs"]["done"] <= 2
