"""How a trial lies in its Optuna study, and what can be read from it there.

Each epoch is an attribute of its trial (`epoch:0003`, in the second of several folds `epoch:02:0003`, on a rung below
the last `epoch:rung-1:0003`) besides the intermediate value that pruners read, and a trial's ending is one attribute
written before its final state, so that a reader finds every metric in the study alone.
A trial that goes on after one of its epochs is told the later ones again, under their old names.
A trial that is begun again keeps the attributes of its earlier attempts, since Optuna deletes none; they carry the
number of their attempt, and only those of the last one count.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import asdict
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Failure, Status, TrialRecord
from cnnsearch.search.study.shared import SAME_DRAW, TOO_LATE
from cnnsearch.search.study.stored_record import ATTEMPT, ENDING, EPOCH, FOLD, RUNG, epochs_in, record_in
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.values import Scalar

PARTS = "parts"
"""How many parts a trial's batches go through the network in, where memory was too short for the ones asked for."""
DROPPED = -1
"""The attempt of an epoch that counts no more, since its trial went on after an earlier one."""
START = "start"
FIXED = "fixed_params"
"""Optuna's own attribute for the values of a trial that waits in line."""
_KNOWN = ("parameters", "latency", "model_size", "data", "reduced_batch", "precision", "jit")
_KEPT = ("status", "reason", "message", "best_epoch", "seconds", *_KNOWN)
_OWN_DOING = (Failure.OOM, Failure.NAN, Failure.BUG, Failure.TIMEOUT, Failure.IMPOSSIBLE)
"""Failures that a configuration would have again; a kill, a full disk or lost images may hit any."""


def is_start(trial: FrozenTrial) -> bool:
    """Whether a trial was put in line with values of its own."""
    return START in trial.user_attrs


def record_of(trial: FrozenTrial, objectives: Objectives) -> TrialRecord:
    """What the study knows of a trial."""
    values = {name: _plain(value) for name, value in trial.params.items()}
    return record_in(trial.number, trial.state.name, values, trial.user_attrs, objectives)


def epoch_key(epoch: Epoch) -> str:
    """The name of an epoch's attribute; without rungs and folds, on the last and in the first one, as it always was."""
    if epoch.rung is not None and not epoch.rung.is_last:
        return f"{EPOCH}rung-{epoch.rung.number}:{epoch.number:04d}"
    later = f"{epoch.fold:02d}:" if epoch.fold is not None and epoch.fold > 1 else ""
    return f"{EPOCH}{later}{epoch.number:04d}"


def rung_key(rung: Rung) -> str:
    """The name of the attribute that has the best value of a rung, for trials that were trained alike."""
    return f"{RUNG}:{rung.fidelity}"


def work_of(trial: FrozenTrial) -> float:
    """The work of an epoch of the highest rung that an ended trial reached; 1 for the last, and without rungs."""
    rung = trial.user_attrs.get(ENDING, {}).get(RUNG)
    return 1.0 if rung is None else float(rung["work"])


def cost_nothing(trial: FrozenTrial) -> bool:
    """Whether an ended trial was drawn only, as `TrialRecord.costs_nothing` says it."""
    ending = trial.user_attrs.get(ENDING, {})
    if ending.get("reason") == Failure.IMPOSSIBLE:
        return True
    return ending.get("status") == Status.INFEASIBLE and ending.get("seconds") is None and not epochs_of(trial)


def failed_by_itself(trial: FrozenTrial) -> bool:
    """Whether a trial failed by the doing of its configuration, which would fail again."""
    ending = trial.user_attrs.get(ENDING, {})
    is_own = ending.get("reason") in _OWN_DOING and ending.get("message") not in (SAME_DRAW, TOO_LATE)
    return trial.state is TrialState.FAIL and is_own


def attempt_of(trial: FrozenTrial) -> int:
    """How often a trial was begun again."""
    return int(trial.user_attrs.get(ATTEMPT, 0))


def parts_of(trial: FrozenTrial) -> int | None:
    """How many parts each batch of a trial has since it ran out of memory; None where it never did."""
    return trial.user_attrs.get(PARTS)


def epochs_of(trial: FrozenTrial) -> tuple[Epoch, ...]:
    """The epochs of a trial's last attempt."""
    return epochs_in(trial.user_attrs)


def as_pruners_see(trial: FrozenTrial) -> FrozenTrial:
    """A trial with the values of its last attempt alone: those of earlier ones are of epochs that are still to come."""
    counted = {epoch.number for epoch in epochs_of(trial) if epoch.fold in (None, 1)}
    seen = copy(trial)  # a storage in memory hands out its own object
    seen.intermediate_values = {step: v for step, v in trial.intermediate_values.items() if step in counted}
    return seen


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


def progress_of(trial: FrozenTrial) -> dict[str, Any]:
    """The attributes that say how far a trial is that has not ended."""
    return {key: value for key, value in trial.user_attrs.items() if key in (ATTEMPT, PARTS) or key.startswith(EPOCH)}


def _plain(value: Any) -> Scalar:  # noqa: ANN401 - what a categorical may hold
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
