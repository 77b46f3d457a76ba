"""What the limits of a search leave of its trials."""

import pytest

from cnnsearch.search.plan.budgets import trials_within_epochs, within_trial_time


@pytest.mark.parametrize(("epochs", "trials"), [(None, 20), (1000, 20), (100, 10), (101, 11), (1, 1)])
def test_the_last_trial_that_begins_counts(epochs: int | None, trials: int) -> None:
    assert trials_within_epochs(20, epochs, [5.0, 15.0]) == trials


def test_a_trial_over_its_time_ends_with_the_epoch_that_it_is_in() -> None:
    assert within_trial_time(500.0, None, 30.0) == 500.0
    assert within_trial_time(500.0, 600.0, 30.0) == 500.0
    assert within_trial_time(5000.0, 600.0, 30.0) == 630.0
