"""The statistics of confirming, and the file that keeps it."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import median, median_low

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cnnsearch.search import confirmed as statistics
from cnnsearch.search.confirmed import (
    Chosen,
    Confirmation,
    Retrained,
    mean_error,
    read_confirmation,
    write_confirmation,
)
from cnnsearch.search.records import Objective
from cnnsearch.search.run_folder import RunFolder

ACCURACY, LOSS = Objective.of("val_accuracy"), Objective.of("val_loss")
scores = st.floats(0.0, 1.0)


def retrained(trial: int, turn: int, score: float | None, **more: object) -> Retrained:
    return Retrained(trial, turn, 1000 + turn, score, 1, 2, 1.5, **more)  # type: ignore[arg-type]


def confirmation(*trials: tuple[float, list[float | None]], objective: Objective = ACCURACY) -> Confirmation:
    """Trials 0, 1, ... with the search's score, and those of their retrainings."""
    return Confirmation(
        objective,
        top=len(trials),
        seeds=max(len(own) for _, own in trials),
        images=400,
        chosen=tuple(Chosen(number, score) for number, (score, _) in enumerate(trials)),
        retrained=tuple(
            retrained(n, turn, score) for n, (_, own) in enumerate(trials) for turn, score in enumerate(own, start=1)
        ),
        state="done",
    )


@given(st.lists(scores, min_size=2, max_size=20))
def test_the_interval_is_that_of_student(found: list[float]) -> None:
    error = mean_error(found)
    spread = stats.sem(found)
    assert error is not None
    if spread == 0:
        assert error == pytest.approx(0.0, abs=1e-12)
    else:
        low, high = stats.t.interval(0.95, len(found) - 1, loc=0.0, scale=spread)
        assert (-error, error) == pytest.approx((low, high))


def test_one_seed_has_no_interval() -> None:
    assert mean_error([0.9]) is None


def test_the_best_mean_wins_whatever_the_search_said() -> None:
    found = confirmation((0.95, [0.80, 0.82]), (0.93, [0.90, 0.88]), (0.92, [0.85, 0.85]))
    assert [each.chosen.trial for each in found.ranked] == [1, 2, 0]
    assert found.winner is not None
    assert found.winner.mean == pytest.approx(0.89)
    losses = confirmation((0.10, [0.30, 0.32]), (0.11, [0.20, 0.22]), objective=LOSS)
    assert [each.chosen.trial for each in losses.ranked] == [1, 0]


def test_equal_means_go_to_the_better_trial_of_the_search() -> None:
    assert [e.chosen.trial for e in confirmation((0.9, [0.8]), (0.85, [0.8])).ranked] == [0, 1]
    assert [e.chosen.trial for e in confirmation((0.1, [0.8]), (0.2, [0.8]), objective=LOSS).ranked] == [0, 1]


def test_there_is_no_winner_before_the_end() -> None:
    assert replace(confirmation((0.9, [0.8])), state="running").winner is None
    assert replace(confirmation((0.9, [0.8])), state="outdated").winner is None


@given(st.lists(scores, min_size=1, max_size=9), st.sampled_from([ACCURACY, LOSS]))
def test_the_model_is_never_better_than_the_median(found: list[float], objective: Objective) -> None:
    (each,) = confirmation((0.9, list(found)), objective=objective).ranked
    kept = each.median(objective)[0].score
    assert kept == statistics.median_low(found, objective)
    assert kept is not None
    assert not objective.better(kept, median(found))
    assert kept in (median_low(found), -median_low([-score for score in found]))


def test_the_optimism_is_of_the_searchs_best_and_of_all() -> None:
    first, mean = confirmation((0.95, [0.80, 0.82]), (0.93, [0.90, 0.88])).optimism()
    assert first == pytest.approx(0.14)
    assert mean == pytest.approx((0.14 + 0.04) / 2)
    first, mean = confirmation((0.10, [0.30]), objective=LOSS).optimism()
    assert first == pytest.approx(0.20)  # a lower loss than is true is too good


def test_a_trial_of_other_images_is_confirmed_but_not_compared() -> None:
    found = confirmation((0.95, [0.80]), (0.93, [0.90]))
    found = replace(found, chosen=(replace(found.chosen[0], comparable=False), found.chosen[1]))
    assert len(found.ranked) == 2
    assert found.optimism() == (None, pytest.approx(0.03))


def test_a_failed_retraining_is_counted_out() -> None:
    found = confirmation((0.95, [None, 0.8]), (0.93, [None, None]))
    assert [(each.chosen.trial, each.scores) for each in found.ranked] == [(0, (0.8,))]
    assert [(each.trial, each.turn) for each in found.failed] == [(0, 1), (1, 1), (1, 2)]
    assert confirmation((0.9, [None])).winner is None
    assert confirmation((0.9, [None])).optimism() == (None, None)


def test_more_seeds_than_are_asked_for_do_not_count() -> None:
    found = replace(confirmation((0.95, [0.8, 0.7, 0.1])), seeds=2)
    assert found.ranked[0].scores == (0.8, 0.7)


def test_the_validation_part_leaves_an_error_that_seeds_do_not_show() -> None:
    assert confirmation((0.95, [0.8])).image_error == pytest.approx((0.8 * 0.2 / 400) ** 0.5)
    assert confirmation((0.95, [0.8]), objective=LOSS).image_error is None


def test_the_file_gives_back_what_was_written(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert read_confirmation(run) is None
    found = confirmation((0.95, [0.8, None]), (0.93, [0.9, 0.88]))
    found = replace(found, retrained=(*found.retrained, retrained(1, 3, 0.5, phases=(2, 1), reason="nan")))
    write_confirmation(run, found)
    assert read_confirmation(run) == found
    told = json.loads(run.confirmation.read_text())
    assert (told["winner"], told["optimism"]["best_of_search"]) == (1, pytest.approx(0.15))
    assert [line["trial"] for line in told["ranking"]] == [1, 0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "done"}', '{"chosen": 1}'])
def test_a_damaged_file_is_none(tmp_path: Path, text: str) -> None:
    RunFolder(tmp_path).confirmation.write_text(text)
    assert read_confirmation(RunFolder(tmp_path)) is None
