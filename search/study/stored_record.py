"""What the attributes of a study and of its trials say, as plain values: read without Optuna, which takes its time.

How they get there, stored_trial.py and stored_objectives.py know.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.constraints import Limit
from cnnsearch.spaces.values import Scalar

STUDY_NAME = "cnnsearch"
"""What the study in a run's own database is called."""
FOLD = "fold"
RUNG = "rung"
ENDING = "ending"
ATTEMPT = "attempt"
EPOCH = "epoch:"
"""How the name of an epoch's attribute begins."""
EPOCH_OBJECTIVE, ALL_OBJECTIVES, LIMITS = "objective", "objectives", "constraints"
"""The attributes of a study that say what its trials are ranked by."""
_DEFAULT_STATUS = {
    "WAITING": Status.QUEUED,
    "RUNNING": Status.RUNNING,
    "COMPLETE": Status.COMPLETED,
    "PRUNED": Status.PRUNED,
    "FAIL": Status.FAILED,
}
"""By the names of Optuna's states."""


def objectives_in(attributes: Mapping[str, Any]) -> Objectives:
    """What a study's trials are ranked by.

    Raises:
        KeyError: it does not say.
    """
    epoch = Objective(**attributes[EPOCH_OBJECTIVE])
    every = tuple(Objective(**each) for each in attributes.get(ALL_OBJECTIVES, ())) or (epoch,)
    return Objectives(every, epoch, tuple(Limit(**each) for each in attributes.get(LIMITS, ())))


def record_in(
    number: int, state: str, values: Mapping[str, Scalar], attributes: Mapping[str, Any], objectives: Objectives
) -> TrialRecord:
    """What a study knows of a trial whose state has this name in Optuna."""
    epochs = epochs_in(attributes)
    is_open = state in ("WAITING", "RUNNING")
    ending: Mapping[str, Any] = {} if is_open else attributes.get(ENDING, {})
    status = Status(ending.get("status", _DEFAULT_STATUS[state]))
    scored = status not in (Status.FAILED, Status.QUEUED)
    outcome = outcome_of(epochs, objectives.epoch) if scored else None
    record = TrialRecord(
        number=number,
        values=values,
        status=status,
        reason=ending.get("reason", ""),
        message=ending.get("message", ""),
        score=outcome.score if outcome and status is not Status.INFEASIBLE else None,
        best_epoch=outcome.best_epoch if outcome else None,
        seconds=ending.get("seconds"),
        parameters=ending.get("parameters"),
        epochs=epochs,
        folds=outcome.folds if outcome else (),
        data=ending.get("data", ""),
        reduced_batch=ending.get("reduced_batch"),
        precision=ending.get("precision", ""),
        jit=ending.get("jit"),
        rung=outcome.rung if outcome else None,
        latency=ending.get("latency"),
        model_size=ending.get("model_size"),
    )
    if objectives.is_plain or record.score is None:
        return record
    return replace(record, objective_values=objectives.values(record))


def epochs_in(attributes: Mapping[str, Any]) -> tuple[Epoch, ...]:
    """The epochs of a trial's last attempt."""
    attempt = int(attributes.get(ATTEMPT, 0))
    found = [
        Epoch(int(key.rpartition(":")[2]), value["metrics"], value["seconds"], value.get(FOLD), _rung(value.get(RUNG)))
        for key, value in attributes.items()
        if key.startswith(EPOCH) and value.get(ATTEMPT, 0) == attempt
    ]
    return tuple(
        sorted(found, key=lambda epoch: (epoch.rung.number if epoch.rung else 0, epoch.fold or 0, epoch.number))
    )


def _rung(stored: Mapping[str, Any] | None) -> Rung | None:
    return None if stored is None else Rung.read(stored)
