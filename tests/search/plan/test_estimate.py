"""From measured models to a whole search: the cost model and the ranges."""

from dataclasses import replace

import pytest

from cnnsearch.search.plan.estimate import (
    Load,
    Pace,
    TrialTime,
    epoch_seconds,
    fit,
    search_seconds,
    trials_within,
)


def load(flops: float, trainable: int = 1000, batch: int = 32, epochs: int = 10) -> Load:
    return Load(3 * flops, flops, trainable, batch, train=1000, validation=200, validation_batch=128, epochs=epochs)


def pace(work: Load, step: float, forward: float = 1e-4, start: float = 1.0) -> Pace:
    return Pace(work, start, step, forward, epoch_seconds(work, step, forward))


def test_steps_and_looks_count_the_last_smaller_batch() -> None:
    assert (load(1e6).steps, load(1e6).looks) == (32, 2)
    assert epoch_seconds(load(1e6), step=0.1, forward=0.01) == pytest.approx(3.2 + 2)


def test_one_measured_model_comes_back_as_it_was() -> None:
    measured = pace(load(1e9), step=0.5)
    cost = fit([measured], only=True)
    assert cost.epoch(measured.load) == pytest.approx(measured.epoch)
    assert cost.trial([measured.load]) == pytest.approx(1.0 + 10 * measured.epoch)
    assert cost.error < fit([measured]).error


def test_the_parts_of_a_steps_time_are_found_again() -> None:
    works = [load(1e6), load(1e8), load(1e9, trainable=10**8), load(3e9)]
    measured = [
        pace(w, 0.01 + 1e-12 * w.training_flops * 32 + 1e-9 * w.trainable, forward=0.01 / 128 + 1e-12 * w.flops)
        for w in works
    ]
    cost = fit(measured)
    for each in measured:
        assert cost.epoch(each.load) == pytest.approx(each.epoch, rel=0.05)
    between = load(5e8)
    assert cost.epoch(between) == pytest.approx(32 * (0.01 + 1e-12 * 1.5e9 * 32), rel=0.1)


def test_more_work_never_takes_less_time_however_odd_the_measurements() -> None:
    cost = fit([pace(load(1e6), 0.5), pace(load(1e9, trainable=10**7), 0.1), pace(load(1e7), 0.001)])
    epochs = [cost.epoch(load(flops)) for flops in (1e3, 1e6, 1e9, 1e12)]
    assert epochs == sorted(epochs)
    assert cost.error > 1
    assert cost.epoch(load(1e9, trainable=10**9)) >= cost.epoch(load(1e9))


def test_each_kind_of_load_keeps_its_own_pace() -> None:
    slow = Load(3e8, 1e8, 1000, 32, 1000, 200, validation_batch=128, epochs=10, kind="mobilenet")
    quick = replace(slow, training_flops=3e10, flops=1e10, kind="vgg16")
    measured = [pace(slow, 0.5, forward=0.01), pace(quick, 1.0, forward=0.05)]
    cost = fit(measured)
    for each in measured:
        assert cost.epoch(each.load) == pytest.approx(each.epoch)
    assert cost.error == fit(measured[:1]).error  # one of a kind says little of others


def test_a_cost_model_needs_a_measurement() -> None:
    with pytest.raises(ValueError, match="one measured model or more, got none"):
        fit([])


def test_each_phase_of_a_trial_starts_anew_and_costs_what_its_work_costs() -> None:
    head, tuning = load(1e8, epochs=10), load(1e9, epochs=5)
    cost = fit([pace(head, 0.05), pace(tuning, 0.5)], only=True)
    whole = cost.trial([head, tuning])
    assert whole == pytest.approx(2 * cost.start + 10 * cost.epoch(head) + 5 * cost.epoch(tuning))
    # Half of the trials end after the first phase.
    half = cost.trial([head, tuning], [1.0] * 10 + [0.5] * 5)
    assert half == pytest.approx(1.5 * cost.start + 10 * cost.epoch(head) + 2.5 * cost.epoch(tuning))


def trials(*seconds: float) -> list[TrialTime]:
    return [TrialTime(each) for each in seconds]


def test_what_trials_share_is_made_once_in_a_search_and_counted_in_its_time() -> None:
    alike = [TrialTime(10.0, {"features of mobilenet": 100.0})]
    found = search_seconds(alike, trials=20, slots=1, error=0.0)
    assert (found.low, found.high) == (300, 300)
    assert search_seconds(alike, trials=20, slots=2, error=0.0).high == 200
    assert trials_within(300, alike, slots=1, error=0.0).low == 20
    assert trials_within(1_000_000, alike, slots=1, error=0.0).low == 99_990


def test_two_kinds_of_features_are_both_made() -> None:
    mixed = [TrialTime(1.0, {"mobilenet": 100.0}), TrialTime(1.0, {"vgg16": 1000.0})]
    found = search_seconds(mixed, trials=30, slots=1, error=0.0)
    assert (found.low, found.high) == (1130, 1130)


def test_equal_trials_take_their_sum_and_slots_share_them() -> None:
    alone = search_seconds(trials(60.0), trials=10, slots=1, error=0.25)
    assert (alone.low, alone.high) == pytest.approx((480, 750))
    assert search_seconds(trials(60.0), trials=10, slots=2, error=0.25).high == pytest.approx(375)
    assert search_seconds(trials(60.0), trials=1, slots=8, error=0.0).low == 60


def test_uneven_trials_make_the_range_wider_the_same_each_time() -> None:
    seconds = trials(10.0, 10.0, 10.0, 1000.0)
    found = search_seconds(seconds, trials=8, slots=1, error=0.0)
    assert found.low < 8 * 257.5 < found.high
    assert found == search_seconds(seconds, trials=8, slots=1, error=0.0)


def test_a_time_limit_holds_as_many_trials_as_fit() -> None:
    found = trials_within(3600, trials(60.0), slots=2, error=0.0)
    assert (found.low, found.high) == (120, 120)
    assert trials_within(3600, trials(0.001), slots=1, error=0.0).low == pytest.approx(3_600_000, rel=1e-6)
    assert trials_within(1, trials(60.0), slots=3, error=0.3).low == 3
    wide = trials_within(3600, trials(10.0, 600.0), slots=1, error=0.3)
    assert wide.low < 3600 / 305 < wide.high
