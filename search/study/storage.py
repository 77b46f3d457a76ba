"""A study's storage that answers from memory and writes each change in one short transaction of its database.

One parent at a time changes a study, so its memory is never behind the database. Optuna's own storage for databases
reads a trial anew after each of its changes, with half a dozen questions; what this one writes, it reads the same.
"""

import json
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import copy
from copy import deepcopy as deep_copy
from datetime import datetime
from typing import Any, TypeVar

from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import SQLAlchemyError

from cnnsearch.search.study import tables
from cnnsearch.search.study.shared import Shared

T = TypeVar("T")


@contextmanager
def in_one_step(storage: BaseStorage) -> Iterator[None]:
    """Within it, what is written to a storage is written together or not at all, where the storage can do that."""
    with storage.in_one_step() if isinstance(storage, StudyStorage) else nullcontext():
        yield


def together(storage: BaseStorage, work: Callable[[], T]) -> T:
    """Do what reads and writes a storage in one step; what is shared does it anew where its connection broke."""
    if isinstance(storage, Shared):
        return storage.together(work)
    with in_one_step(storage):
        return work()


class StudyStorage(BaseStorage):
    """Optuna's storage over a database that this process alone changes.

    Trials that are handed out are not changed later: a change makes a new one.

    Args:
        database: Optuna's own storage, which makes the tables and keeps what is not a trial's.
    """

    def __init__(self, database: RDBStorage) -> None:
        self._database = database
        self._lock = threading.RLock()
        self._trials: dict[int, list[FrozenTrial]] = {}
        self._places: dict[int, tuple[int, int]] = {}
        self._distributions: dict[int, dict[str, BaseDistribution]] = {}
        self._attributes: dict[tuple[str, int], dict[str, Any]] = {}
        self._directions: dict[int, list[StudyDirection]] = {}
        self._connection: Connection | None = None
        self._undo: list[Callable[[], None]] = []

    @property
    def engine(self) -> Engine:
        """The connections to the database."""
        return self._database.engine

    def remove_session(self) -> None:
        """Close this thread's session."""
        self._database.remove_session()

    @contextmanager
    def in_one_step(self) -> Iterator[None]:
        """Within it, what is written is written together or not at all."""
        with self._lock, self._writing():
            yield

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """The connection of the transaction that is open; where none is, one of its own."""
        if self._connection is not None:
            yield self._connection
            return
        try:
            with self._undone_where_it_fails(), self.engine.begin() as self._connection:
                yield self._connection
        finally:
            self._connection = None

    @contextmanager
    def _undone_where_it_fails(self) -> Iterator[None]:
        """Within it, what is kept in memory follows the transaction: it goes back to what it was where that fails."""
        try:
            yield
        except BaseException as error:
            while self._undo:
                self._undo.pop()()
            if isinstance(error, SQLAlchemyError):
                raise StorageInternalError(f"the study cannot be written: {error}") from error
            raise
        finally:
            self._undo.clear()

    # What is not a trial's: Optuna's own storage makes and reads it; attributes are kept here besides.

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        return self._database.create_new_study(directions, study_name)

    def delete_study(self, study_id: int) -> None:
        with self._lock:
            self._database.delete_study(study_id)
            for known in (self._trials, self._distributions, self._directions):
                known.pop(study_id, None)
            self._attributes = {key: kept for key, kept in self._attributes.items() if key[1] != study_id}

    def get_study_id_from_name(self, study_name: str) -> int:
        return self._database.get_study_id_from_name(study_name)

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._database.get_study_name_from_id(study_id)

    def get_all_studies(self) -> Any:  # noqa: ANN401 - Optuna does not export its type
        return self._database.get_all_studies()

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        with self._lock:
            if study_id not in self._directions:
                self._directions[study_id] = self._database.get_study_directions(study_id)
            return self._directions[study_id]

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        return deep_copy(self._kept("user", study_id))

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        return deep_copy(self._kept("system", study_id))

    def _kept(self, kind: str, study_id: int) -> dict[str, Any]:
        read = {"user": self._database.get_study_user_attrs, "system": self._database.get_study_system_attrs}[kind]
        with self._lock:
            if (kind, study_id) not in self._attributes:
                self._attributes[kind, study_id] = read(study_id)
            return self._attributes[kind, study_id]

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        self._keep("user", study_id, key, value)

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        self._keep("system", study_id, key, value)

    def _keep(self, kind: str, study_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        """Write an attribute of a study; in its own step it would wait for the one that is open, for ever."""
        with self._lock:
            before, table = self._kept(kind, study_id), tables.OF_STUDY[kind]
            with self._writing() as connection:
                row = tables.attribute_row(key, value)
                tables.put_of_study(connection, table, study_id, row, known=key in before)
                self._attributes[kind, study_id] = {**before, key: _as_read(value)}
                self._undo.append(lambda: self._attributes.__setitem__((kind, study_id), before))

    # Trials.

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        with self._lock:
            trials = self._known(study_id)
            trial = copy(template_trial) if template_trial else _running()
            trial.number = len(trials)
            trial.user_attrs, trial.system_attrs = _as_read(trial.user_attrs), _as_read(trial.system_attrs)
            for name, distribution in trial.distributions.items():
                self._check(study_id, name, distribution)
            with self._writing() as connection:
                trial._trial_id = tables.insert_trial(connection, study_id, trial)
                trials.append(trial)
                self._undo.append(lambda: trials.__delitem__(-1))
            self._places[trial._trial_id] = (study_id, trial.number)
            self._distributions[study_id].update(trial.distributions)
            return trial._trial_id

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        value = distribution.to_external_repr(param_value_internal)
        with self._lock:
            trial, study_id = self._changeable(trial_id), self._places[trial_id][0]
            self._check(study_id, param_name, distribution)
            row, known = tables.param_row(param_name, distribution, value), param_name in trial.params
            trial.params = {**trial.params, param_name: value}
            trial.distributions = {**trial.distributions, param_name: distribution}
            self._put(trial, tables.PARAMS, row, "param_name", known)
            self._distributions[study_id][param_name] = distribution

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        with self._lock:
            trial = self._changeable(trial_id)
            known = key in trial.user_attrs
            trial.user_attrs = {**trial.user_attrs, key: _as_read(value)}
            self._put(trial, tables.USER_ATTRIBUTES, tables.attribute_row(key, value), "key", known)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        with self._lock:
            trial = self._changeable(trial_id)
            known = key in trial.system_attrs
            trial.system_attrs = {**trial.system_attrs, key: _as_read(value)}
            self._put(trial, tables.SYSTEM_ATTRIBUTES, tables.attribute_row(key, value), "key", known)

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        with self._lock:
            trial = self._changeable(trial_id)
            known = step in trial.intermediate_values
            trial.intermediate_values = {**trial.intermediate_values, step: intermediate_value}
            self._put(trial, tables.STEPS, tables.step_row(step, intermediate_value), "step", known)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        with self._lock:
            before, trial = self.get_trial(trial_id), self._changeable(trial_id)
            if state is TrialState.RUNNING and before.state is not TrialState.WAITING:
                return False
            trial.state = state
            if state is TrialState.RUNNING:
                trial.datetime_start = datetime.now()
            if state.is_finished():
                trial.datetime_complete = datetime.now()
            with self._writing() as connection:
                if not tables.put_state(connection, before, trial):
                    return False
                for place, value in enumerate(values or ()):
                    row, known = tables.value_row(place, value), before.values is not None
                    tables.put(connection, tables.VALUES, trial_id, row, by="objective", known=known)
                trial.values = before.values if values is None else [*values]
                self._remember(trial)
            return True

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        with self._lock:
            known = self._known(study_id)
            if not 0 <= trial_number < len(known):
                raise KeyError(f"trial {trial_number}: the study has {len(known)} trials.")
            return known[trial_number]._trial_id

    def get_trial(self, trial_id: int) -> FrozenTrial:
        with self._lock:
            if trial_id not in self._places:
                for study in self._database.get_all_studies():
                    self._known(study._study_id)
            study_id, number = self._places[trial_id]
            return self._trials[study_id][number]

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        with self._lock:
            known = self._known(study_id)
            found = [*known] if states is None else [trial for trial in known if trial.state in states]
        return deep_copy(found) if deepcopy else found

    def _known(self, study_id: int) -> list[FrozenTrial]:
        """The trials of a study; read where that was not done yet."""
        if study_id not in self._trials:
            self._database.get_study_name_from_id(study_id)  # which complains where there is none
            with self.engine.connect() as connection:
                trials = tables.read_trials(connection, study_id)
            self._distributions[study_id] = {}
            for trial in trials:
                self._places[trial._trial_id] = (study_id, trial.number)
                self._distributions[study_id].update(trial.distributions)
            self._trials[study_id] = trials
        return self._trials[study_id]

    def _changeable(self, trial_id: int) -> FrozenTrial:
        """A copy of a trial that has not ended.

        Raises:
            UpdateFinishedTrialError: it has.
        """
        trial = copy(self.get_trial(trial_id))
        self.check_trial_is_updatable(trial_id, trial.state)
        return trial

    def _check(self, study_id: int, name: str, distribution: BaseDistribution) -> None:
        before = self._distributions[study_id].get(name)
        if before is not None:
            check_distribution_compatibility(before, distribution)

    def _put(self, trial: FrozenTrial, table: Table, row: dict[str, Any], by: str, known: bool) -> None:
        with self._writing() as connection:
            tables.put(connection, table, trial._trial_id, row, by=by, known=known)
            self._remember(trial)

    def _remember(self, trial: FrozenTrial) -> None:
        """From now on a trial is this one, unless the transaction fails."""
        study_id, number = self._places[trial._trial_id]
        trials = self._trials[study_id]
        before, trials[number] = trials[number], trial
        self._undo.append(lambda: trials.__setitem__(number, before))


def _running() -> FrozenTrial:
    return FrozenTrial(-1, TrialState.RUNNING, None, datetime.now(), None, {}, {}, {}, {}, {}, -1)


def _as_read(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """What a value is when it is read from the database again."""
    return json.loads(json.dumps(value))
