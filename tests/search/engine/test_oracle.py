"""OptunaOracle in many hands at once: its budget, failures, draws, and what it refuses."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_tuner.engine.trial import Trial

from cnnsearch import CnnSearchError, OptunaOracle
from cnnsearch.search.engine.failing import EveryTrialFailed
from cnnsearch.search.records import Epoch, Status

BEST = keras_tuner.Objective("val_accuracy", "max")


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def space() -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 1e-4, 1e-1, sampling="log")
    return hp


def oracle(**settings: Any) -> OptunaOracle:
    made = OptunaOracle(**{"objective": BEST, "hyperparameters": space(), "seed": 7, **settings})
    made.verbose = 0
    return made


def finish(oracle: OptunaOracle, trial: Trial, accuracy: float) -> None:
    oracle.update_trial(trial.trial_id, {"val_accuracy": accuracy}, step=1)
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


def fail(oracle: OptunaOracle, trial: Trial, status: str = "FAILED", message: str = "ValueError: too wide") -> None:
    trial.status, trial.message = status, message
    oracle.end_trial(trial)


# The budget, many threads, faults.


def test_four_threads_share_forty_trials_and_each_number_is_there_once() -> None:
    shared = oracle(max_trials=40, storage="sqlite:///my.db")

    def serve(slot: int) -> list[str]:
        mine = []
        while (trial := shared.create_trial(f"tuner{slot}")).status == "RUNNING":
            mine.append(trial.trial_id)
            finish(shared, trial, accuracy=int(trial.trial_id) / 40)
        return mine

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for mine in pool.map(serve, range(4)) for number in mine]
    assert sorted(numbers) == [f"{number:04d}" for number in range(40)]
    assert shared.get_best_trials()[0].trial_id == "0039"
    assert [trial.score for trial in shared.study.records()] == [number / 40 for number in range(40)]


def test_the_same_tuner_is_given_its_running_trial_again() -> None:
    one = oracle(max_trials=3)
    trial = one.create_trial("a")
    assert one.create_trial("a") is trial
    assert one.create_trial("b").trial_id == "0001"


def test_an_exception_in_a_method_leaves_the_oracle_usable_for_all_threads() -> None:
    one = oracle(max_trials=3)
    trial = one.create_trial("a")
    with pytest.raises(ValueError, match="Objective value missing"):
        one.update_trial(trial.trial_id, {"loss": 1.0})
    with pytest.raises(KeyError, match="9999"):
        one.report("9999", Epoch(1, {}, 0.0))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(finish, one, trial, 0.5).result(timeout=30)
    with pytest.raises(CnnSearchError, match=r"trial 0000: only a running trial reports epochs, got status COMPLETED"):
        one.report("0000", Epoch(2, {}, 0.0))


def test_a_dead_parents_running_trial_is_the_next_with_its_number_and_values() -> None:
    dead = oracle(max_trials=2, storage="sqlite:///my.db")
    finish(dead, dead.create_trial("a"), 0.5)
    lost = dead.create_trial("a")
    alive = oracle(max_trials=2, storage="sqlite:///my.db", seed=99)
    again = alive.create_trial("a")
    assert (again.trial_id, again.hyperparameters.values) == (lost.trial_id, lost.hyperparameters.values)
    finish(alive, again, 0.75)
    assert alive.create_trial("a").status == "STOPPED"


def test_what_an_earlier_session_has_found_is_taken_over_once() -> None:
    earlier, more = oracle(storage="sqlite:///my.db"), space()
    more.Int("units", 1, 3)
    earlier.update_space(more)
    again = oracle(storage="sqlite:///my.db")
    again.reload()
    assert [declared.name for declared in again.hyperparameters.space] == ["rate", "units"]


def test_impossible_draws_cost_no_trial() -> None:
    def too_small(values: Any) -> str | None:
        return "too small" if values["rate"] < 1e-2 else None

    one = oracle(max_trials=4, reject=too_small, sampler="random", storage="sqlite:///my.db")
    for _ in range(4):
        trial = one.create_trial("a")
        assert trial.hyperparameters.values["rate"] >= 1e-2
        finish(one, trial, 0.5)
    assert one.create_trial("a").status == "STOPPED"
    rejected = [trial for trial in one.study.records() if trial.status is Status.FAILED]
    assert rejected
    assert {(trial.reason, trial.message) for trial in rejected} == {("impossible", "too small")}
    assert len(oracle(max_trials=4, storage="sqlite:///my.db").trials) == 4


def test_a_space_without_any_possible_model_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnsearch.search.engine.draws._IMPOSSIBLE", 20)
    one = oracle(max_trials=1, reject=lambda _: "no pixel is left")
    with pytest.raises(CnnSearchError, match=r"got 20 impossible draws in a row, the last: no pixel is left"):
        one.create_trial("a")


def test_a_search_that_had_a_trial_ends_where_the_next_draws_are_all_impossible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cnnsearch.search.engine.draws._IMPOSSIBLE", 20)
    possible = [True, True]
    one = oracle(reject=lambda _: None if possible and possible.pop() else "no pixel is left", sampler="random")
    finish(one, one.create_trial("a"), 0.5)
    running = one.create_trial("b")
    assert one.create_trial("a").status == "STOPPED"
    assert one.exhausted == "the last 20 draws in a row were no trials (20 had an impossible model: no pixel is left)"
    assert len(one.study.records()) == 22
    finish(one, running, 0.75)
    assert one.create_trial("b").status == "STOPPED"  # after one more
    assert len(one.study.records()) == 23
    assert [trial.score for trial in one.get_best_trials(5)] == [0.75, 0.5]
    possible.append(True)
    assert one.create_trial("b").status == "RUNNING"
    assert one.exhausted is None


def test_one_ask_is_one_draw_so_that_whoever_ends_the_search_waits_for_no_more() -> None:
    possible: list[bool] = []
    one = oracle(reject=lambda _: None if possible else "no pixel is left", sampler="random")
    assert [one.draw("a") for _ in range(3)] == [None] * 3
    assert [record.reason for record in one.study.records()] == ["impossible"] * 3
    possible.append(True)
    drawn = one.draw("a")
    assert drawn is not None
    assert (drawn.trial_id, drawn.status) == ("0003", "RUNNING")


@pytest.mark.timeout(60)
def test_a_trial_reports_while_another_slot_draws_in_vain() -> None:
    is_drawing, may_end, draws = threading.Event(), threading.Event(), []

    def reject(_: Any) -> str | None:
        draws.append(is_drawing.set())
        return None if may_end.is_set() or len(draws) == 1 else "no pixel is left"

    one = oracle(reject=reject, sampler="random")
    trial = one.create_trial("a")
    is_drawing.clear()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(one.create_trial, "b")
        try:
            is_drawing.wait()
            for epoch in range(1, 6):
                before = len(draws)
                one.report(trial.trial_id, Epoch(epoch, {"val_accuracy": 0.5}, 0.0))
                assert len(draws) - before < 50  # of a thousand
        finally:
            may_end.set()
        assert other.result().status == "RUNNING"


# Failures.


def test_too_many_failures_in_a_row_end_the_search_and_are_recorded() -> None:
    one = oracle(max_trials=9, max_consecutive_failed_trials=3)
    fail(one, one.create_trial("a"))
    finish(one, one.create_trial("a"), 0.5)
    for _ in range(2):
        fail(one, one.create_trial("a"))
    last = one.create_trial("a")
    message = r"trial 4: the last 3 trials failed, all with bug\. Trial 4 says: ValueError: too wide\. Mend the cause"
    with pytest.raises(EveryTrialFailed, match=message):
        fail(one, last)
    states = [trial.status.value for trial in one.study.records()]
    assert states == ["failed", "completed", "failed", "failed", "failed"]


@pytest.mark.parametrize("retries", [0, 2])
def test_a_trial_that_raised_is_run_again_as_often_as_asked(retries: int) -> None:
    one = oracle(max_trials=1, max_retries_per_trial=retries, max_consecutive_failed_trials=9)
    runs = 0
    while (trial := one.create_trial("a")).status == "RUNNING":
        runs += 1
        assert trial.trial_id == "0000"
        fail(one, trial, status="INVALID")
    assert runs == retries + 1
    assert [record.status for record in one.study.records()] == [Status.FAILED]


def test_what_a_failed_attempt_reported_is_not_the_next_ones() -> None:
    one = oracle(max_trials=1, max_retries_per_trial=1)
    trial = one.create_trial("a")
    one.report(trial.trial_id, Epoch(1, {"val_accuracy": 0.9}, 0.0))
    fail(one, trial, status="INVALID")
    again = one.create_trial("a")
    assert again.message is None
    finish(one, again, 0.25)
    assert again.score == one.study.record(0).score == 0.25


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_that_is_not_finite_is_a_failure(score: float) -> None:
    one = oracle(max_trials=1)
    finish(one, one.create_trial("a"), score)
    (record,) = one.study.records()
    assert (record.status, record.reason, record.score) == (Status.FAILED, "nan", None)


# Draws.


def drawn(**settings: Any) -> list[float]:
    one = oracle(max_trials=5, **settings)
    values = []
    while (trial := one.create_trial("a")).status == "RUNNING":
        values.append(trial.hyperparameters.values["rate"])
        finish(one, trial, 0.5)
    return values


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_seed_decides_the_draws(sampler: str) -> None:
    assert drawn(sampler=sampler, seed=0) == drawn(sampler=sampler, seed=0)
    assert drawn(sampler=sampler, seed=0) != drawn(sampler=sampler, seed=1)


def test_going_on_does_not_draw_the_first_trials_again() -> None:
    url = "sqlite:///my.db"
    first = oracle(max_trials=1, storage=url).create_trial("a").hyperparameters.values
    begun = oracle(max_trials=1, storage=url)
    finish(begun, begun.create_trial("a"), 0.5)
    assert oracle(max_trials=2, storage=url).create_trial("a").hyperparameters.values != first


steps = st.one_of(st.none(), st.integers(1, 7))


@settings(max_examples=40, deadline=None)
@given(
    low=st.integers(1, 20), width=st.integers(1, 50), step=steps, sampling=st.sampled_from(["linear", "log"]),
    base=st.floats(-2, 2), span=st.sampled_from([0.3, 0.5, 1.0]), share=st.sampled_from([None, 0.1, 0.05, 0.07]),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_every_kind_of_parameter_is_drawn_within_its_range_and_without_a_warning(
    low: int, width: int, step: int | None, sampling: str, base: float, span: float, share: float | None, seed: int
) -> None:
    hp = keras_tuner.HyperParameters()
    base = round(base, 2)
    hp.Int("whole", low, low + width, step=step if sampling == "linear" else None, sampling=sampling)
    hp.Int("doubled", 1, 64, step=2, sampling="log")
    hp.Float("real", base, base + span, step=share)
    hp.Float("backwards", 0.001, 1.0, sampling="reverse_log")
    hp.Choice("options", ["a", "b", "c"])
    hp.Boolean("switch")
    hp.Fixed("fixed", "as it is")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = oracle(hyperparameters=hp, max_trials=1, seed=seed).create_trial("a").hyperparameters.values
    assert low <= values["whole"] <= low + width
    if step and sampling == "linear":
        assert (values["whole"] - low) % step == 0
    assert values["doubled"] in {1, 2, 4, 8, 16, 32, 64}
    assert isinstance(values["doubled"], int)
    assert base <= values["real"] <= base + span + 1e-9
    if share:
        assert np.isclose((values["real"] - base) / share, round((values["real"] - base) / share))
    assert 0.001 <= values["backwards"] <= 1.0
    assert values["options"] in {"a", "b", "c"}
    assert values["switch"] in {True, False}
    assert isinstance(values["switch"], bool)
    assert values["fixed"] == "as it is"


# What cannot work is refused at once.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sampler": "tpo"}, r"one of gp, tpe, random, grid, .* or an Optuna sampler, got 'tpo' \(tpo: no such name\)"),
        ({"pruner": "ahsa"}, r"pruner: one of asha, hyperband, .* or an Optuna pruner, got 'ahsa'"),
        (
            {"objective": ["val_accuracy", "val_loss"], "pruner": "asha"},
            r"pruner: it compares .* one metric .*, got objective val_accuracy, val_loss\. Use the pruner none",
        ),
        (
            {"objective": ["val_accuracy", "val_loss"], "sampler": optuna.samplers.CmaEsSampler(seed=1)},
            r"cmaes: it ranks by one objective, got val_accuracy, val_loss\. Use gp, nsga2 or nsga3",
        ),
        ({"storage": "sqlite:////no/such/place.db"}, r"sqlite:////no/such/place.db: a study's database must"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_message(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        oracle(**settings)


def test_optunas_own_samplers_and_pruners_and_storages_are_taken() -> None:
    own = {
        "sampler": optuna.samplers.TPESampler(seed=1, n_startup_trials=1),
        "pruner": optuna.pruners.HyperbandPruner(),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        one = oracle(max_trials=2, storage=optuna.storages.InMemoryStorage(), **own)
        for accuracy in (0.5, 0.75):
            trial = one.create_trial("a")
            one.report(trial.trial_id, Epoch(1, {"val_accuracy": accuracy}, 0.0))
            finish(one, trial, accuracy)
    assert [record.score for record in one.study.records()] == [0.5, 0.75]
