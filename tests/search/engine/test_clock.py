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


class Passing:
    """A clock whose time passes when we say so: a pause of less than nothing."""

    def __init__(self, limit: float) -> None:
        self._seconds = 0.0
        self.clock = TrialClock(limit, lambda: -self._seconds)

    def passes(self, seconds: float) -> None:
        self._seconds += seconds


def test_what_is_no_trials_own_does_not_count() -> None:
    passing = Passing(600.0)
    clock = passing.clock
    clock.stand()
    passing.passes(1000.0)
    clock.stand()
    passing.passes(1000.0)
    clock.go_on()
    passing.passes(100.0)
    assert (round(clock.seconds), round(clock.counted), clock.is_up) == (2100, 100, False)
    assert 649.0 < (clock.patience() or 0.0) <= 650.0
    passing.passes(500.0)
    assert clock.is_up


def test_the_making_of_features_is_waited_for_from_headway_to_headway() -> None:
    passing = Passing(60.0)
    clock = passing.clock
    for _ in range(3):
        clock.makes_features()
        passing.passes(500.0)
        assert 99.0 < (clock.patience() or 0.0) <= 100.0
    passing.passes(200.0)
    assert (clock.patience() or 0.0) <= -100.0
    assert clock.complaint(0) == "the making of its features did not get on for 10m"
    clock.go_on()
    assert 74.0 < (clock.patience() or 0.0) <= 75.0
    clock.makes_features()
    clock.epoch_ended(1.0)  # whatever was said of features, it is over
    assert not clock.is_making


def test_without_headway_features_are_waited_for_as_long_as_a_trial_may_take() -> None:
    clock = TrialClock(7200.0)
    clock.makes_features()
    assert 7199.0 < (clock.patience() or 0.0) <= 7200.0


def test_the_writing_of_a_model_is_not_hurried() -> None:
    clock = TrialClock(1.0)
    clock.training_ended()
    assert clock.patience() is None


def test_a_complaint_says_what_was_not_finished_and_the_limit() -> None:
    clock = TrialClock(90.0)
    assert clock.complaint(0) == "its first epoch was not finished after 1s; search.trial_time is 1m30s"
    assert clock.complaint(3).startswith("epoch 4 was not finished")
