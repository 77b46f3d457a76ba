"""The Optuna study of a run: the only truth about its trials, and the one module that knows how they lie in it.

Each epoch is an attribute of its trial (`epoch:0003`, in the second of several folds `epoch:02:0003`) besides the
intermediate value that pruners read, and a trial's ending is one attribute written before its final state, so that a
reader finds every metric in the study alone.
A trial that is begun again keeps the attributes of its earlier attempts, since Optuna deletes none; they carry the
number of their attempt, and only those of the last one count.
"""

import json
import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.values import Scalar

STUDY_NAME = "cnnsearch"
_EPOCH = "epoch:"
_FOLD = "fold"
_ENDING = "ending"
_ATTEMPT = "attempt"
_START = "start"
_WRITER_WAIT = 60.0
"""Seconds that SQLite waits for another writer."""

_STATES = {
    Status.COMPLETED: TrialState.COMPLETE,
    Status.STOPPED_EARLY: TrialState.COMPLETE,
    Status.PRUNED: TrialState.PRUNED,
    Status.FAILED: TrialState.FAIL,
}
_DEFAULT_STATUS = {
    TrialState.WAITING: Status.QUEUED,
    TrialState.RUNNING: Status.RUNNING,
    TrialState.COMPLETE: Status.COMPLETED,
    TrialState.PRUNED: Status.PRUNED,
    TrialState.FAIL: Status.FAILED,
}


def sqlite_url(path: Path) -> str:
    """The storage URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path.absolute())).render_as_string()


def open_storage(url: str) -> BaseStorage:
    """The storage behind a database URL; made if it does not exist.

    Raises:
        CnnSearchError: the database cannot be opened.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    arguments = {"connect_args": {"timeout": _WRITER_WAIT}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    try:
        with _readable(url):
            return RDBStorage(url, engine_kwargs=arguments)
    except (ValueError, ImportError, RuntimeError) as error:
        raise CnnSearchError(
            f"{url}: a study's database must open, got {type(error).__name__}: {error}. Check the URL and its driver."
        ) from error


@contextmanager
def _readable(place: str | Path) -> Iterator[None]:
    """Within it, a database that cannot be opened or read is an error that names it."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        cause = str(error.__cause__ or error).splitlines()[0]
        raise CnnSearchError(
            f"{place}: a study's database must be whole and readable, got {cause}. "
            "Restore it from a copy, or begin a new run."
        ) from error


class TrialStudy:
    """A study to ask for trials and to tell about them.

    One object is meant for one parent process; calls come one at a time (the oracle holds the lock).
    """

    def __init__(self, study: optuna.Study, storage: BaseStorage, objective: Objective) -> None:
        self.objective = objective
        self._study = study
        self._storage = storage
        self._study_id = storage.get_study_id_from_name(study.study_name)
        self._asked: dict[int, optuna.Trial] = {}
        self._attempts: dict[int, int] = {}

    @classmethod
    def open(
        cls,
        storage: BaseStorage,
        objective: Objective,
        *,
        name: str = STUDY_NAME,
        sampler: BaseSampler | None = None,
        pruner: optuna.pruners.BasePruner | None = None,
    ) -> "TrialStudy":
        """The study of this name, made if it does not exist.

        Raises:
            CnnSearchError: it exists and ranks by another objective, or its database is damaged.
        """
        direction = StudyDirection.MAXIMIZE if objective.direction == "max" else StudyDirection.MINIMIZE
        with _readable(f"study {name!r}"):
            study = optuna.create_study(
                storage=storage,
                study_name=name,
                direction=direction,
                sampler=sampler,
                pruner=pruner,
                load_if_exists=True,
            )
        stored = study.user_attrs.get("objective")
        if stored is None:
            study.set_user_attr("objective", asdict(objective))
        elif stored != asdict(objective):
            raise CnnSearchError(
                f"study {name!r}: it ranks by {stored['metric']} ({stored['direction']}), "
                f"got {objective.metric} ({objective.direction}). Use another storage or study name."
            )
        return cls(study, storage, objective)

    def requeue_running(self) -> list[int]:
        """Put trials that a dead parent left running back in line, with their values; gives their numbers.

        Only the one parent of a study may call this: a running trial of another machine would run twice.
        """
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            self.requeue(trial.number)
        return [trial.number for trial in running]

    def requeue(self, number: int) -> None:
        """Put one running trial back in line: the next to ask gets it, with its number and its values."""
        self.begin_again(number)
        self._asked.pop(number, None)
        self._storage.set_trial_state_values(self._trial_id(number), TrialState.WAITING)

    def begin_again(self, number: int) -> None:
        """From now on the epochs that a running trial has reported count no more: it is run again from its start."""
        trial_id = self._trial_id(number)
        attempt = _attempt(self._storage.get_trial(trial_id)) + 1
        self._storage.set_trial_user_attr(trial_id, _ATTEMPT, attempt)
        self._attempts[number] = attempt

    def enqueue(self, values: Mapping[str, Scalar]) -> None:
        """Put a trial in line that has these values; the sampler draws what they leave open.

        Values that were put in line before, in this session or an earlier one, are not tried again.
        """
        mark = json.dumps(dict(values), sort_keys=True)
        known = self._study.get_trials(deepcopy=False)
        if all(trial.user_attrs.get(_START) != mark for trial in known):
            self._study.enqueue_trial(dict(values), user_attrs={_START: mark})

    def ask(self) -> optuna.Trial:
        """The next trial: one that waits in line, or a new one."""
        trial = self._study.ask()
        self._asked[trial.number] = trial
        self._attempts[trial.number] = trial.user_attrs.get(_ATTEMPT, 0)
        return trial

    def report(self, number: int, epoch: Epoch) -> bool:
        """Record a finished epoch; gives whether the pruner would end the trial here.

        A pruner compares trials at the same epoch, and every trial has its first fold's epochs. Later folds begin with
        fresh weights: their first epochs would look like a fall, so no pruner sees them.
        """
        trial_id, storage = self._trial_id(number), self._storage
        first = epoch.fold in (None, 1)
        metrics = {name: value for name, value in epoch.metrics.items() if math.isfinite(value)}
        value = metrics.get(self.objective.metric)
        if (
            first and value is not None
        ):  # what is not finite neither ranks nor reaches a pruner, which would read it as an ending
            storage.set_trial_intermediate_value(trial_id, epoch.number, value)
        attribute = {"metrics": metrics, "seconds": epoch.seconds, _ATTEMPT: self._attempts.get(number, 0)}
        if epoch.fold is not None:
            attribute[_FOLD] = epoch.fold
        storage.set_trial_user_attr(trial_id, _key(epoch), attribute)
        return first and value is not None and self._behind(storage.get_trial(trial_id))

    def _behind(self, trial: FrozenTrial) -> bool:
        """What the pruner says; the epochs of earlier attempts would make it judge an epoch that is still to come."""
        counted = {epoch.number for epoch in _epochs(trial) if epoch.fold in (None, 1)}
        judged = copy(trial)  # a storage in memory hands out its own object
        judged.intermediate_values = {step: v for step, v in trial.intermediate_values.items() if step in counted}
        return self._study.pruner.prune(self._study, judged)

    def tell(self, ending: TrialRecord) -> None:
        """Record how a trial ended; its values and epochs are known already."""
        kept = ("status", "reason", "message", "best_epoch", "seconds", "parameters", "data", "reduced_batch")
        attribute = {key: value for key, value in asdict(ending).items() if key in kept}
        self._storage.set_trial_user_attr(self._trial_id(ending.number), _ENDING, attribute)
        state = _STATES[ending.status]
        self._study.tell(ending.number, ending.score if state is TrialState.COMPLETE else None, state=state)
        self._asked.pop(ending.number, None)

    def set_attribute(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        """Keep a JSON value beside the trials."""
        self._study.set_user_attr(name, value)

    def attribute(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """What is kept beside the trials under a name; None where nothing is."""
        return self._study.user_attrs.get(name)

    def records(self) -> list[TrialRecord]:
        """All trials, in the order of their numbers."""
        return [record_of(trial, self.objective) for trial in self._study.get_trials(deepcopy=False)]

    def record(self, number: int) -> TrialRecord:
        """One trial."""
        return record_of(self._storage.get_trial(self._trial_id(number)), self.objective)

    def _trial_id(self, number: int) -> int:
        asked = self._asked.get(number)
        if asked is not None:
            return asked._trial_id
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)


def record_of(trial: FrozenTrial, objective: Objective) -> TrialRecord:
    """What the study knows of a trial."""
    epochs = _epochs(trial)
    ending: Mapping[str, Any] = trial.user_attrs.get(_ENDING, {}) if trial.state.is_finished() else {}
    status = Status(ending.get("status", _DEFAULT_STATUS[trial.state]))
    scored = status not in (Status.FAILED, Status.QUEUED)
    outcome = outcome_of(epochs, objective) if scored else None
    return TrialRecord(
        number=trial.number,
        values={name: _plain(value) for name, value in trial.params.items()},
        status=status,
        reason=ending.get("reason", ""),
        message=ending.get("message", ""),
        score=outcome.score if outcome else None,
        best_epoch=outcome.best_epoch if outcome else None,
        seconds=ending.get("seconds"),
        parameters=ending.get("parameters"),
        epochs=epochs,
        folds=outcome.folds if outcome else (),
        data=ending.get("data", ""),
        reduced_batch=ending.get("reduced_batch"),
    )


def _key(epoch: Epoch) -> str:
    """The name of an epoch's attribute; without folds, and in the first one, as it always was."""
    later = f"{epoch.fold:02d}:" if epoch.fold is not None and epoch.fold > 1 else ""
    return f"{_EPOCH}{later}{epoch.number:04d}"


def _attempt(trial: FrozenTrial) -> int:
    return int(trial.user_attrs.get(_ATTEMPT, 0))


def _epochs(trial: FrozenTrial) -> tuple[Epoch, ...]:
    """The epochs of a trial's last attempt."""
    attempt = _attempt(trial)
    found = [
        Epoch(int(key.rpartition(":")[2]), value["metrics"], value["seconds"], value.get(_FOLD))
        for key, value in trial.user_attrs.items()
        if key.startswith(_EPOCH) and value.get(_ATTEMPT, 0) == attempt
    ]
    return tuple(sorted(found, key=lambda epoch: (epoch.fold or 0, epoch.number)))


def read_trials(run: RunFolder) -> list[TrialRecord]:
    """The trials of a run, finished or running.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    with _readable(run.study):
        return _load(run).records()


def read_objective(run: RunFolder) -> Objective:
    """What the trials of a run are ranked by.

    Raises:
        CnnSearchError: the folder holds no run, or its study is damaged.
    """
    with _readable(run.study):
        return _load(run).objective


def _load(run: RunFolder) -> TrialStudy:
    if not run.study.is_file():
        raise CnnSearchError(
            f"{run.path}: a run's folder has a study.db, this one has none. Name a folder such as runs/basic-001."
        )
    storage = open_storage(sqlite_url(run.study))
    try:
        study = optuna.load_study(study_name=STUDY_NAME, storage=storage)
        objective = Objective(**study.user_attrs["objective"])
    except KeyError as error:
        raise CnnSearchError(
            f"{run.study}: a run's study must be in it, got none. Was it made by another tool?"
        ) from error
    return TrialStudy(study, storage, objective)


def _plain(value: Any) -> Scalar:  # noqa: ANN401 - what a categorical may hold
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
