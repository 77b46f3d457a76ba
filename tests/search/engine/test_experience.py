"""What is expected of trials that follow: from those that were."""

import pytest

from cnnsearch.search.engine.experience import Experience
from cnnsearch.search.records import Epoch, Status, TrialRecord


def test_a_start_is_expected_to_take_the_median_of_those_before() -> None:
    experience = Experience()
    assert experience.start == 0.0
    for seconds in (600.0, 20.0, 10.0):
        experience.started(seconds)
    assert experience.start == 20.0


def test_of_earlier_sessions_the_epochs_are_known() -> None:
    experience = Experience()
    epochs = tuple(Epoch(number, {}, seconds) for number, seconds in enumerate((30.0, 100.0), 1))
    experience.recall([TrialRecord(0, {}, Status.COMPLETED, epochs=epochs), TrialRecord(1, {}, Status.FAILED)])
    assert experience.start == 30.0
    assert experience.silence() == 500.0


@pytest.mark.parametrize(
    ("whole", "start", "grace"), [(1800.0, 600.0, 180.0), (7200.0, 600.0, 600.0), (60.0, 5.0, 60.0)]
)
def test_beyond_the_searchs_time_a_start_is_waited_for_a_tenth_of_it_at_most(
    whole: float, start: float, grace: float
) -> None:
    experience = Experience()
    experience.started(start)
    assert experience.grace(whole) == experience.grace(whole, start / 2) == grace


def test_whoever_has_longer_epochs_than_others_is_waited_for_by_these() -> None:
    experience = Experience()
    experience.started(120.0)
    assert experience.grace(7200.0, longest=600.0) == 600.0


@pytest.mark.parametrize(("epochs", "seconds"), [((), 1800.0), ((1.0, 2.0), 300.0), ((400.0, 100.0), 2000.0)])
def test_silence_is_long_where_it_is_many_times_what_was_known(epochs: tuple[float, ...], seconds: float) -> None:
    experience = Experience()
    for epoch in epochs:
        experience.epoch(epoch)
    assert experience.silence() == seconds


@pytest.mark.parametrize(
    ("own", "is_new_phase", "seconds"), [(500.0, False, 2500.0), (0.0, True, 1800.0), (7.0, False, 300.0)]
)
def test_silence_is_longer_on_larger_images_and_before_the_first_epoch_of_a_phase(
    own: float, is_new_phase: bool, seconds: float
) -> None:
    experience = Experience()
    experience.epoch(0.5)
    assert experience.silence(own, is_new_phase=is_new_phase) == seconds
