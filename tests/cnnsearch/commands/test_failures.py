"""Trials that fail: what becomes of them, of their search, and what a person is told."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnsearch.spaces.load import load_space
from tests.cnnsearch.command_line import TINY, CommandLine

RUN = Path("runs/tiny-001")
GREEDY = """\
import keras
import numpy as np
import tensorflow as tf

fitting = keras.Model.train_step


def allocated(labels):
    # At once more than any machine has, or nothing.
    return np.ones(2**50 if len(labels) > 24 else 1)[:1]


def train_step(self, data):
    with tf.control_dependencies([tf.numpy_function(allocated, [data[1]], tf.float64)]):
        return fitting(self, data)


def network(images):
    keras.Model.train_step = train_step
    return keras.layers.Conv2D(4, 3)(keras.layers.Rescaling(1 / 255)(images))
"""
GREEDY_SPACE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {custom: {function: "greedy:network"}}
optimizer: {adam: {learning_rate: {float: [0.001, 0.01], scale: log}}}
training: {epochs: 2, batch_size: 64, schedule: cosine}
search: {trials: 1, pruner: none}
"""
OWN_LAYER = """\
import keras


class Own(keras.layers.Layer):
    def call(self, images):
        return images / 255


def network(images):
    return keras.layers.Conv2D(4, 3)(Own()(images))
"""
DOOMED = TINY.replace(
    "{choice: {adam: {learning_rate: {float: [0.001, 0.01], scale: log}}, rmsprop: {}}}", "{sgd: {learning_rate: 1e38}}"
)
ONE_GOOD = TINY.replace(
    "{choice: {adam: {learning_rate: {float: [0.001, 0.01], scale: log}}, rmsprop: {}}}",
    "{choice: {adam: {learning_rate: 0.01}, sgd: {learning_rate: {float: [1.0e+37, 1.0e+38], scale: log}}}}",
)


def rows(line: CommandLine, run: Path = RUN) -> list[dict[str, str]]:
    with (line.folder / run / "trials.csv").open(newline="", encoding="utf-8") as file:
        return sorted(csv.DictReader(file), key=lambda row: int(row["trial"]))


def test_a_trial_without_enough_memory_is_tried_again_in_smaller_parts(command_line: CommandLine) -> None:
    command_line.write(GREEDY, "greedy.py")
    space = command_line.write(GREEDY_SPACE)
    printed = command_line.good("run", space, "--allow-code")
    told = [line.partition(" (")[0] for line in printed.splitlines() if "ran out of memory" in line]
    assert told == [
        "trial 0 ran out of memory; again with steps of 2 times 32 images",
        "trial 0 ran out of memory; again with steps of 4 times 16 images",
    ]
    (row,) = rows(command_line)
    assert (row["status"], row["epochs"], row["reduced_batch"]) == ("completed", "2", "16")
    run = command_line.folder / RUN
    retried = [e for e in map(json.loads, (run / "events.jsonl").read_text().splitlines()) if "Retried" in e["event"]]
    assert [(event["reason"], event["batch"], event["parts"]) for event in retried] == [("oom", 32, 2), ("oom", 16, 4)]
    log = (run / "trials/0000/log.txt").read_text()
    assert log.count("MemoryError") >= 2
    assert "--- trial 0 ran out of memory; again with steps of 4 times 16 images ---" in log
    training = load_space(run / "best/config.yaml", allow_code=True).configuration({}).training
    assert (training.batch_size, training.accumulate) == (64, 4)


@pytest.mark.timeout(300)
def test_a_trial_in_smaller_parts_that_is_interrupted_goes_on_in_them(
    command_line: CommandLine, wait_for: Callable[..., None]
) -> None:
    command_line.write(GREEDY, "greedy.py")
    asked = ("run", command_line.write(GREEDY_SPACE.replace("epochs: 2", "epochs: 12")), "--allow-code")
    process = command_line.start(*asked)
    folder = command_line.folder / RUN / "trials/0000"
    wait_for(lambda: (folder / "history.csv").is_file() and process.poll() is None)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert (folder / "backup/state.npz").is_file()
    told = command_line.good(*asked)
    assert "goes on after epoch" in told
    assert "ran out of memory" not in told
    (row,) = rows(command_line)
    assert (row["status"], row["epochs"], row["reduced_batch"]) == ("completed", "12", "16")


def test_a_search_in_which_all_fails_ends_after_as_many_as_it_says(command_line: CommandLine) -> None:
    done = command_line("run", command_line.write(DOOMED), "--trials", "50", "--set", "search.max_failures_in_a_row=2")
    assert done.returncode == 1
    assert "the last 2 trials failed, all with nan. Trial 1 says: loss is " in done.stderr
    assert len(rows(command_line)) == 2
    assert not list((command_line.folder / RUN / "trials").glob("*/model.keras"))


def test_without_that_limit_every_trial_is_made(command_line: CommandLine) -> None:
    settings = ("--trials", "6", "--set", "search.max_failures_in_a_row=null")
    done = command_line("run", command_line.write(DOOMED), *settings)
    assert done.returncode == 1
    assert "a search needs a trial with a score, got none" in done.stderr
    assert [row["reason"] for row in rows(command_line)] == ["nan"] * 6


def test_one_good_trial_is_a_success_with_a_warning(command_line: CommandLine) -> None:
    bad = ", ".join(f"{{optimizer: {{sgd: {{learning_rate: {rate}}}}}}}" for rate in (5e37, 9e37))
    starts = f"start_from: [{{optimizer: adam}}, {bad}]"
    text = ONE_GOOD.replace("trials: 3", f"trials: 20, max_failures_in_a_row: 2, sampler: random, {starts}")
    done = command_line("run", command_line.write(text))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the last 2 trials failed, all with nan" in done.stderr
    assert "2 of 3 trials failed: 2 nan. The log.txt in the folder of each says why." in done.stderr
    assert (command_line.folder / RUN / "best/model.keras").is_file()


@pytest.mark.timeout(300)
def test_a_best_model_that_cannot_be_evaluated_is_there_without_its_scores(command_line: CommandLine) -> None:
    command_line.write(OWN_LAYER, "own.py")  # its layer is not known to Keras, so nobody else can open the model
    space = command_line.write(GREEDY_SPACE.replace("greedy:", "own:"))
    done = command_line("run", space, "--allow-code")
    assert done.returncode == 0, done.stderr
    best = RUN / "best"
    assert f"{best}: the model is there, but without its scores: it could not be evaluated, got bug: " in done.stderr
    assert f"{best}/log.txt says more; cnnsearch evaluate {best} PHOTOS measures it." in done.stderr
    names = {path.name for path in (command_line.folder / best).iterdir()}
    assert {"model.keras", "config.yaml", "classes.json", "log.txt"} <= names
    assert not names & {"metrics.json", "predictions.csv"}
    assert "Could not locate class 'Own'" in (command_line.folder / best / "log.txt").read_text()
    (row,) = rows(command_line)
    assert row["status"] == "completed"
    retrained = command_line("retrain", str(RUN), "--allow-code")
    assert retrained.returncode == 0, retrained.stderr
    assert "the model is there, but without its scores" in retrained.stderr
    assert (command_line.folder / RUN / "retrained-001/model.keras").is_file()
