"""A study's storage that several workers change, each in transactions of a database; what has ended is kept in memory.

What keeps them apart are the database's locks on rows (SQLite has none; there each transaction locks the file). Trials
that go on are read anew whenever they are asked for.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection

from cnnsearch.search.study import shared_tables, tables
from cnnsearch.search.study.owners import is_gone, new_token
from cnnsearch.search.study.patience import Patience
from cnnsearch.search.study.patient_storage import PatientStorage
from cnnsearch.search.study.shared import GRACE, OWNER, Lost, Shared
from cnnsearch.search.study.storage import StudyStorage

T = TypeVar("T")
P = ParamSpec("P")


def _whole(method: Callable[Concatenate[StudyStorage, P], T]) -> Callable[Concatenate["SharedStorage", P], T]:
    """The same in one transaction, with whatever of others it has to see."""

    def whole(self: "SharedStorage", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.together(lambda: method(self, *args, **kwargs))

    return whole


class SharedStorage(PatientStorage, Shared):
    """Optuna's tables in a database that several workers change.

    Args:
        database: Optuna's own storage, which makes the tables and keeps what is not a trial's.
        patience: waits where the database does not answer.
    """

    def __init__(self, database: RDBStorage, patience: Patience) -> None:
        super().__init__(database, patience)
        self._tokens: dict[int, str] = {}
        self._going_on: dict[int, set[int]] = {}
        """The trials of each study that may have changed since they were read."""

    # What is not a trial's: others may change it at any time.

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        return self._patience.patiently(lambda: self._database.create_new_study(directions, study_name))

    def get_study_id_from_name(self, study_name: str) -> int:
        return self._patience.patiently(lambda: self._database.get_study_id_from_name(study_name))

    def get_study_name_from_id(self, study_id: int) -> str:
        return self._read(lambda connection: shared_tables.name_of(connection, study_id))

    def get_all_studies(self) -> Any:  # noqa: ANN401 - Optuna does not export its type
        return self._patience.patiently(self._database.get_all_studies)

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        if study_id not in self._directions:
            found = self._read(lambda connection: shared_tables.directions_of(connection, study_id))
            self._directions[study_id] = found
        return self._directions[study_id]

    def _kept(self, kind: str, study_id: int) -> dict[str, Any]:
        return self._read(lambda connection: tables.read_of_study(connection, tables.OF_STUDY[kind], study_id))

    def _keep(self, kind: str, study_id: int, key: str, value: Any) -> None:  # noqa: ANN401
        def kept() -> None:
            connection, table = self._open(), tables.OF_STUDY[kind]
            shared_tables.lock_study(connection, study_id)
            row = tables.attribute_row(key, value)
            tables.put_of_study(connection, table, study_id, row, known=key in self._kept(kind, study_id))

        self.together(kept)

    # Trials.

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        def created() -> int:
            shared_tables.lock_study(self._open(), study_id)
            self._looked.discard(study_id)
            trial_id = StudyStorage.create_new_trial(self, study_id, template_trial)
            self._going_on[study_id].add(trial_id)
            if self._here(trial_id).state is TrialState.RUNNING:
                self._take(trial_id, is_new=True)
            return trial_id

        if study_id not in self._trials:  # Optuna's own storage is asked for it, which would wait for this step's lock
            self.get_all_trials(study_id, deepcopy=False)
        return self.together(created)

    set_trial_param = _whole(StudyStorage.set_trial_param)
    set_trial_user_attr = _whole(StudyStorage.set_trial_user_attr)
    set_trial_system_attr = _whole(StudyStorage.set_trial_system_attr)
    set_trial_intermediate_value = _whole(StudyStorage.set_trial_intermediate_value)

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        def changed() -> bool:
            if state is TrialState.RUNNING:
                return self._claimed(trial_id)
            self._check_own(trial_id)
            done = StudyStorage.set_trial_state_values(self, trial_id, state, values)
            if done:
                self._give_up(trial_id, state)
            return done

        return self.together(changed)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        with self._lock:
            if trial_id in self._places and (trial_id in self._tokens or self._here(trial_id).state.is_finished()):
                return self._here(trial_id)
            study_id = self._read(lambda connection: shared_tables.study_of(connection, trial_id))
            if study_id is None:
                raise KeyError(f"trial id {trial_id}: the storage has none of this id.")
            self._known(study_id)
            return self._here(trial_id)

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        with self._lock:
            known = self._trials.get(study_id, [])
            if 0 <= trial_number < len(known):
                return known[trial_number]._trial_id
            return super().get_trial_id_from_study_id_trial_number(study_id, trial_number)

    def _here(self, trial_id: int) -> FrozenTrial:
        """A trial as this process knows it."""
        study_id, number = self._places[trial_id]
        return self._trials[study_id][number]

    def _known(self, study_id: int) -> list[FrozenTrial]:
        """The trials of a study, those anew that go on or have come."""
        known = self._trials.get(study_id)
        if known is not None and self._is_in_step and study_id in self._looked:
            return known
        if known is None:
            self.get_study_name_from_id(study_id)  # which complains where there is none
            known = self._trials[study_id] = []
            self._distributions[study_id], self._going_on[study_id] = {}, set()
            trials = self._read(lambda connection: tables.read_trials(connection, study_id))
        else:
            last = known[-1]._trial_id if known else -1
            going_on = sorted(self._going_on[study_id])
            trials = self._read(lambda connection: _changed(connection, study_id, last, going_on))
        if self._is_in_step:
            self._looked.add(study_id)
        else:  # in a step, what has ended may be undone
            self._going_on[study_id].clear()
        self._going_on[study_id].update(trial._trial_id for trial in trials if not trial.state.is_finished())
        for trial in trials:
            self._note(study_id, trial)
        return known

    def _note(self, study_id: int, trial: FrozenTrial) -> None:
        known = self._trials[study_id]
        known[trial.number : trial.number + 1] = [trial]
        self._places[trial._trial_id] = (study_id, trial.number)
        self._distributions[study_id].update(trial.distributions)

    # Owners.

    def _changeable(self, trial_id: int) -> FrozenTrial:
        self._check_own(trial_id)
        return super()._changeable(trial_id)

    def _check_own(self, trial_id: int) -> None:
        """Hold a trial that this worker may change, until the step ends.

        Raises:
            Lost: it belongs to another worker, or it was this one's and is no more.
            UpdateFinishedTrialError: it has ended.
        """
        if self._checked is None or trial_id in self._checked:
            return
        connection, mine = self._open(), self._tokens.get(trial_id)
        state = shared_tables.lock_trial(connection, trial_id)
        self.get_trial(trial_id)  # which complains where there is none
        owner = shared_tables.owner_of(connection, trial_id)
        is_ended = state is not None and state.is_finished()
        if owner != mine and not (mine is None and is_ended):
            raise Lost(self._places[trial_id][1])
        if mine is None:
            self._read_anew(trial_id)
        if state is not None:
            self.check_trial_is_updatable(trial_id, state)
        self._checked.add(trial_id)

    def _read_anew(self, trial_id: int) -> None:
        for trial in self._read(lambda connection: tables.read_these(connection, [trial_id])):
            self._note(self._places[trial_id][0], trial)

    def _claimed(self, trial_id: int) -> bool:
        """Take a trial that waits in line; false where somebody else has it or is about to, or this worker lost it."""
        seen = self.get_trial(trial_id).state
        if trial_id in self._tokens or seen is TrialState.RUNNING:
            return False
        self.check_trial_is_updatable(trial_id, seen)
        state = shared_tables.lock_trial(self._open(), trial_id, wait=False)
        if state is None:
            return False
        self.check_trial_is_updatable(trial_id, state)
        if state is not TrialState.WAITING:
            return False
        self._take(trial_id)
        return StudyStorage.set_trial_state_values(self, trial_id, TrialState.RUNNING)

    def _take(self, trial_id: int, *, is_new: bool = False) -> None:
        """Make a trial this worker's, whose row is locked, or that this step has made."""
        before, token = self._tokens.get(trial_id), new_token()
        self._undo.append(lambda: self._put_token(trial_id, before))
        self._put_token(trial_id, token)
        if self._checked is not None:
            self._checked.add(trial_id)
        if not is_new:
            self._read_anew(trial_id)
        StudyStorage.set_trial_system_attr(self, trial_id, OWNER, token)
        shared_tables.first_beat(self._open(), trial_id, is_new=is_new)

    def _give_up(self, trial_id: int, state: TrialState) -> None:
        """A trial has ended or goes back in line. Where it ended its owner stays to be seen."""
        if state is TrialState.WAITING and self._here(trial_id).system_attrs.get(OWNER) is not None:
            StudyStorage.set_trial_system_attr(self, trial_id, OWNER, None)
        before = self._tokens.get(trial_id)
        self._undo.append(lambda: self._put_token(trial_id, before))
        self._put_token(trial_id, None)

    def drop(self, trial_id: int) -> None:
        with self._lock:
            self._tokens.pop(trial_id, None)

    def _put_token(self, trial_id: int, token: str | None) -> None:
        if token is None:
            self._tokens.pop(trial_id, None)
        else:
            self._tokens[trial_id] = token

    # Signs of life; they wait for no step.

    def beat(self) -> list[int]:
        return self._patience.patiently(self._beat)

    def _beat(self) -> list[int]:
        tokens = dict(self._tokens)
        if not tokens:
            return []
        with self.engine.begin() as connection:
            owners = shared_tables.owners_of(connection, tokens)
            mine = [trial_id for trial_id, token in tokens.items() if owners.get(trial_id) == token]
            shared_tables.beat(connection, mine)
        return [self._places[trial_id][1] for trial_id in tokens if trial_id not in mine]

    def take_stale(self, study_id: int, grace: float = GRACE) -> list[int]:
        if self._patience.was_away_within(grace):  # others were cut off, too, and have shown no life meanwhile
            return []
        return self.together(lambda: self._taken(study_id, grace))

    def _taken(self, study_id: int, grace: float) -> list[int]:
        connection = self._open()
        now, up_since = shared_tables.clock(connection), shared_tables.up_since(connection)

        def is_stale(life: shared_tables.Life) -> bool:
            if life.owner is not None and life.owner == self._tokens.get(life.trial_id):
                return False  # this worker lives, though its heartbeats may have waited for the network
            last = life.heartbeat if life.heartbeat is None or up_since is None else max(life.heartbeat, up_since)
            return last is None or now - last > timedelta(seconds=grace) or is_gone(life.owner)

        stale = [life.trial_id for life in shared_tables.lives(connection, study_id) if is_stale(life)]
        if stale:
            self._known(study_id)
        taken = [trial_id for trial_id in stale if self._is_taken(trial_id, is_stale)]
        return [self._places[trial_id][1] for trial_id in taken]

    def _is_taken(self, trial_id: int, is_stale: Callable[[shared_tables.Life], bool]) -> bool:
        """Take a trial if it is still stale; one that never showed life has a grace time from now on."""
        connection = self._open()
        state = shared_tables.lock_trial(connection, trial_id, wait=False)
        life = shared_tables.life_of(connection, trial_id)
        if state is not TrialState.RUNNING or not is_stale(life):
            return False
        if life.heartbeat is None:
            shared_tables.first_beat(connection, trial_id)
            return False
        self._take(trial_id)
        return True


def _changed(connection: Connection, study_id: int, last: int, going_on: Sequence[int]) -> list[FrozenTrial]:
    """Trials that go on, and those that came after the last one that is known."""
    return tables.read_these(connection, [*going_on, *shared_tables.ids_after(connection, study_id, last)])
