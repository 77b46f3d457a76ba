"""What samplers learn from trials that were never trained, and from failures: where not to look, and no more."""

from collections.abc import Iterator
from itertools import islice
from statistics import fmean
from typing import Any

import keras_tuner
import pytest

from cnnsearch import OptunaOracle
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Failure, Status, TrialRecord
from cnnsearch.search.study.shared import SAME_DRAW, TOO_LATE
from cnnsearch.spaces.document import Search

DRAWS, SEEDS = 50, 3
LIMITED = Objectives.of(Search.model_validate({"constraints": {"parameters": "<= 3000", "latency": "<= 3ms"}}))
LEARNING = ["gp", "tpe", {"evolution": {"population": 10}}, "local"]


def networks() -> keras_tuner.HyperParameters:
    """Of one to four layers; a tenth of the draws has no more than 3,000 weights."""
    hp = keras_tuner.HyperParameters()
    hp.Int("layers", 1, 4)
    for layer in range(4):
        with hp.conditional_scope("layers", list(range(layer + 1, 5))):
            hp.Int(f"units.{layer}", 8, 128, step=8)
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    hp.Choice("pooling", ["flatten", "average"])
    return hp


def weights(values: dict[str, Any]) -> int:
    before, total = (256 if values["pooling"] == "flatten" else 16), 0
    for layer in range(values["layers"]):
        units = values[f"units.{layer}"]
        total, before = total + (before + 1) * units, units
    return total + (before + 1) * 10


def oracle(
    objective: Any, space: keras_tuner.HyperParameters, sampler: Any, seed: int, **settings: Any
) -> OptunaOracle:
    made = OptunaOracle(objective, None, space, seed=seed, sampler=sampler, **settings)
    made.verbose = 0
    return made


def end(one: OptunaOracle, trial: Any, score: float | None, **more: Any) -> None:
    """End a trial with this score, or untrained."""
    number, epochs = int(trial.trial_id), ()
    if score is not None:
        epochs = (Epoch(1, {"val_accuracy": score}, 1.0),)
        one.report(trial.trial_id, epochs[0])
    one.conclude(trial, TrialRecord(number, {}, epochs=epochs, **{"status": Status.COMPLETED, **more}))


def outlined(sampler: Any, seed: int) -> Iterator[bool]:
    """Of one draw after the other, whether its outline is within the limits; larger networks score better."""
    outline = lambda values: (weights(values), 4 * weights(values))  # noqa: E731
    one, number = oracle(LIMITED, networks(), sampler, seed, outline=outline), 0
    while True:
        trial = one.create_trial("a")
        yield from [False] * (int(trial.trial_id) - number)
        yield True
        number = int(trial.trial_id) + 1
        end(one, trial, weights(trial.hyperparameters.values) / 3000, seconds=1.0)


def timed(sampler: Any, seed: int) -> Iterator[bool]:
    """The same of a limit that shows when a model is built: a trial that breaks it is not trained, and counts."""
    one = oracle(LIMITED, networks(), sampler, seed)
    while True:
        trial = one.create_trial("a")
        latency = weights(trial.hyperparameters.values) * 1e-6
        yield latency <= 3e-3
        end(one, trial, None if latency > 3e-3 else latency * 100, latency=latency, seconds=1.0)


def share(kind: Any, sampler: Any) -> float:
    return fmean(fmean(islice(kind(sampler, seed), DRAWS)) for seed in range(SEEDS))


@pytest.mark.parametrize("kind", [outlined, timed])
@pytest.mark.parametrize("sampler", LEARNING)
def test_far_more_draws_are_within_the_limits_than_by_chance(sampler: Any, kind: Any) -> None:
    assert share(kind, sampler) > 1.6 * share(kind, "random")


@pytest.mark.parametrize("sampler", ["gp", {"evolution": {"population": 5}}, "local"])
def test_draws_beyond_the_limits_are_enough_to_begin_with(sampler: Any) -> None:
    """No trial is trained that these samplers would wait for: they go towards the limit."""
    none = Objectives.of(Search.model_validate({"constraints": {"latency": "<= 0.1us"}}))

    def mean(name: Any) -> float:
        found = []
        for seed in range(SEEDS):
            one = oracle(none, networks(), name, seed)
            for _ in range(25):
                trial = one.create_trial("a")
                found.append(weights(trial.hyperparameters.values))
                end(one, trial, None, latency=found[-1] * 1e-6, seconds=1.0)
        return fmean(found)

    assert mean(sampler) < 0.6 * mean("random")


def test_after_misses_in_a_row_gp_changes_a_good_trial_whatever_it_expects_elsewhere() -> None:
    good = [{"layers": 1, "units.0": 8 * n, "rate": 1e-3, "pooling": "average"} for n in range(1, 6)]
    misses = [{"layers": 2, "units.0": 8 * n, "units.1": 128, "rate": 1e-3, "pooling": "flatten"} for n in range(1, 9)]

    def apart(count: int) -> int:
        """In how many values the draw after so many misses differs from the nearest good trial."""
        one = oracle(LIMITED, networks(), "gp", 1, start_from=[*good, *misses[:count]])
        for start in good:
            end(one, one.create_trial("a"), start["units.0"] / 100, latency=1e-3, seconds=1.0)
        for _ in misses[:count]:
            end(one, one.create_trial("a"), None, latency=0.1, seconds=1.0)
        drawn = one.create_trial("a").hyperparameters.values
        return min(sum(drawn.get(name) != value for name, value in start.items()) for start in good)

    assert apart(8) == 1
    assert apart(4) > 1


def test_draws_beyond_the_limits_do_not_make_good_parents_old() -> None:
    sampler = {"evolution": {"population": 4, "tournament": 4}}
    limited = Objectives.of(Search.model_validate({"constraints": {"latency": "<= 1s"}}))
    starts = [{"layers": 1, "units.0": 8 * n, "rate": 1e-3, "pooling": "average"} for n in range(1, 15)]
    one = oracle(limited, networks(), sampler, 1, start_from=starts)
    for number, _ in enumerate(starts):
        is_trained = number < 4
        end(one, one.create_trial("a"), 0.5 + number / 10 if is_trained else None, latency=0.5 if is_trained else 2.0)
    child = one.create_trial("a").hyperparameters.values
    apart = [sum(child.get(name) != value for name, value in start.items()) for start in starts]
    assert apart[3] == 1, "the best of those that were trained is the parent"


PLACES, FAILING = [0.0, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0], [0.56, 0.6, 0.62, 0.68, 0.7, 0.74]


def drawn_after(failure: TrialRecord) -> float:
    """Where gp draws on a line whose best place, 0.65, it knows, and where several trials around it failed so."""
    space = keras_tuner.HyperParameters()
    space.Float("width", 0.0, 1.0)
    best, starts = keras_tuner.Objective("val_accuracy", "max"), [{"width": place} for place in (*PLACES, *FAILING)]
    one = oracle(best, space, "gp", 3, start_from=starts, max_consecutive_failed_trials=None)
    for place in PLACES:
        end(one, one.create_trial("a"), 1 - (place - 0.65) ** 2)
    for _ in FAILING:
        end(one, one.create_trial("a"), None, status=failure.status, reason=failure.reason, message=failure.message)
    return float(one.create_trial("a").hyperparameters.values["width"])


@pytest.mark.parametrize(
    ("reason", "message", "is_avoided"),
    [
        (Failure.OOM, "", True),
        (Failure.NAN, "", True),
        (Failure.BUG, "", True),
        (Failure.TIMEOUT, "", True),
        (Failure.IMPOSSIBLE, "no pixel is left", True),
        (Failure.IMPOSSIBLE, SAME_DRAW, False),
        (Failure.IMPOSSIBLE, TOO_LATE, False),
        (Failure.CRASH, "", False),
        (Failure.DISK, "", False),
        (Failure.DATA, "", False),
    ],
)
def test_gp_avoids_what_failed_by_its_own_doing_and_nothing_else(
    reason: Failure, message: str, is_avoided: bool
) -> None:
    drawn = drawn_after(TrialRecord(0, {}, Status.FAILED, reason, message))
    assert (FAILING[0] < drawn < FAILING[-1]) is not is_avoided
