"""The storage of a study: what it writes, Optuna's own reads the same, and memory is never behind the database."""

import math
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import event

from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.storage import StudyStorage, in_one_step

DISTRIBUTIONS = {
    "units": IntDistribution(1, 512, log=True),
    "rate": FloatDistribution(0.0, 1.0),
    "kind": CategoricalDistribution(["adam", "sgd", None, 3]),
}
PARAMS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "units": st.integers(1, 512),
        "rate": st.floats(0, 1),
        "kind": st.sampled_from(["adam", "sgd", None, 3]),
    },
)
NUMBERS = st.integers(0, 4)
VALUES = st.floats(allow_nan=False)
JSON = st.one_of(st.text(max_size=5), st.integers(-9, 9), st.dictionaries(st.text(max_size=3), st.booleans()))
Step = Callable[[BaseStorage, int], object]


def opened(folder: Path) -> StudyStorage:
    storage = open_storage(sqlite_url(folder / "study.db"))
    assert isinstance(storage, StudyStorage)
    return storage


def made(folder: Path) -> tuple[StudyStorage, int]:
    storage = opened(folder)
    return storage, storage.create_new_study([StudyDirection.MAXIMIZE], "cnnsearch")


def begun(params: dict[str, Any], value: float) -> Step:
    distributions = {name: DISTRIBUTIONS[name] for name in params}
    state = TrialState.COMPLETE if value > 0 else TrialState.RUNNING
    template = create_trial(
        state=state,
        params=params,
        distributions=distributions,
        value=value if value > 0 else None,
        user_attrs={"start": [1, 2]},
        system_attrs={"notes": {"a": 1}},
        intermediate_values={1: value},
    )
    return lambda storage, study: storage.create_new_trial(study, template)


def on_trial(number: int, act: Callable[[BaseStorage, int], object]) -> Step:
    """Something that is done to a trial, where it is there and has not ended."""

    def step(storage: BaseStorage, study: int) -> None:
        trials = storage.get_all_trials(study, deepcopy=False)
        if number < len(trials) and not trials[number].state.is_finished():
            act(storage, trials[number]._trial_id)

    return step


def set_param(number: int, name: str, value: Any) -> Step:
    stored = DISTRIBUTIONS[name].to_internal_repr(value)

    def act(storage: BaseStorage, trial_id: int) -> None:
        if name not in storage.get_trial(trial_id).params:
            storage.set_trial_param(trial_id, name, stored, DISTRIBUTIONS[name])

    return on_trial(number, act)


def ended(number: int, state: TrialState, value: float) -> Step:
    values = [value] if state is TrialState.COMPLETE else None
    return on_trial(number, lambda s, trial: s.set_trial_state_values(trial, state, values))


STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(begun, PARAMS, VALUES),
    st.just(lambda storage, study: storage.create_new_trial(study)),
    st.builds(
        lambda n, key, value: on_trial(n, lambda s, t: s.set_trial_user_attr(t, key, value)),
        NUMBERS,
        st.sampled_from("ab"),
        JSON,
    ),
    st.builds(
        lambda n, key, value: on_trial(n, lambda s, t: s.set_trial_system_attr(t, key, value)),
        NUMBERS,
        st.sampled_from("ab"),
        JSON,
    ),
    st.builds(
        lambda n, step, value: on_trial(n, lambda s, t: s.set_trial_intermediate_value(t, step, value)),
        NUMBERS,
        st.integers(1, 3),
        st.floats(allow_nan=False),
    ),
    st.builds(set_param, NUMBERS, st.just("units"), st.integers(1, 512)),
    st.builds(ended, NUMBERS, st.sampled_from([*TrialState]), VALUES),
)


def facts(trials: list[FrozenTrial]) -> list[dict[str, Any]]:
    """What trials say of themselves; two readings of one time are no two times."""
    return [{name: value for name, value in vars(trial).items() if "datetime" not in name} for trial in trials]


def times(trials: list[FrozenTrial]) -> list[tuple[Any, Any]]:
    return [(trial.datetime_start, trial.datetime_complete) for trial in trials]


@settings(max_examples=settings().max_examples // 5)  # each makes two databases
@given(st.lists(STEPS, max_size=12))
def test_what_it_writes_optuna_reads_as_if_it_had_written_it_itself(steps: list[Step]) -> None:
    with TemporaryDirectory() as name:
        ours, study = made(Path(name))
        theirs = RDBStorage(sqlite_url(Path(name) / "theirs.db"))
        assert theirs.create_new_study([StudyDirection.MAXIMIZE], "cnnsearch") == study
        for step in steps:
            for storage in (ours, theirs):
                step(storage, study)
        kept = ours.get_all_trials(study)
        read = RDBStorage(sqlite_url(Path(name) / "study.db")).get_all_trials(study)
        again = opened(Path(name)).get_all_trials(study)
        assert facts(kept) == facts(read) == facts(again) == facts(theirs.get_all_trials(study))
        assert times(kept) == times(read) == times(again)


def test_a_trial_that_was_handed_out_stays_as_it_was(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    trial_id = storage.create_new_trial(study)
    before = storage.get_trial(trial_id)
    storage.set_trial_user_attr(trial_id, "a", 1)
    storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.5])
    assert (before.state, before.user_attrs, before.values) == (TrialState.RUNNING, {}, None)


def test_an_ended_trial_is_not_changed(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    trial_id = storage.create_new_trial(study)
    storage.set_trial_state_values(trial_id, TrialState.FAIL)
    with pytest.raises(UpdateFinishedTrialError, match="has already finished"):
        storage.set_trial_user_attr(trial_id, "a", 1)


def test_a_parameter_keeps_its_kind_of_domain(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    begun({"units": 3}, 1.0)(storage, study)
    other = create_trial(params={"units": "a"}, distributions={"units": CategoricalDistribution(["a"])}, value=1.0)
    with pytest.raises(ValueError, match="Cannot set different distribution kind"):
        storage.create_new_trial(study, other)
    assert len(opened(tmp_path).get_all_trials(study)) == len(storage.get_all_trials(study)) == 1


def test_what_waits_is_taken_once(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    trial_id = storage.create_new_trial(study, create_trial(state=TrialState.WAITING))
    taken = [storage.set_trial_state_values(trial_id, TrialState.RUNNING) for _ in range(2)]
    assert taken == [True, False]


def test_of_several_changes_in_one_step_a_failure_leaves_none(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    trial_id = storage.create_new_trial(study)
    with pytest.raises(RuntimeError, match="between"), in_one_step(storage):  # noqa: PT012 - the changes before it count
        storage.set_trial_user_attr(trial_id, "a", 1)
        storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.5])
        storage.create_new_trial(study)
        raise RuntimeError("between")
    assert facts(storage.get_all_trials(study)) == facts(opened(tmp_path).get_all_trials(study))
    (trial,) = storage.get_all_trials(study)
    assert (trial.state, trial.user_attrs) == (TrialState.RUNNING, {})


def test_several_changes_in_one_step_are_one_transaction(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    storage.get_all_trials(study)  # reading them for the first time is a transaction, too
    commits: list[object] = []
    event.listen(storage.engine, "commit", commits.append)
    with in_one_step(storage):
        trial_id = storage.create_new_trial(study)
        storage.set_trial_user_attr(trial_id, "a", 1)
        storage.set_trial_intermediate_value(trial_id, 1, math.inf)
    assert len(commits) == 1


def test_a_database_that_cannot_be_written_is_an_error_that_changes_nothing(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    trial_id = storage.create_new_trial(study)
    with storage.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE trial_user_attributes")
    with pytest.raises(StorageInternalError, match=r"the study cannot be written: .*no such table"):
        storage.set_trial_user_attr(trial_id, "a", 1)
    assert storage.get_trial(trial_id).user_attrs == {}


def test_threads_get_numbers_of_their_own(tmp_path: Path) -> None:
    storage, study = made(tmp_path)

    def ask() -> None:
        for _ in range(10):
            storage.set_trial_user_attr(storage.create_new_trial(study), "a", 1)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [trial.number for trial in opened(tmp_path).get_all_trials(study)] == [*range(80)]


def bound(storage: StudyStorage) -> list[int]:
    """Let the database have no more pages, until the list is emptied: SQLite says that its disk is full."""
    most = [1]

    def ask(connection: Any, *others: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {most[0] if most else 2**30}")

    event.listen(storage.engine, "checkout", ask)
    return most


def test_what_found_no_room_leaves_memory_and_file_alike_and_is_done_again(tmp_path: Path) -> None:
    storage, study = made(tmp_path)
    trial_id = storage.create_new_trial(study)
    storage.set_study_user_attr(study, "before", 1)

    def change() -> None:
        with in_one_step(storage):
            storage.set_trial_state_values(trial_id, TrialState.COMPLETE, [0.5])
            storage.set_study_user_attr(study, "before", 2)
            storage.set_trial_user_attr(storage.create_new_trial(study), "long", "x" * 100_000)

    full = bound(storage)
    for _ in range(2):
        with pytest.raises(StorageInternalError, match="database or disk is full"):
            change()
        assert facts(storage.get_all_trials(study)) == facts(opened(tmp_path).get_all_trials(study))
        assert storage.get_study_user_attrs(study) == opened(tmp_path).get_study_user_attrs(study) == {"before": 1}
    full.clear()
    change()
    assert [trial.state for trial in storage.get_all_trials(study)] == [TrialState.COMPLETE, TrialState.RUNNING]
    assert facts(storage.get_all_trials(study)) == facts(opened(tmp_path).get_all_trials(study))
    assert storage.get_study_user_attrs(study) == opened(tmp_path).get_study_user_attrs(study) == {"before": 2}
