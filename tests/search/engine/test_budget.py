"""What ends a search: its time over all sessions, its epochs over all trials, the score that it looks for."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.engine.budget import EPOCHS_ARE_SPENT, TARGET_IS_REACHED, TIME_IS_UP, Budget, Limits
from cnnsearch.search.records import Objective


def test_earlier_sessions_count() -> None:
    budget = Budget(Limits(3600.0), spent=1800.0)
    assert 1800.0 <= budget.spent < 1860.0
    assert budget.ended_by() == ""
    assert Budget(Limits(3600.0), spent=3600.0).ended_by() == TIME_IS_UP


def test_without_bounds_it_is_never_over() -> None:
    budget = Budget(Limits(), spent=1e9, epochs=10**9)
    budget.score(1.0)
    assert budget.ended_by(coming=1e9) == ""
    assert budget.set_aside()


def test_the_longest_evaluation_is_kept_in_reserve() -> None:
    budget = Budget(Limits(3600.0), spent=3000.0)
    for seconds in (60.0, 590.0, 30.0):
        assert budget.ended_by() == ""
        budget.keep_for_the_end(seconds)
    assert budget.reserve == 590.0
    assert budget.ended_by(coming=20.0) == TIME_IS_UP


def test_the_reserve_leaves_a_short_search_its_time() -> None:
    budget = Budget(Limits(100.0))
    budget.keep_for_the_end(1000.0)
    assert budget.reserve == 25.0
    assert budget.ended_by() == ""


def test_an_epoch_that_would_end_too_late_is_not_begun() -> None:
    budget = Budget(Limits(3600.0), spent=3000.0)
    assert budget.ended_by(coming=300.0) == ""
    assert budget.ended_by(coming=601.0) == TIME_IS_UP


@pytest.mark.parametrize(("metric", "below", "good"), [("val_accuracy", 0.96, 0.97), ("val_loss", 0.98, 0.97)])
def test_the_target_has_the_direction_of_its_objective(metric: str, below: float, good: float) -> None:
    budget = Budget(Limits(target=0.97, objective=Objective.of(metric)))
    budget.score(None)
    budget.score(below)
    assert budget.ended_by() == ""
    budget.score(good)
    budget.score(below)
    assert budget.ended_by() == TARGET_IS_REACHED


def test_epochs_of_earlier_sessions_count() -> None:
    assert Budget(Limits(epochs=10), epochs=9).ended_by() == ""
    assert Budget(Limits(epochs=10), epochs=10).ended_by() == EPOCHS_ARE_SPENT


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=10))
def test_one_trial_after_the_other_spends_the_epochs_exactly(epochs: int, trials: list[tuple[int, bool]]) -> None:
    budget, made = Budget(Limits(epochs=epochs)), 0
    for length, again in trials:
        granted = budget.set_aside()
        own = 0
        while granted and own < length:
            budget.take()
            own += 1
            granted = own < length and budget.set_aside()
        if again:
            budget.forget(own)
        made += 0 if again else own
    kept = [length for length, again in trials if not again]
    assert budget.epochs == made <= epochs
    assert made == min(epochs, sum(kept)) or any(again for _, again in trials)


def test_trials_side_by_side_do_not_spend_the_last_epoch_twice() -> None:
    budget = Budget(Limits(epochs=1000))

    def train() -> None:
        while budget.set_aside():
            budget.take()

    threads = [threading.Thread(target=train) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.epochs == 1000


def test_an_epoch_that_is_put_back_is_there_for_another_trial() -> None:
    budget = Budget(Limits(epochs=1))
    assert budget.set_aside()
    assert not budget.set_aside()
    budget.put_back()
    assert budget.set_aside()
