"""`search.confirm`: the best trials are trained again with new seeds, for real; killed, failing, out of time."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.search.seeds import retraining_seed
from cnnsearch.spaces.load import load_space
from tests.cnnsearch.command_line import TINY, CommandLine

RUN = Path("runs/tiny-001")
CONFIRM = "search.confirm={top: 2, seeds: 2}"
Wait = Callable[..., None]

FRAGILE = """\
import pathlib

import keras


def network(images):
    fails = pathlib.Path("fails")
    if fails.exists() and int(fails.read_text()):
        fails.write_text(str(int(fails.read_text()) - 1))
        raise RuntimeError("no luck today")
    return keras.layers.Conv2D(4, 3)(keras.layers.Rescaling(1 / 255)(images))
"""
FRAGILE_SPACE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {custom: {function: "fragile:network"}}
optimizer: {adam: {learning_rate: {float: [0.001, 0.01], scale: log}}}
training: {epochs: 1, batch_size: 64}
search: {trials: 2, pruner: none, seed: 7}
"""


def told(line: CommandLine, name: str = "confirm.json") -> dict[str, Any]:
    path = line.folder / RUN / name
    found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def turns(line: CommandLine) -> list[tuple[int, int]]:
    return [(each["trial"], each["turn"]) for each in told(line).get("retrained", [])]


def rows(line: CommandLine, name: str) -> list[dict[str, str]]:
    with (line.folder / RUN / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.timeout(600)
def test_a_search_killed_between_two_retrainings_goes_on_and_retrain_gives_its_score(
    command_line: CommandLine, wait_for: Wait
) -> None:
    space = command_line.write(TINY)
    process = command_line.start("run", space, "--set", CONFIRM)
    wait_for(lambda: len(turns(command_line)) >= 2, 300)
    process.kill()
    process.communicate()
    before = told(command_line)["retrained"]
    assert told(command_line)["state"] == "running"

    printed = command_line.good("run", space, "--set", CONFIRM)
    assert f"goes on after {len(before)} of 4 retrainings" in printed
    assert printed.count("again on cpu") == 4 - len(before)
    assert told(command_line)["retrained"][: len(before)] == before
    assert sorted(turns(command_line)) == [(n, k) for n in sorted({n for n, _ in turns(command_line)}) for k in (1, 2)]
    assert len(rows(command_line, "trials.csv")) == 3
    assert "The search's score was too good by" in printed

    best, winner = told(command_line, "best/metrics.json"), told(command_line)["ranking"][0]
    assert (best["trial"], best["confirmed"]["seeds"]) == (winner["trial"], 2)
    assert best["confirmed"]["mean"] == winner["mean"]
    own = [float(r["score"]) for r in rows(command_line, "confirm.csv") if int(r["trial"]) == winner["trial"]]
    assert best["score"] == min(own)  # the median of two, and never the luckier
    turn = best["confirmed"]["retraining"]
    training = load_space(command_line.folder / RUN / "best/config.yaml").configuration({}).training
    assert training.seed == retraining_seed(7, winner["trial"], turn)
    assert len(list((command_line.folder / RUN / "confirm").glob("*/model.keras"))) == 2

    again = command_line.good("retrain", str(RUN))
    assert re.search(r"^val_accuracy: search (0\.\d{4}), retrained \1, gap \+0\.0000$", again, re.MULTILINE)
    assert re.search(r"^test accuracy: search (\d\.\d{4}), retrained \1, gap \+0\.0000$", again, re.MULTILINE)


@pytest.mark.timeout(600)
def test_a_finished_run_is_confirmed_by_the_same_command_and_failures_are_counted_out(
    command_line: CommandLine,
) -> None:
    command_line.write(FRAGILE, "fragile.py")
    space = command_line.write(FRAGILE_SPACE)
    command_line.good("run", space, "--allow-code")
    assert not told(command_line)
    (command_line.folder / "fails").write_text("1")
    done = command_line("run", space, "--allow-code", "--set", "search.confirm={top: 1, seeds: 2}")
    assert done.returncode == 0, done.stderr
    assert "goes on after 2 finished trials" in done.stdout
    assert "trial 0 starts" not in done.stdout
    assert re.search(r"retraining 1 of trial \d failed and does not count: bug, .*RuntimeError: no luck", done.stderr)
    assert [(r["reason"], r["score"] != "") for r in rows(command_line, "confirm.csv")] == [("bug", False), ("", True)]
    assert told(command_line, "best/metrics.json")["confirmed"]["retraining"] == 2
    assert sorted(path.name for path in (command_line.folder / "runs").iterdir()) == ["tiny-001"]

    (command_line.folder / "fails").write_text("9")
    done = command_line(
        "run", space, "--allow-code", "--set", "search.confirm={top: 2, seeds: 1}", "--resume", str(RUN)
    )
    assert "no retraining has a score, so the best trial is named by the search's own scores" in done.stderr
    assert told(command_line, "best/metrics.json")["confirmed"] is None
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(300)
def test_a_confirming_that_cannot_be_done_costs_the_confirming_only(command_line: CommandLine) -> None:
    space, run = command_line.write(TINY), command_line.folder / RUN
    command_line.good("run", space)
    shutil.rmtree(run / "best")
    (run / "confirm").write_text("in the way")
    done = command_line("run", space, "--set", CONFIRM)
    assert done.returncode == 0, done.stderr
    told = "the best trials are not confirmed, so the best one is named by the search's own scores: "
    assert f"{told}{RUN}/confirm/" in done.stderr
    assert "this file must be writable, got " in done.stderr
    metrics = json.loads((run / "best/metrics.json").read_text())
    assert (metrics["confirmed"], metrics["test"]["images"] > 0) == (None, True)


@pytest.mark.timeout(300)
def test_without_time_fewer_seeds_are_trained_and_it_says_so(command_line: CommandLine) -> None:
    space = command_line.write(TINY)
    asked = ("--set", "search.confirm={top: 1, seeds: 50}", "--time", "12s", "--trials", "500")
    done = command_line("run", space, *asked)
    assert done.returncode == 0, done.stderr
    assert re.search(r"search\.time has room for \d+ of the 50 seeds that search\.confirm asks for", done.stdout)
    assert 1 <= len(rows(command_line, "trials.csv")) < 500
    assert len(turns(command_line)) < 50


@pytest.mark.timeout(600)
def test_a_retraining_that_is_told_to_end_goes_on_after_its_epoch(command_line: CommandLine, wait_for: Wait) -> None:
    space = command_line.write(TINY.replace("epochs: 2", "epochs: 6, early_stopping: null").replace("64", "8"))
    settings = ("--trials", "1", "--set", "search.confirm={top: 1, seeds: 1}")
    process = command_line.start("run", space, *settings)
    folder = command_line.folder / RUN / "confirm/0000-1"
    wait_for((folder / "history.csv").is_file)
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "told to end: the running retrainings finish their epoch and are kept" in out
    assert (folder / "backup/state.npz").is_file()
    before = (folder / "history.csv").read_text().splitlines()

    command_line.good("run", space, *settings)
    history = (folder / "history.csv").read_text().splitlines()
    assert history[: len(before)] == before
    assert [line.partition(",")[0] for line in history[1:]] == [str(epoch) for epoch in range(1, 7)]
    (retrained,) = told(command_line)["retrained"]
    assert retrained["epochs"] == 6
    assert not (folder / "backup").exists()
