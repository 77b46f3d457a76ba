"""What a trial on rungs amounts to: its score, its place among others, and how it lies in study, tables and logs."""

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.storages import InMemoryStorage

from cnnsearch.progression import Progression
from cnnsearch.reports.tables import write_history_table, write_trials_table
from cnnsearch.reports.wording import ending
from cnnsearch.search.events import RunStarted
from cnnsearch.search.history_file import write_history
from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.study.view import best_first
from cnnsearch.spaces.rungs import Rung

ACCURACY = Objective.of("val_accuracy")
RUNGS = (Rung(1, 3, 0.1, 0.1), Rung(2, 3, 0.3, 0.3), Rung(3, 3))


def epochs_on(*scores: float) -> tuple[Epoch, ...]:
    """One epoch on each rung, with these scores."""
    return tuple(Epoch(1, {"val_accuracy": score}, 1.0, None, rung) for rung, score in zip(RUNGS, scores, strict=False))


def trial(number: int, *scores: float, status: Status = Status.COMPLETED, **more: Any) -> TrialRecord:
    found = outcome_of(epochs_on(*scores), ACCURACY)
    assert found is not None
    told = {"score": found.score, "best_epoch": found.best_epoch, "rung": found.rung, "epochs": epochs_on(*scores)}
    return TrialRecord(number, {}, status, **told, **more)  # type: ignore[arg-type]


def test_the_score_is_that_of_the_highest_rung() -> None:
    found = outcome_of(epochs_on(0.9, 0.7), ACCURACY)
    assert found is not None
    assert (found.score, found.best_epoch, found.rung) == (0.7, 1, RUNGS[1])
    assert trial(0, 0.9, 0.7).best_metrics == {"val_accuracy": 0.7}
    assert not trial(0, 0.9, 0.7).is_whole
    assert trial(0, 0.9, 0.7, 0.8).is_whole


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=3), min_size=1, max_size=10))
def test_a_higher_rung_always_ranks_before_a_lower_one(scores: list[list[float]]) -> None:
    ranked = rank([trial(number, *each) for number, each in enumerate(scores)], ACCURACY)
    heights = [len(each.epochs) for each in ranked]
    assert heights == sorted(heights, reverse=True)
    for height in (1, 2, 3):
        on_it = [each.score or 0.0 for each in ranked if len(each.epochs) == height]
        assert on_it == sorted(on_it, reverse=True)


def test_a_trial_without_rungs_ranks_among_those_on_the_last() -> None:
    plain = TrialRecord(9, {}, Status.COMPLETED, score=0.5)
    ranked = rank([trial(0, 0.9), plain, trial(1, 0.1, 0.1, 0.6), trial(2, 0.1, 0.1, 0.4)], ACCURACY)
    assert [each.number for each in ranked] == [1, 9, 2, 0]


def told(study: TrialStudy, *scores: float, status: Status = Status.COMPLETED) -> int:
    """A trial of the study with one epoch on each rung."""
    number = study.begin()
    for epoch in epochs_on(*scores):
        assert not study.report(number, epoch)
        if epoch.rung is not None and not epoch.rung.is_last:
            study.reach(number, epoch.rung, epoch.metrics["val_accuracy"])
    study.tell(trial(number, *scores, status=status, reason="why"))
    return number


def test_a_study_gives_back_what_it_was_told_of_rungs() -> None:
    study = TrialStudy.open(InMemoryStorage(), ACCURACY)
    told(study, 0.3, 0.5, 0.7)
    told(study, 0.2, status=Status.PRUNED)
    whole, pruned = study.records()
    assert (whole.epochs, whole.rung, whole.score) == (epochs_on(0.3, 0.5, 0.7), RUNGS[2], 0.7)
    assert (pruned.epochs, pruned.rung, pruned.score, pruned.status) == (epochs_on(0.2), RUNGS[0], 0.2, Status.PRUNED)


def test_reaching_the_end_of_a_rung_gives_the_values_of_all_who_did() -> None:
    study = TrialStudy.open(InMemoryStorage(), ACCURACY)
    told(study, 0.3, 0.5, 0.7)
    told(study, 0.2, status=Status.PRUNED)
    third = study.begin()
    assert study.reach(third, RUNGS[0], 0.4) == {0: 0.3, 1: 0.2, third: 0.4}
    assert study.reach(third, RUNGS[1], 0.6) == {0: 0.5, third: 0.6}


def test_samplers_see_a_score_of_a_lower_rung_as_that_of_a_pruned_trial() -> None:
    study = TrialStudy.open(InMemoryStorage(), ACCURACY)
    told(study, 0.9, status=Status.STOPPED_EARLY)
    told(study, 0.8, 0.95, status=Status.PRUNED)
    told(study, 0.3, 0.5, 0.7)
    stopped, pruned, whole = study.trials()
    assert [each.state.name for each in (stopped, pruned, whole)] == ["PRUNED", "PRUNED", "COMPLETE"]
    assert [each.last_step for each in (stopped, pruned)] == [1, 2]
    assert study.records()[0].status is Status.STOPPED_EARLY
    assert [each.number for each in best_first(study.trials(), study.directions)] == [2, 1, 0]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_name_the_rung(tmp_path: Path) -> None:
    trials = [trial(0, 0.9, status=Status.PRUNED), trial(1, 0.1, 0.2, 0.3)]
    write_trials_table(tmp_path / "trials.csv", trials, ACCURACY)
    found = [(row["trial"], row["rung"], row["fidelity"]) for row in rows(tmp_path / "trials.csv")]
    assert found == [("1", "3", "1"), ("0", "1", "0.1")]
    write_history_table(tmp_path / "history.csv", trials)
    write_history(tmp_path / "own.csv", trials[1].epochs)
    of_trial = [("1", "0.1"), ("2", "0.3"), ("3", "1")]
    assert [(row["rung"], row["fidelity"]) for row in rows(tmp_path / "own.csv")] == of_trial
    assert [(row["rung"], row["fidelity"]) for row in rows(tmp_path / "history.csv")][1:] == of_trial


def test_an_ending_names_the_rung_where_it_is_not_the_last() -> None:
    assert ending(trial(0, 0.9, status=Status.PRUNED, reason="behind")) == "pruned on rung 1 of 3: behind"
    assert ending(trial(0, 0.9, 0.9, 0.9)) == "completed"


def test_tensorboard_has_a_folder_for_each_rung_below_the_last(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, [], ACCURACY)
    log.trial_started(0, {})
    for epoch in epochs_on(0.1, 0.2, 0.3):
        log.epoch_ended(0, epoch)
    log.trial_ended(trial(0, 0.1, 0.2, 0.3))
    log.close()
    assert sorted(path.name for path in (tmp_path / "0000").iterdir() if path.is_dir()) == ["rung-1", "rung-2"]


def test_a_trial_on_a_lower_rung_is_never_the_best_so_far(tmp_path: Path) -> None:
    known = Progression()
    known(RunStarted(RunFolder(tmp_path), ACCURACY, 3, None, ("cpu",), (trial(0, 0.1, 0.2, 0.3), trial(1, 0.9)), True))
    assert known.best is not None
    assert known.best.number == 0


@pytest.mark.parametrize("rung", RUNGS)
def test_a_rung_comes_back_as_it_was_written(rung: Rung) -> None:
    assert Rung.read(rung.stored()) == rung
