"""The time that a search keeps for confirming, measured from its trials."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.engine.budget import TIME_IS_UP, Budget, Limits
from cnnsearch.search.engine.clock import TRIAL_TIME
from cnnsearch.search.engine.confirming import as_trained
from cnnsearch.search.engine.confirming_time import ConfirmingReserve, confirming_seconds, seconds_of, seeds_within
from cnnsearch.search.events import EndedElsewhere, RunStarted, TrialEnded
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.search import Confirm

ACCURACY = Objective.of("val_accuracy")


def configuration(**training: int) -> Configuration:
    given = ", ".join(f"{key}: {value}" for key, value in {"epochs": 10, **training}.items())
    text = f"data: {{source: photos}}\nmodel: {{scratch: {{blocks: 1}}}}\ntraining: {{{given}}}\n"
    return loads_space(text, "fixed").configuration({})


def trial(number: int, score: float, seconds: float, epochs: int = 10, **more: object) -> TrialRecord:
    made = tuple(Epoch(k, {"val_accuracy": score}, seconds / epochs) for k in range(1, epochs + 1))
    facts = {"status": Status.COMPLETED, "score": score, "seconds": seconds, "epochs": made, **more}
    return TrialRecord(number, {}, **facts)  # type: ignore[arg-type]


def kept(budget: Budget, *trials: TrialRecord, asked: Confirm | None = None, slots: int = 1) -> float:
    """The reserve after these trials, the first of which ended in an earlier session."""
    listener = ConfirmingReserve(budget, asked or Confirm(), lambda: slots, most=10)
    run = RunFolder(Path("runs/x-001"))
    listener(RunStarted(run, ACCURACY, 20, None, ("cpu",), trials[:1], continued=True))
    for each in trials[1:]:
        listener(TrialEnded(each))
    return budget.reserve


def test_the_best_trials_say_how_long_their_retrainings_take() -> None:
    trials = [trial(0, 0.9, 10.0), trial(1, 0.5, 500.0), trial(2, 0.8, 20.0), trial(3, 0.7, 30.0)]
    assert kept(Budget(Limits(3600.0)), *trials) == (10 + 20 + 30) * 3
    assert kept(Budget(Limits(3600.0)), *trials, slots=2) == (10 + 20 + 30) * 3 / 2
    assert kept(Budget(Limits(3600.0)), *trials, asked=Confirm(top=1, seeds=2)) == 20.0


def test_trials_that_ended_on_other_machines_count_once_each() -> None:
    budget = Budget(Limits(3600.0))
    listener = ConfirmingReserve(budget, Confirm(), lambda: 1, most=10)
    first = trial(0, 0.9, 10.0)
    listener(RunStarted(RunFolder(Path("runs/x-001")), ACCURACY, 20, None, ("cpu",), (first,), continued=True))
    for each in (first, trial(1, 0.8, 20.0)):
        listener(EndedElsewhere(each, "node2:4711"))
    assert budget.reserve == (10 + 20) * 3


def test_the_reserve_is_at_most_a_half_and_comes_beside_that_of_the_evaluation() -> None:
    budget = Budget(Limits(100.0))
    assert kept(budget, trial(0, 0.9, 1000.0)) == 50.0
    budget.keep_for_the_end(1000.0)
    assert budget.reserve == 75.0
    assert budget.ended_by(coming=24.0) == ""
    assert budget.ended_by(coming=26.0) == TIME_IS_UP


def test_trials_of_a_lower_rung_than_the_best_are_not_confirmed_and_keep_no_time() -> None:
    below, last = Rung(1, 2, 0.5, 0.5), Rung(2, 2)
    trials = [trial(0, 0.9, 10.0, rung=below), trial(1, 0.5, 500.0, rung=last), trial(2, 0.8, 20.0, rung=below)]
    assert kept(Budget(Limits(36000.0)), *trials) == 500.0 * 3


def test_a_failed_trial_keeps_no_time() -> None:
    failed = TrialRecord(0, {}, Status.FAILED, "oom", seconds=100.0)
    assert kept(Budget(Limits(3600.0)), failed) == 0.0


def test_a_trial_that_was_cut_short_takes_all_its_epochs_again() -> None:
    assert seconds_of(trial(0, 0.9, 10.0, epochs=5), 10) == 10.0  # it stopped by itself
    pruned = trial(0, 0.9, 10.0, epochs=5, status=Status.PRUNED)
    assert seconds_of(pruned, 10) == 20.0
    behind = trial(0, 0.9, 10.0, epochs=5, status=Status.PRUNED, rung=Rung(1, 2, 0.5, 0.5))
    assert seconds_of(behind, 10) == 10.0  # a rung is trained to its end
    cut = trial(0, 0.9, 10.0, epochs=1, status=Status.STOPPED_EARLY, reason=TRIAL_TIME)
    assert seconds_of(cut, 10) == 100.0


@given(st.floats(0, 1e4), st.lists(st.floats(0.1, 1e3), min_size=1, max_size=5), st.integers(1, 8), st.integers(1, 9))
def test_there_are_as_many_seeds_as_fit_but_one_at_least(
    left: float, each: list[float], slots: int, seeds: int
) -> None:
    fit = seeds_within(left, each, slots, seeds)
    assert 1 <= fit <= seeds
    assert fit == 1 or confirming_seconds(each, slots, fit) < left
    assert fit == seeds or confirming_seconds(each, slots, fit + 1) >= left


def test_no_retraining_is_quicker_for_many_slots() -> None:
    assert confirming_seconds([10.0, 30.0], 64, 2) == 30.0
    assert confirming_seconds([], 2, 3) == 0.0


@pytest.mark.parametrize(("batch", "reduced", "parts"), [(64, 32, 2), (64, 8, 8), (10, 3, 4), (10, 2, 8), (20, 3, 8)])
def test_what_needed_smaller_parts_gets_them_from_the_start(batch: int, reduced: int, parts: int) -> None:
    short = trial(0, 0.9, 10.0, reduced_batch=reduced)
    assert as_trained(configuration(batch_size=batch), short).training.accumulate == parts
    assert as_trained(configuration(batch_size=batch), trial(0, 0.9, 10.0)).training.accumulate == 1
