"""Runs for the page: real studies with made-up trials, and the files that lie beside them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest

from cnnsearch.reports.page.facts import Facts, read_facts
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Failure, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.study import TrialStudy

ACCURACY = Objective.of("val_accuracy")
EVIL = "<script>alert(1)</script>"
RATE = optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True)
KINDS = optuna.distributions.CategoricalDistribution(["adam", "sgd"])


def ended(number: int) -> TrialRecord:
    """The trial of this number: every seventh failed, every third pruned, the others are complete."""
    kind = "adam" if number % 2 else "sgd"
    values = {"optimizer": kind, f"optimizer.{kind}.learning_rate": 10 ** -(2 + number % 30 / 10)}
    if number % 7 == 6:
        return TrialRecord(number, values, Status.FAILED, Failure.OOM, f"no memory for {EVIL}", seconds=1.25)
    accuracy = 0.5 + (number * 7 % 40) / 100
    metrics = {"loss": 1 / (number + 1), "val_loss": 2 / (number + 3), "val_accuracy": accuracy}
    epochs = (Epoch(1, metrics | {"val_accuracy": accuracy / 2}, 0.5), Epoch(2, metrics, 0.75))
    status = Status.PRUNED if number % 3 == 2 else Status.COMPLETED
    reason = "behind the others" if status is Status.PRUNED else ""
    return TrialRecord(number, values, status, reason, "", accuracy, 2, 1.5, 1000 + number, epochs, data="43a2-8x8x1")


def fill(run: RunFolder, trials: Sequence[TrialRecord], objective: Objective | Objectives = ACCURACY) -> None:
    """Write trials into a run's study, as a search does."""
    run.path.mkdir(parents=True, exist_ok=True)
    study = TrialStudy.open(open_storage(sqlite_url(run.study)), objective)
    for trial in trials:
        distributions = {name: RATE if name.endswith("learning_rate") else KINDS for name in trial.values}
        number = study.begin(trial.values, distributions)
        for epoch in trial.epochs:
            study.report(number, epoch)
        if trial.status.ended:
            study.tell(trial)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A finished run of 40 trials."""
    made = RunFolder(tmp_path / "basic-001")
    fill(made, [ended(number) for number in range(40)])
    made.status.write_text(json.dumps({"state": "finished", "reason": "all trials are done", "seconds": 61.5}))
    return made


@pytest.fixture
def facts(tmp_path: Path) -> Callable[..., Facts]:
    """Makes the facts of a run with these trials and these files beside its study."""

    def make(trials: Sequence[TrialRecord], objective: Objective | Objectives = ACCURACY, **files: Any) -> Facts:
        run = RunFolder(tmp_path / "basic-001")
        run.best.path.mkdir(parents=True, exist_ok=True)
        places = {"metrics": run.best.metrics, "status": run.status, "dataset": run.dataset, "doctor": run.doctor}
        for name, content in files.items():
            (places | {"environment": run.environment})[name].write_text(json.dumps(content))
        return read_facts(run, trials, Objectives.around(objective))

    return make
