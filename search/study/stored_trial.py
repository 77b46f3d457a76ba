"""How a trial lies in its Optuna study, and what can be read from it there.

Each epoch is an attribute of its trial (`epoch:0003`, in the second of several folds `epoch:02:0003`, on a rung below
the last `epoch:rung-1:0003`) besides the intermediate value that pruners read, and a trial's ending is one attribute
written before its final state, so that a reader finds every metric in the study alone.
A trial that goes on after one of its epochs is told the later ones again, under their old names.
A trial that is begun again keeps the attributes of its earlier attempts, since Optuna deletes none; they carry the
number of their attempt, and only those of the last one count.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Status, TrialRecord
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.values import Scalar

FOLD = "fold"
RUNG = "rung"
ENDING = "ending"
ATTEMPT = "attempt"
PARTS = "parts"
"""How many parts a trial's batches go through the network in, where memory was too short for the ones asked for."""
DROPPED = -1
"""The attempt of an epoch that counts no more, since its trial went on after an earlier one."""
START = "start"
FIXED = "fixed_params"
"""Optuna's own attribute for the values of a trial that waits in line."""
_EPOCH = "epoch:"
_KNOWN = ("parameters", "latency", "model_size", "data", "reduced_batch", "precision", "jit")
_KEPT = ("status", "reason", "message", "best_epoch", "seconds", *_KNOWN)
_DEFAULT_STATUS = {
    TrialState.WAITING: Status.QUEUED,
    TrialState.RUNNING: Status.RUNNING,
    TrialState.COMPLETE: Status.COMPLETED,
    TrialState.PRUNED: Status.PRUNED,
    TrialState.FAIL: Status.FAILED,
}


def is_start(trial: FrozenTrial) -> bool:
    """Whether a trial was put in line with values of its own."""
    return START in trial.user_attrs


def record_of(trial: FrozenTrial, objectives: Objectives) -> TrialRecord:
    """What the study knows of a trial."""
    epochs = epochs_of(trial)
    ending: Mapping[str, Any] = trial.user_attrs.get(ENDING, {}) if trial.state.is_finished() else {}
    status = Status(ending.get("status", _DEFAULT_STATUS[trial.state]))
    scored = status not in (Status.FAILED, Status.QUEUED)
    outcome = outcome_of(epochs, objectives.epoch) if scored else None
    record = TrialRecord(
        number=trial.number,
        values={name: _plain(value) for name, value in trial.params.items()},
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


def epoch_key(epoch: Epoch) -> str:
    """The name of an epoch's attribute; without rungs and folds, on the last and in the first one, as it always was."""
    if epoch.rung is not None and not epoch.rung.is_last:
        return f"{_EPOCH}rung-{epoch.rung.number}:{epoch.number:04d}"
    later = f"{epoch.fold:02d}:" if epoch.fold is not None and epoch.fold > 1 else ""
    return f"{_EPOCH}{later}{epoch.number:04d}"


def rung_key(rung: Rung) -> str:
    """The name of the attribute that has the best value of a rung, for trials that were trained alike."""
    return f"{RUNG}:{rung.fidelity}"


def work_of(trial: FrozenTrial) -> float:
    """The work of an epoch of the highest rung that an ended trial reached; 1 for the last, and without rungs."""
    rung = trial.user_attrs.get(ENDING, {}).get(RUNG)
    return 1.0 if rung is None else float(rung["work"])


def attempt_of(trial: FrozenTrial) -> int:
    """How often a trial was begun again."""
    return int(trial.user_attrs.get(ATTEMPT, 0))


def parts_of(trial: FrozenTrial) -> int | None:
    """How many parts each batch of a trial has since it ran out of memory; None where it never did."""
    return trial.user_attrs.get(PARTS)


def epochs_of(trial: FrozenTrial) -> tuple[Epoch, ...]:
    """The epochs of a trial's last attempt."""
    attempt = attempt_of(trial)
    found = [
        Epoch(int(key.rpartition(":")[2]), value["metrics"], value["seconds"], value.get(FOLD), _rung(value.get(RUNG)))
        for key, value in trial.user_attrs.items()
        if key.startswith(_EPOCH) and value.get(ATTEMPT, 0) == attempt
    ]
    return tuple(
        sorted(found, key=lambda epoch: (epoch.rung.number if epoch.rung else 0, epoch.fold or 0, epoch.number))
    )


def stored_epoch(epoch: Epoch, metrics: Mapping[str, float], attempt: int) -> dict[str, Any]:
    """The attribute of an epoch, with those of its metrics that are finite."""
    stored: dict[str, Any] = {"metrics": dict(metrics), "seconds": epoch.seconds, ATTEMPT: attempt}
    if epoch.fold is not None:
        stored[FOLD] = epoch.fold
    if epoch.rung is not None:
        stored[RUNG] = epoch.rung.stored()
    return stored


def stored_ending(ending: TrialRecord) -> dict[str, Any]:
    """The attribute of a trial's ending; its values and epochs are known already."""
    stored = {key: value for key, value in asdict(ending).items() if key in _KEPT}
    if ending.rung is not None:
        stored[RUNG] = ending.rung.stored()
    return stored


def _rung(stored: Mapping[str, Any] | None) -> Rung | None:
    return None if stored is None else Rung.read(stored)


def progress_of(trial: FrozenTrial) -> dict[str, Any]:
    """The attributes that say how far a trial is that has not ended."""
    return {key: value for key, value in trial.user_attrs.items() if key in (ATTEMPT, PARTS) or key.startswith(_EPOCH)}


def _plain(value: Any) -> Scalar:  # noqa: ANN401 - what a categorical may hold
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
