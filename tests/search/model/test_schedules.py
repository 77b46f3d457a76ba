"""The learning rate at a step is what its formula says."""

import math
from typing import Any

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnsearch.search.model.optimizer import optimizer_of
from cnnsearch.search.model.schedules import WarmUp, learning_rate
from cnnsearch.spaces.document import Schedule

RATE, EPOCHS, STEPS = 0.01, 20, 50
"""Learning rate, epochs, steps in an epoch."""


def rate_at(step: int, schedule: Any, rate: float = RATE) -> float:
    built = learning_rate(Schedule.model_validate(schedule), rate, EPOCHS, STEPS)
    return built if isinstance(built, float) else float(built(step))


def expected(kind: str, step: float, values: dict[str, Any], warmup: int) -> float:
    """A schedule's formula, after a warm-up of so many steps."""
    if step < warmup:
        return RATE * step / warmup
    step -= warmup
    if kind == "cosine":
        progress = min(1.0, step / (EPOCHS * STEPS - warmup))
        return RATE * (values["end"] + (1 - values["end"]) * (1 + math.cos(math.pi * progress)) / 2)
    if kind == "inverse_time":
        return RATE / (1 + (values["decay"] or RATE / EPOCHS) * step)
    if kind == "step":
        return RATE * values["factor"] ** (step // (values["every"] * STEPS))
    return RATE


VALUES: dict[str, dict[str, Any]] = {
    "constant": {},
    "cosine": {"end": 0.1},
    "inverse_time": {"decay": 0.02},
    "step": {"every": 3, "factor": 0.5},
}


@pytest.mark.parametrize("kind", VALUES)
@settings(max_examples=25)
@given(st.integers(0, EPOCHS * STEPS + 10), st.sampled_from([0.0, 0.1, 0.25, 1.0, 2.5, 19.9]))
def test_the_learning_rate_follows_its_formula(kind: str, step: int, warmup: float) -> None:
    found = rate_at(step, {kind: VALUES[kind] | {"warmup": warmup}})
    assert found == pytest.approx(expected(kind, step, VALUES[kind], round(warmup * STEPS)), rel=1e-4, abs=1e-9)


def test_a_rate_that_never_changes_is_a_number() -> None:
    assert learning_rate(Schedule.model_validate("constant"), RATE, EPOCHS, STEPS) == RATE


def test_inverse_time_by_itself_decays_by_the_rate_over_the_epochs() -> None:
    steps = [0, 1, 49, 999]
    assert [rate_at(step, "inverse_time") for step in steps] == pytest.approx(
        [0.01 / (1 + 0.01 / 20 * step) for step in steps]
    )


def test_a_cosine_ends_at_its_share() -> None:
    assert rate_at(EPOCHS * STEPS, "cosine") == pytest.approx(0.0, abs=1e-9)
    assert rate_at(EPOCHS * STEPS, {"cosine": {"end": 0.25}}) == pytest.approx(0.25 * RATE)


@pytest.mark.parametrize("kind", VALUES)
def test_a_warm_up_rises_from_0_to_the_rate(kind: str) -> None:
    rates = [rate_at(step, {kind: {"warmup": 2}}) for step in (0, 1, 50, 99, 100)]
    assert rates == pytest.approx([0.0, RATE / 100, RATE / 2, 0.99 * RATE, RATE], rel=1e-5)


@pytest.mark.parametrize("kind", VALUES)
def test_a_warm_up_longer_than_the_training_just_rises(kind: str) -> None:
    rates = [rate_at(step, {kind: {"warmup": 40}}) for step in (0, 500, 1000)]
    assert rates == pytest.approx([0.0, RATE / 4, RATE / 2], rel=1e-5)


def test_a_warm_up_of_less_than_half_a_step_is_none() -> None:
    assert learning_rate(Schedule.model_validate({"constant": {"warmup": 0.004}}), RATE, EPOCHS, STEPS) == RATE


@pytest.mark.parametrize("kind", VALUES)
def test_the_optimizer_tells_the_rate_of_its_next_step(make: Any, kind: str) -> None:
    schedule = {kind: VALUES[kind] | {"warmup": 0.1}}
    training = {"epochs": EPOCHS, "schedule": schedule}
    optimizer = optimizer_of(make(optimizer={"sgd": {"learning_rate": RATE}}, training=training), STEPS)
    for step in (0, 3, 5, 400):
        optimizer.iterations.assign(step)
        assert float(optimizer.learning_rate) == pytest.approx(expected(kind, step, VALUES[kind], 5), rel=1e-4)


@pytest.mark.parametrize("kind", VALUES)
def test_a_schedule_is_saved_and_loaded(kind: str) -> None:
    built = learning_rate(Schedule.model_validate({kind: {"warmup": 1.5}}), RATE, EPOCHS, STEPS)
    schedules = keras.optimizers.schedules
    loaded = schedules.deserialize(schedules.serialize(built))
    assert type(loaded) is type(built)
    assert [float(loaded(step)) for step in (10, 75, 800)] == [float(built(step)) for step in (10, 75, 800)]


def test_the_warm_up_before_another_schedule_is_ours() -> None:
    built = learning_rate(Schedule.model_validate({"step": {"warmup": 1}}), RATE, EPOCHS, STEPS)
    assert type(built) is WarmUp
    assert type(built.after) is keras.optimizers.schedules.ExponentialDecay
