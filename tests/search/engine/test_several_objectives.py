"""Several objectives and constraints in the oracle: every sampler, what the study keeps, and KerasTuner's own list."""

from pathlib import Path
from typing import Any

import keras_tuner
import pytest

from cnnsearch import CnnSearchError, OptunaOracle
from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.ranking import Objectives, front_of
from cnnsearch.search.records import Epoch, Status
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.document import Search

BOTH = [keras_tuner.Objective("val_accuracy", "max"), keras_tuner.Objective("val_loss", "min")]
LIMITED = {"objective": ["val_accuracy", "val_auc"], "constraints": {"val_macro_f1": ">= 0.5", "parameters": "<= 50"}}


def space() -> keras_tuner.HyperParameters:
    hp = keras_tuner.HyperParameters()
    hp.Int("units", 1, 100)
    hp.Float("rate", 0.1, 0.9, step=0.1)
    return hp


def oracle(objective: Any, **settings: Any) -> OptunaOracle:
    made = OptunaOracle(objective=objective, hyperparameters=space(), seed=3, max_trials=40, **settings)
    made.verbose = 0
    return made


def finish(begun: OptunaOracle, count: int, **more: float) -> None:
    """Trials with more accuracy for more units, and a loss that grows with them, too."""
    for _ in range(count):
        trial = begun.create_trial("a")
        units, rate = trial.hyperparameters.values["units"], trial.hyperparameters.values["rate"]
        metrics = {"val_accuracy": units / 100, "val_loss": units / 50 + rate, "val_auc": rate}
        begun.update_trial(trial.trial_id, {**metrics, "val_macro_f1": rate, **more}, step=1)
        trial.status = "COMPLETED"
        begun.end_trial(trial)


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "grid", "nsga2", "nsga3", "evolution", "local"])
@pytest.mark.parametrize("limited", [False, True])
def test_every_sampler_goes_on_from_trials_with_several_values(sampler: str, limited: bool) -> None:
    objective = Objectives.of(Search.model_validate(LIMITED)) if limited else BOTH
    begun = oracle(objective, sampler=sampler, outline=lambda values: (values["units"], 4 * values["units"]))
    finish(begun, 25)
    records = begun.study.records()
    assert len({(r.values["units"], r.values["rate"]) for r in records}) == len(records)
    assert len([r for r in records if not r.costs_nothing]) == 25
    assert not limited or all(r.values["units"] <= 50 or r.costs_nothing for r in records)


def test_a_list_of_keras_tuners_objectives_gives_a_front_that_begins_the_best_trials() -> None:
    begun = oracle(BOTH)
    finish(begun, 12)
    front = front_of(begun.study.records(), begun.study.objectives)
    best = begun.get_best_trials(len(front))
    assert [int(trial.trial_id) for trial in best] == [record.number for record in front]
    assert best[0].score == max(record.score or 0.0 for record in begun.study.records())
    assert all(len(record.objective_values) == 2 for record in front)


def test_optuna_has_both_values_and_the_same_front(tmp_path: Path) -> None:
    begun = oracle(BOTH, storage=f"sqlite:///{tmp_path}/s.db")
    finish(begun, 8)
    again = oracle(BOTH, storage=f"sqlite:///{tmp_path}/s.db")
    theirs = {trial.number for trial in again.study._study.best_trials}
    assert {record.number for record in front_of(again.study.records(), again.study.objectives)} == theirs
    assert [trial.trial_id for trial in again.get_best_trials(8)] == [t.trial_id for t in begun.get_best_trials(8)]


def test_what_breaks_a_limit_on_a_metric_is_infeasible_and_its_violation_is_noted() -> None:
    begun = oracle(Objectives.of(Search.model_validate(LIMITED)))
    finish(begun, 1, val_macro_f1=0.25)
    (record,) = begun.study.records()
    assert (record.status, record.reason) == (Status.INFEASIBLE, "val_macro_f1 0.2500 < 0.5000")
    (stored,) = begun.study.trials()
    assert stored.constraints == {"val_macro_f1": 0.5, "parameters": 0.0}
    assert stored.values is not None
    assert begun.get_best_trials() == []


def test_too_large_draws_are_told_cost_nothing_and_are_no_failures() -> None:
    begun = oracle(
        Objectives.of(Search.model_validate(LIMITED)),
        sampler="random",
        outline=lambda values: (values["units"], 4 * values["units"]),
        max_consecutive_failed_trials=1,
    )
    finish(begun, 10)
    small = [r for r in begun.study.records() if not r.costs_nothing]
    large = [r for r in begun.study.records() if r.costs_nothing]
    assert all(r.values["units"] <= 50 for r in small)
    assert all(r.status is Status.INFEASIBLE and r.reason.startswith("parameters ") for r in large)
    assert large


def test_where_nothing_is_within_the_limits_the_search_says_so() -> None:
    begun = oracle(Objectives.of(Search.model_validate(LIMITED)), outline=lambda _: (1000, 4000), sampler="grid")
    with pytest.raises(CnnSearchError, match=r"all 900 configurations were tried\. The last: parameters 1,000 > 50"):
        begun.create_trial("a")


def test_where_hardly_anything_is_within_the_limits_the_search_ends_with_what_there_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cnnsearch.search.engine.draws._IMPOSSIBLE", 30)
    limits = {"parameters": "<= 1000", "model_size": "<= 3600B"}
    objective = Objectives.of(Search.model_validate({"objective": "val_accuracy", "constraints": limits}))
    start = {"units": 1, "rate": 0.1}
    begun = oracle(
        objective,
        sampler="random",
        outline=lambda values: (1000 * values["units"], 4000 * values["units"] - 3000 * (values["units"] == 1)),
        reject=lambda values: "no pixel is left" if values["units"] > 50 else None,
        start_from=[start],
    )
    assert begun.create_trial("a").hyperparameters.values == start
    found = begun.create_trial("b")
    while found.status == "RUNNING":
        assert found.hyperparameters.values["units"] == 1
        found = begun.create_trial(f"slot {found.trial_id}")
    refused = begun.study.records()[-30:]
    large = [record for record in refused if record.status is Status.INFEASIBLE]
    assert 0 < len(large) < 30
    assert begun.exhausted == (
        f"the last 30 draws in a row were no trials ({len(large)} broke parameters <= 1,000; "
        f"{len(large)} broke model_size <= 3.6 kB; {30 - len(large)} had an impossible model: no pixel is left)"
    )


def test_a_study_goes_on_with_its_own_objectives_and_constraints_only(tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path}/s.db")
    objectives = Objectives.of(Search.model_validate(LIMITED))
    TrialStudy.open(storage, objectives, pruner=pruner_of("none"))
    assert TrialStudy.open(storage, objectives).objectives == objectives
    other = Objectives.of(Search.model_validate({**LIMITED, "constraints": {"parameters": "<= 60"}}))
    with pytest.raises(CnnSearchError, match=r"within val_macro_f1 >= 0\.5, parameters <= 50, got .* parameters <= 60"):
        TrialStudy.open(storage, other)


def test_a_trial_without_one_of_the_values_failed() -> None:
    begun = oracle(BOTH)
    trial = begun.create_trial("a")
    begun.report(trial.trial_id, Epoch(1, {"val_accuracy": 0.5}, 0.0))
    trial.status = "COMPLETED"
    begun.end_trial(trial)
    (record,) = begun.study.records()
    assert (record.status, record.message) == (Status.FAILED, "no epoch had a finite val_loss")
