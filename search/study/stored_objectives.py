"""How objectives and constraints lie in an Optuna study: its attributes say what they are, its trials how they stand.

One metric alone is stored as it always was. Samplers read the constraints of a trial as Optuna's own: a number for
each, over 0 where it is broken.
"""

from dataclasses import asdict
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.search.study.stored_record import ALL_OBJECTIVES, EPOCH_OBJECTIVE, LIMITS, objectives_in
from cnnsearch.spaces.errors import CnnSearchError

_STATES = {
    Status.COMPLETED: TrialState.COMPLETE,
    Status.STOPPED_EARLY: TrialState.COMPLETE,
    Status.PRUNED: TrialState.PRUNED,
    Status.INFEASIBLE: TrialState.COMPLETE,
    Status.FAILED: TrialState.FAIL,
}
_VIOLATION = "constraints:"
"""How Optuna's names of a trial's constraints begin."""


def check_objectives(study: optuna.Study, objectives: Objectives) -> None:
    """Note in a new study what its trials are ranked by.

    Raises:
        CnnSearchError: it is not new, and ranks by something else or keeps to other constraints.
    """
    if study.user_attrs.get(EPOCH_OBJECTIVE) is None:
        for name, value in _attributes(objectives).items():
            study.set_user_attr(name, value)
        return
    stored = stored_objectives(study)
    if stored != objectives:
        raise CnnSearchError(
            f"study {study.study_name!r}: it ranks by {_told(stored)}, got {_told(objectives)}. "
            "Use another storage or study name."
        )


def stored_objectives(study: optuna.Study) -> Objectives:
    """What a study's trials are ranked by.

    Raises:
        KeyError: it does not say.
    """
    return objectives_in(study.user_attrs)


def _attributes(objectives: Objectives) -> dict[str, Any]:
    found: dict[str, Any] = {EPOCH_OBJECTIVE: asdict(objectives.epoch)}
    if not objectives.is_plain:
        found[ALL_OBJECTIVES] = [asdict(each) for each in objectives.all]
    if objectives.limits:
        found[LIMITS] = [asdict(each) for each in objectives.limits]
    return found


def _told(objectives: Objectives) -> str:
    ranked = ", ".join(f"{each.metric} ({each.direction})" for each in objectives.all)
    limits = ", ".join(f"{limit.name} {limit.sign} {limit.bound:g}" for limit in objectives.limits)
    return f"{ranked} within {limits}" if limits else ranked


def note_violations(storage: BaseStorage, trial_id: int, objectives: Objectives, ending: TrialRecord) -> None:
    """Write down how an ended trial stands to each constraint, for samplers to learn from."""
    for name, violation in objectives.violations(ending).items():
        storage.set_trial_system_attr(trial_id, f"{_VIOLATION}{name}", violation)


def told_ending(objectives: Objectives, ending: TrialRecord) -> tuple[TrialState, tuple[float, ...]]:
    """Optuna's state of an ended trial, and its values where it is complete.

    Pruned is also what is infeasible, and known to be bad but not how bad; and what ended below the last rung, for
    samplers would take its score for one of the last.
    """
    state = _STATES[ending.status]
    if state is not TrialState.COMPLETE:
        return state, ()
    values = (ending.score,) if objectives.is_plain and ending.score is not None else objectives.values(ending)
    return (state, values) if values and ending.is_whole else (TrialState.PRUNED, ())
