"""The study: what is told to it can be read from it, by anybody, at any time."""

import math
import threading
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import IntDistribution
from optuna.pruners import BasePruner, ThresholdPruner
from optuna.storages import InMemoryStorage

from cnnsearch.search.outcome import best_epoch
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.reading import read_study, read_trials
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError

ACCURACY = Objective("val_accuracy", "max")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def opened(run: RunFolder, objective: Objective = ACCURACY, pruner: BasePruner | None = None) -> TrialStudy:
    return TrialStudy.open(open_storage(sqlite_url(run.study)), objective, pruner=pruner)


def epoch(number: int, accuracy: float, **metrics: float) -> Epoch:
    return Epoch(number, {"val_accuracy": accuracy, **metrics}, seconds=0.5)


def ask(study: TrialStudy) -> int:
    return study.begin({"blocks": 2}, {"blocks": IntDistribution(1, 4)})


@pytest.mark.parametrize(
    ("status", "reason", "scored"),
    [
        (Status.COMPLETED, "", True),
        (Status.STOPPED_EARLY, "no better val_loss for 3 epochs", True),
        (Status.PRUNED, "behind the others at the same epoch", True),
        (Status.FAILED, "oom", False),
    ],
)
def test_an_ending_is_read_as_it_was_told(run: RunFolder, status: Status, reason: str, scored: bool) -> None:
    study = opened(run)
    number = ask(study)
    epochs = (epoch(1, 0.5, loss=1.25), epoch(2, 0.75, loss=0.5), epoch(3, 0.75, loss=0.25))
    for one in epochs:
        study.report(number, one)
    score, best = (0.75, 2) if scored else (None, None)
    values = study.record(number).values
    told = TrialRecord(number, values, status, reason, "a message", score, best, 12.5, 1234, epochs)
    study.tell(told)
    assert read_trials(run) == [told]


def test_a_running_trial_shows_its_best_so_far_and_no_ending(run: RunFolder) -> None:
    study = opened(run)
    study.report(ask(study), epoch(1, 0.5))
    (trial,) = read_trials(run)
    assert (trial.status, trial.score, trial.best_epoch, trial.seconds) == (Status.RUNNING, 0.5, 1, None)


def test_more_than_9999_epochs_stay_in_their_order(run: RunFolder) -> None:
    study = opened(run)
    number = ask(study)
    for k in (10_000, 9_999):
        study.report(number, epoch(k, 0.5))
    assert [one.number for one in read_trials(run)[0].epochs] == [9_999, 10_000]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_neither_ranks_nor_reaches_the_pruner(run: RunFolder, value: float) -> None:
    study = opened(run, pruner=ThresholdPruner(lower=0.1, upper=0.9))
    number = ask(study)
    assert not study.report(number, epoch(1, value, loss=2.0))
    study.report(number, epoch(2, 0.5))
    (trial,) = read_trials(run)
    assert [dict(one.metrics) for one in trial.epochs] == [{"loss": 2.0}, {"val_accuracy": 0.5}]
    assert (trial.score, trial.best_epoch) == (0.5, 2)


@given(st.lists(st.floats(), max_size=8), st.sampled_from(["max", "min"]))
def test_the_best_epoch_is_the_first_of_the_best_finite_ones(values: list[float], direction: str) -> None:
    epochs = tuple(epoch(k, value) for k, value in enumerate(values, 1))
    finite = [value for value in values if math.isfinite(value)]
    best = best_epoch(epochs, Objective("val_accuracy", direction))
    if not finite:
        assert best is None
        return
    assert best is not None
    wanted = max(finite) if direction == "max" else min(finite)
    assert best.number == values.index(wanted) + 1


@given(st.permutations([(0.9, 100), (0.9, 50), (0.7, 10), (None, 1)]))
def test_ties_go_to_the_smaller_model_and_what_has_no_score_is_not_ranked(trials: list[tuple[float, int]]) -> None:
    records = [
        TrialRecord(number, {}, Status.COMPLETED, score=score, parameters=size)
        for number, (score, size) in enumerate(trials)
    ]
    assert [(t.score, t.parameters) for t in rank(records, ACCURACY)] == [(0.9, 50), (0.9, 100), (0.7, 10)]


def attempts(study: TrialStudy) -> int:
    """A trial whose first attempt lived eight epochs, put back in line and asked for again."""
    number = ask(study)
    for k in range(1, 9):
        study.report(number, epoch(k, k / 10))
    study.requeue(number)
    popped = study.pop_waiting(study.trials())
    assert popped is not None
    assert popped.number == number
    return number


@pytest.mark.parametrize("in_memory", [True, False], ids=["memory", "sqlite"])
def test_a_trial_that_is_run_again_leaves_nothing_of_its_first_attempt(run: RunFolder, in_memory: bool) -> None:
    storage = InMemoryStorage() if in_memory else open_storage(sqlite_url(run.study))
    study = TrialStudy.open(storage, ACCURACY)
    number = attempts(study)
    assert study.record(number).epochs == ()
    again = (epoch(1, 0.05), epoch(2, 0.15), epoch(3, 0.1))
    for one in again:
        study.report(number, one)
    record = study.record(number)
    assert record.epochs == again
    assert (record.score, record.best_epoch) == (0.15, 2)


def test_a_trial_in_line_has_kept_its_values_and_lost_its_epochs(run: RunFolder) -> None:
    study = opened(run)
    number = ask(study)
    before = study.record(number).values
    study.report(number, epoch(1, 0.5))
    again = opened(run)
    assert again.requeue_running() == [number]
    (trial,) = read_trials(run)
    assert (trial.status, trial.values, trial.epochs, trial.score) == (Status.QUEUED, before, (), None)
    assert again.requeue_running() == []


def test_the_pruner_judges_the_epoch_of_this_attempt(run: RunFolder) -> None:
    study = opened(run, pruner=ThresholdPruner(lower=0.75, n_warmup_steps=5))
    number = ask(study)
    for k in range(1, 9):
        study.report(number, epoch(k, 0.1 if k == 8 else 0.8))
    study.requeue(number)
    study.pop_waiting(study.trials())
    assert [study.report(number, epoch(k, 0.8)) for k in (1, 2)] == [False, False]  # epoch 8 is still to come


@pytest.mark.parametrize("other", [Objective("val_loss", "min"), Objective("val_accuracy", "min")])
def test_a_study_that_ranks_by_something_else_is_refused(run: RunFolder, other: Objective) -> None:
    opened(run)
    message = rf"ranks by val_accuracy \(max\), got {other.metric} \({other.direction}\). Use another storage"
    with pytest.raises(CnnSearchError, match=message):
        opened(run, other)
    assert read_study(run).objectives.epoch == ACCURACY


def test_readers_see_whole_trials_while_others_are_written(run: RunFolder) -> None:
    study, done = opened(run), threading.Event()
    seen: list[int] = []
    faults: list[str] = []

    def read() -> None:
        while not done.is_set():
            try:
                trials = read_trials(run)
            except Exception as error:  # noqa: BLE001 - the test fails on any
                faults.append(repr(error))
                return
            seen.append(len(trials))
            faults.extend(
                f"{t.number}: {len(t.epochs)}" for t in trials if t.status is Status.COMPLETED and len(t.epochs) != 2
            )

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(10):
        number = ask(study)
        for k in (1, 2):
            study.report(number, epoch(k, k / 4))
        study.tell(replace(study.record(number), status=Status.COMPLETED, seconds=1.0))
    done.set()
    for reader in readers:
        reader.join()
    assert faults == []
    assert seen


def damaged(kind: str, whole: bytes) -> bytes:
    return {
        "text": b"this is no database" * 500,
        "header only": b"SQLite format 3\0",
        "half": whole[: len(whole) // 2],
    }[kind]


@pytest.mark.parametrize("kind", ["text", "header only", "half"])
def test_a_damaged_study_is_named_wherever_it_is_opened(run: RunFolder, kind: str) -> None:
    ask(opened(run))
    run.study.write_bytes(damaged(kind, run.study.read_bytes()))
    for read in (read_trials, read_study, opened):
        with pytest.raises(CnnSearchError, match=r"stud.*database must be whole and readable, got .*Restore it"):
            read(run)


def test_a_database_without_our_study_is_told_from_a_damaged_one(run: RunFolder) -> None:
    with pytest.raises(CnnSearchError, match=r"a run's folder has a study.db, this one has none"):
        read_trials(run)
    run.study.touch()
    with pytest.raises(CnnSearchError, match=r"a run's study must be in it, got none"):
        read_trials(run)
    optuna.create_study(study_name="cnnsearch", storage=open_storage(sqlite_url(run.study)))
    with pytest.raises(CnnSearchError, match=r"Was it made by another tool\?"):
        read_trials(run)


@pytest.mark.parametrize("url", ["nonsense", "nodatabase://x/y", "sqlite:////no/such/folder/study.db"])
def test_a_storage_that_does_not_open_is_named(url: str) -> None:
    with pytest.raises(CnnSearchError, match=f"{url}: a study's database must"):
        open_storage(url)


def test_a_trial_that_goes_on_keeps_its_epochs_up_to_one_and_is_told_the_others_again(run: RunFolder) -> None:
    study = opened(run)
    number = ask(study)
    for one in (epoch(1, 0.5), epoch(2, 0.6), epoch(3, 0.9)):
        study.report(number, one)
    assert opened(run).requeue_running(goes_on=lambda _: True) == [number]
    again = opened(run)
    assert again.pop_waiting(again.trials()) is not None
    assert again.keep(number, 1) == (epoch(1, 0.5),)
    again.report(number, epoch(2, 0.7))
    assert again.record(number).epochs == (epoch(1, 0.5), epoch(2, 0.7))


def test_an_interrupted_trial_that_cannot_go_on_has_no_epochs(run: RunFolder) -> None:
    study = opened(run)
    number = ask(study)
    study.report(number, epoch(1, 0.5))
    again = opened(run)
    again.requeue_running()
    assert again.record(number).epochs == ()
