"""A trial as KerasTuner has it, made of what the study knows."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from cnnsearch.search.engine.keras_objectives import keras_status
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Failure, Objective, Status, TrialRecord


def running_trial(number: int, values: dict[str, Any], space: keras_tuner.HyperParameters) -> Trial:
    """A trial that begins with these values in a space."""
    hyperparameters = space.copy()
    hyperparameters.values = values
    return Trial(hyperparameters=hyperparameters, trial_id=f"{number:04d}", status=TrialStatus.RUNNING)


def ended_trial(record: TrialRecord, space: keras_tuner.HyperParameters, objectives: Objectives) -> Trial:
    """A trial of an earlier session, with the metrics of its epochs."""
    trial = running_trial(record.number, dict(record.values), space)
    trial.status = keras_status(record)
    for epoch in record.epochs:
        note_metrics(trial, epoch.metrics, epoch.number, objectives)
    trial.score, trial.best_step, trial.message = record.score, record.best_epoch or 0, record.message
    return trial


def ending_of(trial: Trial, record: TrialRecord, objective: Objective, pruned: str) -> TrialRecord:
    """How KerasTuner's tuner ended a trial, of whose epochs the study knows; `pruned` says why it was, empty if not."""
    message = (trial.message or "").strip().rsplit("\n", 1)[-1]
    if pruned:
        return replace(record, status=Status.PRUNED, reason=pruned, message="")
    if trial.status == TrialStatus.COMPLETED and outcome_of(record.epochs, objective) is not None:
        return replace(record, status=Status.COMPLETED, reason="", message=message)
    return replace(record, status=Status.FAILED, reason=Failure.BUG if message else Failure.NAN, message=message)


def note_metrics(trial: Trial, metrics: Mapping[str, float], step: int, objectives: Objectives) -> None:
    """Tell a trial of the metrics of one of its epochs."""
    for name, value in metrics.items():
        if not math.isfinite(value):  # KerasTuner would warn of it, and rank by infinity
            continue
        if not trial.metrics.exists(name):
            trial.metrics.register(name, direction=objectives.direction(name))
        trial.metrics.update(name, value, step=step)
