"""One table of trials: ranks, ties, intervals, several runs."""

import pytest

from cnnsearch.reports.ranking.ranking import RankedRun, Ranking, ranking_of
from cnnsearch.search.confirmed import Chosen, Confirmation, Retrained
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, TrialRecord
from cnnsearch.spaces.errors import CnnSearchError
from tests.reports.ranking.conftest import of_two, scored

ACCURACY = Objectives.around(Objective.of("val_accuracy"))


def test_ties_share_a_rank_and_the_smaller_model_comes_first(ranking: Ranking) -> None:
    ranks = [(line.trial.number, line.rank) for line in ranking.lines]
    assert ranks == [(1, 1), (2, 2), (0, 2), (3, None), (4, None)]


def test_a_score_has_the_interval_of_its_images(ranking: Ranking) -> None:
    best, *_, running = ranking.lines
    assert best.values["interval"] == "images"
    assert (best.values["low"], best.values["high"]) == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert running.values.get("low") is None


def test_names_of_columns_are_those_of_the_tables(ranking: Ranking) -> None:
    facts = ("run", "rank", "trial", "status", "reason", "score", "low", "high", "interval")
    costs = ("epochs", "seconds", "parameters")
    assert ranking.columns[:12] == (*facts, *costs)
    assert ranking.columns[12:14] == ("val_accuracy", "val_loss")
    assert ranking.columns[14:] == ranking.parameters


def test_no_two_columns_have_one_name_and_nothing_is_lost() -> None:
    values = {"epochs": 7, "score": "high", "seconds": 3, "val_loss": "on", "rank": 9, "time": 1, "hp.epochs": 8}
    (line,) = (found := ranking_of([RankedRun("a", [scored(0, 0.5, values=values)], ACCURACY)])).lines
    assert len(set(found.columns)) == len(found.columns)
    assert (line.values["epochs"], line.values["score"], line.values["val_loss"]) == (1, 0.5, 0.5)
    assert [line.values[column] for column in found.parameters] == list(values.values())
    assert found.parameters[:4] == ("hp.hp.epochs", "hp.score", "hp.seconds", "hp.val_loss")


def test_a_metric_with_the_name_of_a_fact_is_told_apart() -> None:
    epochs = (Epoch(1, {"val_accuracy": 0.5, "seconds": 7.0}, 1.0),)
    (line,) = ranking_of([RankedRun("a", [scored(0, 0.5, epochs=epochs)], ACCURACY)]).lines
    assert (line.values["seconds"], line.values["metric.seconds"]) == (10.0, 7.0)


def test_the_front_is_that_of_all_trials(trials: list[TrialRecord]) -> None:
    found = of_two(trials[:3])
    assert [(line.trial.number, line.on_front, line.values["front"]) for line in found.lines] == [
        (1, True, 1),
        (2, False, 0),
        (0, False, 0),
    ]
    assert found.front == 1


def test_several_runs_are_ranked_together(trials: list[TrialRecord]) -> None:
    ranking = ranking_of([RankedRun("a", trials[:2], ACCURACY), RankedRun("b", trials[:1], ACCURACY)])
    found = [(line.run, line.trial.number, line.rank) for line in ranking.lines]
    assert found == [("a", 1, 1), ("a", 0, 2), ("b", 0, 2)]


def test_runs_with_other_objectives_are_not_one_ranking(trials: list[TrialRecord]) -> None:
    loss = Objectives.around(Objective.of("val_loss"))
    with pytest.raises(CnnSearchError, match=r"one objective, got val_accuracy \(a\) and val_loss \(b\)\. Report each"):
        ranking_of([RankedRun("a", trials, ACCURACY), RankedRun("b", trials, loss)])


def test_a_confirmed_trial_has_the_mean_of_its_new_seeds(trials: list[TrialRecord]) -> None:
    retrained = tuple(Retrained(1, turn, turn, score, 1, 1, 1.0) for turn, score in ((1, 0.6), (2, 0.7)))
    found = Confirmation(ACCURACY.epoch, 1, 2, 20, (Chosen(1, 0.75),), retrained, "done")
    ranking = ranking_of([RankedRun("a", trials, ACCURACY, confirmation=found)])
    best, other, *_ = ranking.lines
    assert (best.values["seeds"], best.values["mean"]) == (2, pytest.approx(0.65))
    assert best.values["mean_high"] == pytest.approx(0.65 + 12.7062 * 0.05, abs=1e-4)
    assert other.values.get("seeds") is None


def test_a_run_without_a_trial_is_an_empty_table() -> None:
    assert ranking_of([RankedRun("a", [], ACCURACY)]).lines == ()
