"""Ranking and comparing from the command line, on a real search; TensorBoard's numbers are those of the tables."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from tests.cnnsearch.command_line import CommandLine

RUN = "runs/tiny-001"
pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:tensorflow", "ignore::DeprecationWarning:tensorboard"
)


@pytest.fixture
def table(searched: CommandLine) -> list[dict[str, str]]:
    """The lines of trials.csv."""
    with (searched.folder / RUN / "trials.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_options_rank_and_change_no_file(searched: CommandLine, table: list[dict[str, str]]) -> None:
    tables = searched.folder / RUN / "trials.csv"
    before = tables.stat().st_mtime_ns
    rows = json.loads(searched.good("report", RUN, "--json", "--sort", "seconds", "--where", "status=completed"))
    assert [row["seconds"] for row in rows] == sorted(float(row["seconds"]) for row in table)
    assert {row["trial"]: row["score"] for row in rows} == {int(row["trial"]): float(row["score"]) for row in table}
    assert all(row["low"] <= row["score"] <= row["high"] for row in rows)
    assert tables.stat().st_mtime_ns == before


def test_a_pipe_gets_csv_and_nothing_else(searched: CommandLine) -> None:
    header, *lines = csv.reader(searched.good("report", RUN, RUN + "/", "--csv", "--top", "2").splitlines())
    assert header[:3] == ["run", "rank", "trial"]
    assert len(lines) == 2


def test_a_wrong_name_says_which_is_right(searched: CommandLine) -> None:
    done = searched("report", RUN, "--where", "optimiser=adam")
    assert done.returncode == 1
    assert "Did you mean `optimizer`?" in done.stderr


def test_a_wrong_value_says_which_there_are(searched: CommandLine) -> None:
    done = searched("report", RUN, "--where", "status=complete", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "--where status: no trial has 'complete'. There are completed." in done.stderr


def test_two_forms_at_once_are_a_wrong_command_line(searched: CommandLine) -> None:
    assert searched("report", RUN, "--json", "--csv").returncode == 2


def test_a_best_model_and_a_trial_are_compared(searched: CommandLine, tmp_path: Path) -> None:
    page = tmp_path / "compared.html"
    printed = searched.good("compare", RUN, f"{RUN}/best", "--html", str(page))
    assert "They have the same parameters" in printed
    assert "They get the same images right" in printed
    assert page.is_file()


def test_a_trial_whose_model_is_kept_is_asked_about_the_validation_images(searched: CommandLine) -> None:
    run = searched.folder / RUN
    best = json.loads((run / "best/metrics.json").read_text())["trial"]
    other = next(int(path.parent.name) for path in run.glob("trials/*/model.keras") if int(path.parent.name) != best)
    found = json.loads(searched.good("compare", f"{RUN}:{best}", f"{RUN}:{other}", "--json"))
    (part,) = found["parts"]
    assert part["part"] == "validation"
    lines = (run / f"trials/{other:04d}/predictions.csv").read_text().splitlines()
    assert {line.split(",")[0] for line in lines[1:]} == {"validation"}
    assert "asking the model" not in searched("compare", RUN, f"{RUN}:{other}").stderr, "it is asked once"


def last_scalars(folder: Path) -> dict[str, float]:
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("events.out.tfevents.*")):
        for event in LegacyEventFileLoader(str(path)).Load():
            found |= {v.tag: v.simple_value for v in event.summary.value if v.HasField("simple_value")}
    return found


def test_tensorboard_agrees_with_the_tables(searched: CommandLine, table: list[dict[str, str]]) -> None:
    logs = searched.folder / RUN / "tensorboard"
    for row in table:
        found = last_scalars(logs / f"{int(row['trial']):04d}")
        best = {tag.removeprefix("best/"): value for tag, value in found.items() if tag.startswith("best/")}
        assert {"val_accuracy", "val_loss", "accuracy", "loss"} <= set(best)
        assert all(math.isclose(value, float(row[name]), rel_tol=1e-6) for name, value in best.items())
        assert found["trial/weights"] == float(row["parameters"])
        assert found["trial/epochs"] == float(row["epochs"])
    metrics = json.loads((searched.folder / RUN / "best/metrics.json").read_text())
    model = last_scalars(logs / "best")
    assert model["model/test_accuracy"] == pytest.approx(metrics["test"]["accuracy"])
    assert (logs / "best" / "projector_config.pbtxt").is_file()
