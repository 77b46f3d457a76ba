"""What ends a search before its last trial, as a person sees it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cnnsearch.command_line import TINY, CommandLine

RUN = Path("runs/tiny-001")
NEVER_EARLY = TINY.replace("epochs: 2", "epochs: 2, early_stopping: null")


def rows(line: CommandLine) -> list[dict[str, str]]:
    with (line.folder / RUN / "trials.csv").open(newline="", encoding="utf-8") as file:
        return sorted(csv.DictReader(file), key=lambda row: int(row["trial"]))


def status(line: CommandLine) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((line.folder / RUN / "status.json").read_text())
    return found


def test_epochs_in_all_are_spent_exactly_and_more_of_them_go_on(command_line: CommandLine) -> None:
    space = command_line.write(NEVER_EARLY)
    printed = command_line.good("run", space, "--set", "search.epochs=3")
    found = [(row["status"], row["reason"], row["epochs"]) for row in rows(command_line)]
    assert found == [("completed", "", "2"), ("stopped_early", "the epochs of the search are spent", "1")]
    assert "3 trials or 3 epochs in all on cpu" in printed
    assert "run finished: the epochs of the search are spent" in printed
    assert status(command_line)["reason"] == "the epochs of the search are spent"
    assert status(command_line)["epochs"] == {"budget": 3, "done": 3}
    more = command_line.good("run", space, "--set", "search.epochs=9", "--resume", str(RUN))
    assert "goes on after 2 finished trials" in more
    assert [row["epochs"] for row in rows(command_line)] == ["2", "1", "2"]
    assert status(command_line)["reason"] == "all trials are done"


def test_a_target_ends_the_search_when_it_is_reached(command_line: CommandLine) -> None:
    space = command_line.write(NEVER_EARLY)
    printed = command_line.good("run", space, "--set", "search.stop_at=0.05")
    assert [(row["status"], row["epochs"]) for row in rows(command_line)] == [("stopped_early", "1")]
    assert "3 trials or val_accuracy 0.05 on cpu" in printed
    assert status(command_line)["reason"] == "a trial is as good as search.stop_at"


def test_a_trial_over_its_time_keeps_its_score(command_line: CommandLine) -> None:
    long = NEVER_EARLY.replace("epochs: 2", "epochs: 100000").replace("trials: 3", "trials: 1, trial_time: 5s")
    command_line.good("run", command_line.write(long))
    (row,) = rows(command_line)
    assert (row["status"], row["reason"]) == ("stopped_early", "trial_time")
    assert float(row["score"]) > 0


HANGS = """\
import time

import keras


@keras.saving.register_keras_serializable("tests")
class Hanging(keras.layers.Layer):
    def call(self, maps, training=False):
        while training:
            time.sleep(3600)
        return maps


def network(images):
    return Hanging()(keras.layers.Conv2D(2, 3)(images))
"""


@pytest.mark.timeout(120)
def test_a_trial_without_a_first_epoch_in_its_time_is_ended(command_line: CommandLine) -> None:
    command_line.write(HANGS, "hangs.py")
    text = TINY.replace(
        "{scratch: {blocks: {int: [1, 2]}, filters: {choice: [4, 8], per: block}}}",
        '{choice: {hangs: {custom: {function: "hangs:network"}}, works: {scratch: {blocks: 1, filters: 4}}}}',
    )
    starts = "start_from: [{model: hangs}, {model: works}], trial_time: 5s"
    text = text.replace("epochs: 2", "epochs: 1").replace("trials: 3", f"trials: 2, {starts}")
    done = command_line("run", command_line.write(text), "--allow-code")
    assert done.returncode == 0, done.stdout + done.stderr
    hung, worked = rows(command_line)
    assert (hung["status"], hung["reason"], hung["epochs"]) == ("failed", "timeout", "0")
    assert worked["score"]
    assert "its first epoch was not finished after" in done.stdout
    assert "1 of 2 trials failed: 1 timeout." in done.stderr
