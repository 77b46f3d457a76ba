"""A run goes on with a space that has changed: its trials become trials of the new one, or nothing is touched."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cnnsearch import OptunaOracle
from cnnsearch.search.changed_space import take_over
from cnnsearch.search.model.hypermodel import decoded, encoded, hyperparameters_of
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import sqlite_url
from cnnsearch.search.study.reading import read_trials
from cnnsearch.search.writing import write_text
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.points import first_trials
from cnnsearch.spaces.space import Space

OBJECTIVE = Objective.of("val_accuracy")
BEFORE = """
data: {source: x, image_size: 32}
model:
  scratch:
    blocks: {int: [1, 2]}
    filters: {choice: [8, 16], per: block}
    pool_stride: {choice: [null, 1]}
optimizer: {choice: {adam: {learning_rate: {float: [0.001, 0.01], scale: log}}, sgd: {}}}
"""
WIDER = """
data: {source: elsewhere, image_size: {choice: [32, 48]}}
model:
  choice:
    scratch:
      blocks: {int: [1, 4]}
      filters: {choice: [8, 16, 32], per: block}
      pool_stride: {choice: [null, 1, 2]}
      kernel_size: {choice: [3, 5]}
    vgg16: {weights: null}
optimizer: {choice: {adam: {learning_rate: {float: [0.0001, 0.1], scale: log}}, sgd: {}, lion: {}}}
search: {trials: 50, start_from: [{model: vgg16}]}
"""


def space(text: str) -> Space:
    return loads_space(text, "s")


def oracle_of(run: RunFolder, searched: Space, **settings: Any) -> OptunaOracle:
    run.path.mkdir(parents=True, exist_ok=True)
    oracle = OptunaOracle(
        "val_accuracy",
        hyperparameters=hyperparameters_of(searched),
        seed=1,
        storage=sqlite_url(run.study),
        start_from=[encoded(searched, start) for start in first_trials(searched)],
        **{"max_trials": 50, "max_consecutive_failed_trials": 50, **settings},
    )
    oracle.verbose = 0
    return oracle


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with completed, pruned and failed trials, and one that was interrupted."""
    folder = RunFolder(tmp_path / "runs/s-001")
    write_text(folder.resolved, space(BEFORE).to_yaml())
    oracle = oracle_of(folder, space(BEFORE))
    endings = [Status.COMPLETED, Status.PRUNED, Status.STOPPED_EARLY, Status.FAILED] * 2
    for number, status in enumerate(endings):
        trial = oracle.create_trial("t")
        for epoch in (1, 2):
            oracle.report(trial.trial_id, Epoch(epoch, {"val_accuracy": 0.5 + number / 100, "loss": 1.0}, 2.0))
        record = oracle.study.record(int(trial.trial_id))
        oracle.conclude(trial, replace(record, status=status, reason="why", seconds=4.0))
    oracle.create_trial("t")
    return folder


def configurations(searched: Space, records: list[TrialRecord]) -> list[Any]:
    return [searched.configuration(decoded(searched, record.values)).model for record in records]


def test_every_trial_stays_under_its_number_with_all_that_is_known_of_it(run: RunFolder) -> None:
    before = read_trials(run)
    take_over(run, space(WIDER), OBJECTIVE)
    after = read_trials(run)
    known = [replace(record, values={}) for record in before[:-1]]
    assert [replace(record, values={}) for record in after[:-1]] == known
    assert configurations(space(WIDER), after[:-1]) == configurations(space(BEFORE), before[:-1])
    assert after[-1].status is Status.QUEUED
    assert (run.path / "study.before.db").is_file()


def test_the_search_goes_on_in_the_wider_space_and_the_interrupted_trial_with_its_values(run: RunFolder) -> None:
    before, wider = read_trials(run), space(WIDER)
    take_over(run, wider, OBJECTIVE)
    oracle = oracle_of(run, wider)
    again, first = oracle.create_trial("t"), oracle.create_trial("u")
    assert int(again.trial_id) == before[-1].number
    drawn_again = replace(before[-1], values=again.hyperparameters.values)
    assert configurations(wider, [drawn_again]) == configurations(space(BEFORE), before[-1:])
    assert decoded(wider, first.hyperparameters.values)["model"] == "vgg16"
    drawn = [decoded(wider, oracle.create_trial(str(number)).hyperparameters.values) for number in range(25)]
    assert {values.get("model.scratch.blocks") for values in drawn} & {3, 4}


def test_taking_over_twice_does_nothing_the_second_time(run: RunFolder) -> None:
    take_over(run, space(WIDER), OBJECTIVE)
    once = read_trials(run)
    take_over(run, space(WIDER), OBJECTIVE)
    assert read_trials(run) == once


def test_a_space_without_room_for_a_trial_is_refused_and_nothing_changes(run: RunFolder) -> None:
    known = run.study.read_bytes()
    narrower = space(BEFORE.replace("[8, 16]", "[8]"))
    with pytest.raises(
        CnnSearchError,
        match=r"must have room for every trial of the run, got none for trial \d+ \(model\.scratch\.filters\.\d: "
        r"it is one of 8 in this space, got 16\), and \d+ more\. "
        r"What went missing: model\.scratch\.filters\.0 \(narrowed\)",
    ):
        take_over(run, narrower, OBJECTIVE)
    assert run.study.read_bytes() == known
    assert not (run.path / "study.before.db").exists()


def test_another_objective_is_refused(run: RunFolder) -> None:
    with pytest.raises(CnnSearchError, match=r"it ranks by val_accuracy \(max\), got val_loss \(min\)"):
        take_over(run, space(WIDER), Objective.of("val_loss"))


def test_priors_and_starts_are_tried_first_and_once(tmp_path: Path) -> None:
    text = BEFORE.replace("scale: log}", "scale: log, prior: 0.002}").replace("[1, 2]}", "[1, 2], prior: 2}")
    plain = space(text)
    oracle = oracle_of(RunFolder(tmp_path / "a"), plain)
    first = decoded(plain, oracle.create_trial("t").hyperparameters.values)
    assert first["model.scratch.blocks"] == 2
    assert first.get("optimizer.adam.learning_rate", 0.002) == 0.002
    started = space(text + "search: {start_from: [{model: {scratch: {blocks: 1, filters: [16]}}}, {optimizer: adam}]}")
    folder = RunFolder(tmp_path / "b")
    oracle = oracle_of(folder, started)
    values = [decoded(started, oracle.create_trial(str(number)).hyperparameters.values) for number in range(2)]
    assert (values[0]["model.scratch.blocks"], values[0]["model.scratch.filters.0"]) == (1, 16)
    assert (values[1]["model.scratch.blocks"], values[1]["optimizer.adam.learning_rate"]) == (2, 0.002)
    oracle_of(folder, started)
    assert len(read_trials(folder)) == 2
