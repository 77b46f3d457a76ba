"""How long a trial's process is waited for."""

from cnnsearch.search.engine.clock import TrialClock


def test_without_a_limit_it_is_waited_for_as_long_as_it_takes() -> None:
    clock = TrialClock(None)
    assert (clock.is_up, clock.patience()) == (False, None)


def test_a_first_epoch_has_a_quarter_of_the_time_more_and_5_seconds_at_least() -> None:
    assert 749.0 < (TrialClock(600.0).patience() or 0.0) <= 750.0
    assert 5.0 < (TrialClock(1.0).patience() or 0.0) <= 6.0


def test_a_later_epoch_is_waited_for_twice_as_long_as_the_longest_before() -> None:
    clock = TrialClock(600.0)
    for seconds in (400.0, 300.0):
        clock.epoch_ended(seconds)
    assert 1399.0 < (clock.patience() or 0.0) <= 1400.0


def test_the_writing_of_a_model_is_not_hurried() -> None:
    clock = TrialClock(1.0)
    clock.training_ended()
    assert clock.patience() is None


def test_a_complaint_says_what_was_not_finished_and_the_limit() -> None:
    clock = TrialClock(90.0)
    assert clock.complaint(0) == "its first epoch was not finished after 1s; search.trial_time is 1m30s"
    assert clock.complaint(3).startswith("epoch 4 was not finished")
