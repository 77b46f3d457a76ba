"""Workers of one study, each in a process of its own with a run folder of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import keras
import optuna
import pytest

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.study import TrialStudy
from tests.cnnsearch.command_line import TINY, end

STAND_IN = Path(__file__).with_name("stand_in_worker.py")
CAMPAIGN = Path(__file__).parents[2] / "campaign"
"""Where the training is that only sleeps."""
SPACE = TINY.replace("epochs: 2", "epochs: 3, early_stopping: null").replace(
    "search: {trials: 3, ", "search: {trials: TRIALS, artifacts: ARTIFACTS, max_failures_in_a_row: 1000, "
)


@dataclass
class Team:
    """Workers of the study `team`; they share nothing but its database's address.

    Attributes:
        folder: has a run folder of each, which nobody else looks into.
        storage: of the study.
        pace: seconds of an epoch.
        beat: seconds between two heartbeats.
        artifacts: where all of them keep their models.
    """

    folder: Path
    storage: str
    trials: int = 8
    pace: float = 0.1
    beat: float = 0.5
    artifacts: str = "null"
    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    def start(self, name: str, kind: str = "worker", storage: str = "") -> "subprocess.Popen[str]":
        """Start a worker of this name."""
        space, model = self.folder / "space.yaml", self.folder / "stand_in.keras"
        text = SPACE.replace("TRIALS", str(self.trials)).replace("ARTIFACTS", self.artifacts)
        space.write_text(text, encoding="utf-8")
        if not model.is_file():
            inputs = keras.Input((8, 8, 1))
            layers = [inputs, keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
            keras.Sequential(layers).save(model)
        places = (space, "team", self.folder / name, self.folder / "cache", model, self.pace, self.beat)
        process = subprocess.Popen(
            [sys.executable, str(STAND_IN), kind, *map(str, places)],
            env=os.environ
            | {"CNNSEARCH_STORAGE": storage or self.storage, "CNNSEARCH_OFFLINE": "1", "PYTHONPATH": str(CAMPAIGN)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def records(self) -> list[TrialRecord]:
        """All trials, as anybody may look at them."""
        storage = open_storage(self.storage)
        try:
            study = optuna.load_study(study_name="team", storage=storage)
            return TrialStudy(study, storage, Objectives.around(Objective.of("val_accuracy"))).records()
        except KeyError:  # not begun yet
            return []
        finally:
            storage.remove_session()
            storage.engine.dispose()

    def ended(self) -> list[TrialRecord]:
        """The trials that have ended and cost one of the budget."""
        return [trial for trial in self.records() if trial.status.ended and not trial.costs_nothing]

    def close(self) -> None:
        """End those that a test has left behind."""
        end(self.started)


@pytest.fixture
def team(tmp_path: Path, postgres) -> Iterator[Team]:
    """Workers that may be started, on a database of their own."""
    found = Team(tmp_path, postgres.database())
    yield found
    found.close()


def code_of(process: "subprocess.Popen[str]", seconds: float = 240) -> int:
    """How a worker ended, which it must do in time."""
    _, told = process.communicate(timeout=seconds)
    assert process.returncode == 0, told
    return process.returncode


def keys(trials: list[TrialRecord]) -> set[str]:
    """What tells the configurations of trials from each other."""
    return {repr(sorted(trial.values.items())) for trial in trials}


def wait_for(team: Team, ended: int, seconds: float = 240) -> None:
    """Let a team go on until so many trials have ended."""
    until = time.monotonic() + seconds
    while len(team.ended()) < ended:
        assert time.monotonic() < until, f"{len(team.ended())} of {ended} trials end in {seconds:g} s"
        time.sleep(0.1)
