"""What a trial's epochs amount to, and how folds lie in the study, the tables and TensorBoard's logs."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.pruners import ThresholdPruner
from optuna.storages import InMemoryStorage

from cnnsearch.progression import Progression
from cnnsearch.reports.tables import write_history_table, write_trials_table
from cnnsearch.reports.terminal import best, mixed_data
from cnnsearch.search.events import RunStarted
from cnnsearch.search.history_file import write_history
from cnnsearch.search.listeners.tensorboard_log import TensorBoardLog
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import Epoch, FoldScore, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.study import TrialStudy

ACCURACY = Objective.of("val_accuracy")


def epoch(number: int, score: float, fold: int | None = None) -> Epoch:
    return Epoch(number, {"loss": 1 - score, "val_accuracy": score}, 1.0, fold)


FOLDS = (epoch(1, 0.5, 1), epoch(2, 0.7, 1), epoch(1, 0.9, 2), epoch(2, 0.8, 2))


def cross_validated(number: int = 0, data: str = "") -> TrialRecord:
    found = outcome_of(FOLDS, ACCURACY)
    assert found is not None
    told = {"score": found.score, "best_epoch": found.best_epoch, "folds": found.folds, "epochs": FOLDS}
    return TrialRecord(number, {"blocks": 2}, Status.COMPLETED, data=data, **told)  # type: ignore[arg-type]


def test_the_score_is_the_mean_of_each_folds_best() -> None:
    found = outcome_of(FOLDS, ACCURACY)
    assert found is not None
    assert (found.score, found.best_epoch) == (pytest.approx(0.8), 2)
    assert found.folds == (FoldScore(1, 2, 0.7), FoldScore(2, 1, 0.9))


def test_without_folds_it_is_the_best_epochs() -> None:
    found = outcome_of((epoch(1, 0.5), epoch(2, 0.7), epoch(3, math.nan)), ACCURACY)
    assert found is not None
    assert (found.score, found.best_epoch, found.folds) == (0.7, 2, ())
    assert outcome_of((epoch(1, math.nan),), ACCURACY) is None
    assert outcome_of((), ACCURACY) is None


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4), min_size=1, max_size=4), st.randoms())
def test_the_mean_lies_between_the_folds_in_whatever_order_epochs_come(folds: list[list[float]], draw) -> None:
    epochs = [epoch(n, score, f) for f, scores in enumerate(folds, 1) for n, score in enumerate(scores, 1)]
    draw.shuffle(epochs)
    found = outcome_of(epochs, ACCURACY)
    assert found is not None
    assert [fold.score for fold in found.folds] == [max(scores) for scores in folds]
    assert min(map(max, folds)) - 1e-9 <= found.score <= max(map(max, folds)) + 1e-9


def test_a_trial_tells_mean_metrics_and_deviation() -> None:
    trial = cross_validated()
    assert trial.best_metrics == pytest.approx({"loss": 0.2, "val_accuracy": 0.8})
    assert trial.fold_scores == (0.7, 0.9)
    assert trial.deviation == pytest.approx(math.sqrt(0.02))


def test_the_study_keeps_folds_and_shows_the_pruner_the_first_one_only() -> None:
    study = TrialStudy.open(InMemoryStorage(), ACCURACY, pruner=ThresholdPruner(lower=0.6, n_warmup_steps=1))
    number = study.begin()
    answers = [study.report(number, each) for each in (*FOLDS[:2], epoch(1, 0.1, 2), epoch(2, 0.2, 2))]
    assert answers == [True, False, False, False]
    study.tell(cross_validated(number, data="abc-8x8x1-stretch"))
    record = study.record(number)
    assert [(e.fold, e.number, e.metrics["val_accuracy"]) for e in record.epochs] == [
        *((1, 1, 0.5), (1, 2, 0.7)),
        *((2, 1, 0.1), (2, 2, 0.2)),
    ]
    assert (record.score, record.fold_scores) == (pytest.approx(0.45), (0.7, 0.2))
    assert record.data == "abc-8x8x1-stretch"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_have_folds_where_there_are_any(tmp_path: Path) -> None:
    write_trials_table(tmp_path / "trials.csv", [cross_validated(data="abc-8x8x1-pad")], ACCURACY)
    row = rows(tmp_path / "trials.csv")[0]
    assert (row["fold_scores"], row["data"]) == ("0.7 0.9", "abc-8x8x1-pad")
    assert float(row["score_deviation"]) == pytest.approx(math.sqrt(0.02))
    write_history_table(tmp_path / "all.csv", [cross_validated()])
    write_history(tmp_path / "history.csv", FOLDS)
    for path in (tmp_path / "all.csv", tmp_path / "history.csv"):
        assert [(r["fold"], r["epoch"]) for r in rows(path)] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]


def test_the_terminal_tells_the_deviation_and_mixed_data() -> None:
    assert "val_accuracy 0.8000 +- 0.1414 over 2 folds" in best([cross_validated()], ACCURACY).plain
    two = [
        cross_validated(0, "abc-8x8x1-pad"),
        cross_validated(1, "def-8x8x1-pad"),
        cross_validated(2, "abc-4x4x1-pad"),
    ]
    assert mixed_data(two)[0].plain == "Scores of 2 data sets are mixed (2 and 1 trials; column data of trials.csv)."
    assert mixed_data(two[::2]) == []


def test_each_folds_curves_have_a_folder_of_their_own(tmp_path: Path) -> None:
    board = TensorBoardLog(tmp_path, [], ACCURACY)
    board.trial_started(0, {})
    for each in FOLDS:
        board.epoch_ended(0, each)
    board.trial_ended(cross_validated())
    board.close()
    found = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("events.*")}
    assert found == {".", "0000", "0000/fold-1", "0000/fold-2"}


def folded(number: int, *scores: float, data: str = "a-8x8x1-stretch") -> TrialRecord:
    """A trial that made so many folds."""
    folds = tuple(FoldScore(fold, 1, score) for fold, score in enumerate(scores, 1))
    return TrialRecord(number, {}, Status.COMPLETED, score=sum(scores) / len(scores), folds=folds, data=data)


def test_a_trial_that_did_not_come_to_its_last_fold_never_leads() -> None:
    easy, whole, worse = folded(0, 0.9), folded(1, 0.95, 0.6), folded(2, 0.9, 0.6)
    for order in ([easy, whole, worse], [worse, whole, easy]):
        assert rank(order, ACCURACY) == [whole, worse, easy]
    progression = Progression()
    progression(RunStarted(RunFolder(Path("run")), ACCURACY, 3, None, ("cpu",), (whole, easy), True, 0.0))
    assert progression.best == whole


def test_another_number_of_folds_on_other_images_is_whole_as_well() -> None:
    earlier, now, broken = folded(0, 0.9, 0.9), folded(1, 0.8, 0.8, 0.8, data="b-8x8x1"), folded(2, 1, data="b-9x9x1")
    assert rank([earlier, now, broken], ACCURACY) == [earlier, now, broken]


def test_a_running_trial_that_has_no_stamp_yet_stands_behind_whole_ones() -> None:
    assert rank([folded(0, 0.9, data=""), folded(1, 0.5, 0.5)], ACCURACY)[0].number == 1
