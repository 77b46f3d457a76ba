"""The Optuna study of a run: the only truth about its trials. How each lies in it, stored_trial.py knows."""

import json
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.stored_trial import (
    ATTEMPT,
    DROPPED,
    ENDING,
    FOLD,
    PARTS,
    START,
    attempt_of,
    epoch_key,
    epochs_of,
    parts_of,
    record_of,
)
from cnnsearch.search.study_storage import StudyStorage, in_one_step
from cnnsearch.search.study_view import View
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.values import Scalar

STUDY_NAME = "cnnsearch"
_WRITER_WAIT = 60.0
"""Seconds that SQLite waits for another writer."""

_STATES = {
    Status.COMPLETED: TrialState.COMPLETE,
    Status.STOPPED_EARLY: TrialState.COMPLETE,
    Status.PRUNED: TrialState.PRUNED,
    Status.FAILED: TrialState.FAIL,
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
            database = RDBStorage(url, engine_kwargs=arguments)
        return StudyStorage(database) if url.startswith("sqlite") else database  # others may have several writers
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
        self._asked: dict[int, int] = {}
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

    def requeue_running(self, goes_on: Callable[[int], bool] = lambda _: False) -> list[int]:
        """Put trials that a dead parent left running back in line, with their values; gives their numbers.

        `goes_on` says of which of them the epochs still count. Only the one parent of a study may call this: a running
        trial of another machine would run twice.
        """
        running = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in running:
            self.requeue(trial.number, goes_on=goes_on(trial.number))
        return [trial.number for trial in running]

    def requeue(self, number: int, *, goes_on: bool = False) -> None:
        """Put one running trial back in line: the next to ask gets it, with its number and its values.

        Where it goes on, its epochs count until `keep` says which of them it goes on after.
        """
        trial_id = self._trial_id(number)
        with in_one_step(self._storage):
            if not goes_on:
                self.begin_again(number)
            self._storage.set_trial_state_values(trial_id, TrialState.WAITING)
        self._asked.pop(number, None)

    def begin_again(self, number: int, parts: int | None = None) -> None:
        """From now on the epochs that a running trial has reported count no more: it is run again from its start.

        `parts` says in how many its batches go through the network from now on; None leaves that as it is.
        """
        trial_id = self._trial_id(number)
        attempt = attempt_of(self._storage.get_trial(trial_id)) + 1
        with in_one_step(self._storage):
            self._storage.set_trial_user_attr(trial_id, ATTEMPT, attempt)
            if parts is not None:
                self._storage.set_trial_user_attr(trial_id, PARTS, parts)
        self._attempts[number] = attempt

    def parts(self, number: int) -> int | None:
        """How many parts each batch of a trial has since it ran out of memory; None where it never did."""
        return parts_of(self._storage.get_trial(self._trial_id(number)))

    def keep(self, number: int, epochs: int) -> tuple[Epoch, ...]:
        """A running trial goes on after so many of its epochs; gives these. Those after them count no more."""
        trial_id = self._trial_id(number)
        trial = self._storage.get_trial(trial_id)
        known = epochs_of(trial)
        for key in map(epoch_key, known[epochs:]):
            self._storage.set_trial_user_attr(trial_id, key, {**trial.user_attrs[key], ATTEMPT: DROPPED})
        return known[:epochs]

    def enqueue(self, values: Mapping[str, Scalar]) -> None:
        """Put a trial in line that has these values; the sampler draws what they leave open.

        Values that were put in line before, in this session or an earlier one, are not tried again.
        """
        mark = json.dumps(dict(values), sort_keys=True)
        known = self._study.get_trials(deepcopy=False)
        if all(trial.user_attrs.get(START) != mark for trial in known):
            self._study.enqueue_trial(dict(values), user_attrs={START: mark})

    def pop_waiting(self, trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
        """The one of all trials that waits longest in line, which runs from now on; None where none waits."""
        for trial in [each for each in trials if each.state is TrialState.WAITING]:
            if self._storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING):
                self._asked[trial.number] = trial._trial_id
                self._attempts[trial.number] = attempt_of(trial)
                return trial
        return None

    def begin(
        self,
        values: Mapping[str, Scalar] = MappingProxyType({}),
        distributions: Mapping[str, BaseDistribution] = MappingProxyType({}),
        notes: Mapping[str, Any] = MappingProxyType({}),
    ) -> int:
        """A new running trial, written whole and at once; gives its number.

        Args:
            values: of its parameters.
            distributions: of these parameters, and maybe others.
            notes: what its sampler keeps with it.
        """
        template = optuna.trial.create_trial(
            state=TrialState.RUNNING,
            params=dict(values),
            distributions={name: distributions[name] for name in values},
            system_attrs=dict(notes),
        )
        trial_id = self._storage.create_new_trial(self._study_id, template)
        number = self._storage.get_trial_number_from_id(trial_id)
        self._asked[number], self._attempts[number] = trial_id, 0
        return number

    def complete(
        self,
        trial: FrozenTrial,
        values: Mapping[str, Scalar],
        distributions: Mapping[str, BaseDistribution],
        notes: Mapping[str, Any],
    ) -> None:
        """Write what a trial that waited in line had left open."""
        with in_one_step(self._storage):
            for key, note in notes.items():
                self._storage.set_trial_system_attr(trial._trial_id, key, note)
            for name, value in values.items():
                if name not in trial.params:
                    stored = distributions[name].to_internal_repr(value)
                    self._storage.set_trial_param(trial._trial_id, name, stored, distributions[name])

    def in_one_step(self) -> AbstractContextManager[None]:
        """Within it, what is written is written together or not at all, where the storage can do that."""
        return in_one_step(self._storage)

    def use(self, sampler: BaseSampler) -> None:
        """Tell this sampler of endings from now on."""
        self._study.sampler = sampler

    def shown(self, trials: Sequence[FrozenTrial]) -> tuple[optuna.Study, View]:
        """The study as a sampler may see it, with these trials alone, and what keeps the sampler's notes."""
        view = View(self._study, self._study_id, self._storage, trials)
        return optuna.Study(self._study.study_name, view), view

    def trials(self) -> list[FrozenTrial]:
        """All trials as Optuna has them, in the order of their numbers; not to be changed."""
        return self._study.get_trials(deepcopy=False)

    @property
    def direction(self) -> StudyDirection:
        """Whether more is better."""
        return self._study.direction

    def report(self, number: int, epoch: Epoch) -> bool:
        """Record a finished epoch; gives whether the pruner would end the trial here.

        A pruner compares trials at the same epoch, and every trial has its first fold's epochs. Later folds begin with
        fresh weights: their first epochs would look like a fall, so no pruner sees them.
        """
        trial_id, storage = self._trial_id(number), self._storage
        first = epoch.fold in (None, 1)
        metrics = {name: value for name, value in epoch.metrics.items() if math.isfinite(value)}
        value = metrics.get(self.objective.metric)
        attribute = {"metrics": metrics, "seconds": epoch.seconds, ATTEMPT: self._attempts.get(number, 0)}
        if epoch.fold is not None:
            attribute[FOLD] = epoch.fold
        with in_one_step(storage):
            if first and value is not None:  # what is not finite would be read as an ending by a pruner
                storage.set_trial_intermediate_value(trial_id, epoch.number, value)
            storage.set_trial_user_attr(trial_id, epoch_key(epoch), attribute)
        return first and value is not None and self._behind(storage.get_trial(trial_id))

    def _behind(self, trial: FrozenTrial) -> bool:
        """What the pruner says; the epochs of earlier attempts would make it judge an epoch that is still to come."""
        counted = {epoch.number for epoch in epochs_of(trial) if epoch.fold in (None, 1)}
        judged = copy(trial)  # a storage in memory hands out its own object
        judged.intermediate_values = {step: v for step, v in trial.intermediate_values.items() if step in counted}
        return self._study.pruner.prune(self._study, judged)

    def tell(self, ending: TrialRecord) -> None:
        """Record how a trial ended; its values and epochs are known already."""
        kept = ("status", "reason", "message", "best_epoch", "seconds", "parameters", "data", "reduced_batch")
        attribute = {key: value for key, value in asdict(ending).items() if key in kept}
        state = _STATES[ending.status]
        with in_one_step(self._storage):
            self._storage.set_trial_user_attr(self._trial_id(ending.number), ENDING, attribute)
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
        known = self._asked.get(number)
        if known is not None:
            return known
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)


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
