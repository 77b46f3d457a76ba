"""A trial that a fault interrupts while it is written is there whole or not at all, and is asked for again."""

import sqlite3
from pathlib import Path
from typing import Any

import keras_tuner
import pytest
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from sqlalchemy import event

from cnnsearch import OptunaOracle
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.storage import StudyStorage


def opened(folder: Path, **settings: Any) -> tuple[OptunaOracle, StudyStorage]:
    storage = open_storage(sqlite_url(folder / "study.db"))
    assert isinstance(storage, StudyStorage)
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.Float("rate", 0.0, 1.0)
    hyperparameters.Int("units", 1, 100)
    objective = keras_tuner.Objective("val_accuracy", "max")
    made = OptunaOracle(objective, 5, hyperparameters, seed=7, storage=storage, **settings)
    made.verbose = 0
    return made, storage


def refuse_once(storage: StudyStorage, table: str) -> None:
    """Let the next line that goes into a table find no room."""
    left = [1]

    def refuse(connection: object, cursor: object, statement: str, *others: object) -> None:
        if left and statement.startswith(f"INSERT INTO {table}"):
            left.pop()
            raise sqlite3.OperationalError("database or disk is full")

    event.listen(storage.engine, "before_cursor_execute", refuse)


def states(oracle: OptunaOracle) -> list[TrialState]:
    return [trial.state for trial in oracle.study.trials()]


@pytest.mark.parametrize("start", [(), ({"rate": 0.5},)])
def test_a_trial_that_found_no_room_is_drawn_again_alike(tmp_path: Path, start: tuple[dict[str, float], ...]) -> None:
    whole, _ = opened(tmp_path, start_from=start)
    wanted = whole.create_trial("a").hyperparameters.values
    (tmp_path / "again").mkdir()
    oracle, storage = opened(tmp_path / "again", start_from=start)
    refuse_once(storage, "trial_params")
    before = states(oracle)
    with pytest.raises(StorageInternalError, match="database or disk is full"):
        oracle.create_trial("a")
    assert states(oracle) == before
    trial = oracle.create_trial("a")
    assert (trial.trial_id, trial.hyperparameters.values) == ("0000", wanted)
    assert states(oracle) == [TrialState.RUNNING]


def test_an_impossible_draw_whose_ending_found_no_room_is_not_left_behind(tmp_path: Path) -> None:
    refused = ["too small"]
    oracle, storage = opened(tmp_path, reject=lambda values: refused.pop() if refused else None)
    refuse_once(storage, "trial_user_attributes")
    with pytest.raises(StorageInternalError, match="database or disk is full"):
        oracle.create_trial("a")
    assert states(oracle) == []


def test_a_trial_that_ran_out_of_memory_keeps_its_parts_over_an_interruption(tmp_path: Path) -> None:
    oracle, _ = opened(tmp_path)
    trial = oracle.create_trial("a")
    oracle.begin_again(trial, 4)
    oracle.begin_again(trial)  # for another reason
    again, _ = opened(tmp_path)
    assert again.create_trial("a").trial_id == trial.trial_id
    assert again.study.parts(0) == 4


def test_a_trial_that_found_no_room_at_the_commit_is_drawn_again_alike(tmp_path: Path) -> None:
    whole, _ = opened(tmp_path)
    wanted = whole.create_trial("a").hyperparameters.values
    (tmp_path / "again").mkdir()
    oracle, storage = opened(tmp_path / "again")
    left = [1]

    def refuse(_connection: object) -> None:
        if left:
            left.pop()
            raise sqlite3.OperationalError("database or disk is full")

    event.listen(storage.engine, "commit", refuse)
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        oracle.create_trial("a")
    trial = oracle.create_trial("a")
    assert (trial.trial_id, trial.hyperparameters.values) == ("0000", wanted)
    assert states(oracle) == [TrialState.RUNNING]
