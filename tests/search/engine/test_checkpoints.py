"""The models that stay on disk are those of the first in the table."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.best import best_of
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder

ACCURACY = Objective("val_accuracy", "max")
outcomes = st.lists(st.tuples(st.sampled_from([None, 0.5, 0.75, 1.0]), st.sampled_from([10, 20, 30])), max_size=12)


def end(checkpoints: Checkpoints, run: RunFolder, trial: TrialRecord) -> None:
    """What happens at a trial's end: its model is written where it is wanted."""
    if checkpoints.wants(trial):
        model = run.trial(trial.number).model
        model.parent.mkdir(parents=True)
        model.touch()
    checkpoints.ended(trial)


def kept(run: RunFolder) -> list[int]:
    return sorted(int(model.parent.name) for model in run.path.glob("trials/*/model.keras"))


@given(outcomes=outcomes, keep=st.integers(1, 4), direction=st.sampled_from(["max", "min"]))
def test_the_models_of_the_best_trials_stay_ties_included(
    tmp_path_factory: pytest.TempPathFactory, outcomes: list[tuple[float | None, int]], keep: int, direction: str
) -> None:
    run, objective = RunFolder(tmp_path_factory.mktemp("run")), Objective("score", direction)
    checkpoints = Checkpoints(run, objective, keep)
    trials = [
        TrialRecord(number, {}, Status.COMPLETED if score is not None else Status.FAILED, score=score, parameters=size)
        for number, (score, size) in enumerate(outcomes)
    ]
    for trial in trials:
        end(checkpoints, run, trial)
        assert len(kept(run)) <= keep
    ranked = rank(trials, objective)
    assert kept(run) == sorted(trial.number for trial in ranked[:keep])
    assert best_of(run, trials, objective) == (ranked[0] if ranked else None)


def test_a_run_that_goes_on_knows_the_earlier_trials(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    checkpoints = Checkpoints(run, ACCURACY, keep=1)
    checkpoints.ended(TrialRecord(0, {}, Status.COMPLETED, score=0.75, parameters=5))
    assert not checkpoints.wants(TrialRecord(1, {}, Status.RUNNING, score=0.5, parameters=5))
    assert checkpoints.wants(TrialRecord(1, {}, Status.RUNNING, score=0.875, parameters=5))
    assert not checkpoints.wants(TrialRecord(1, {}, Status.RUNNING, score=None))


def test_a_model_that_a_trial_wrote_before_it_failed_goes(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    model = run.trial(0).model
    model.parent.mkdir(parents=True)
    model.touch()
    Checkpoints(run, ACCURACY, keep=3).ended(TrialRecord(0, {}, Status.FAILED, reason="crash"))
    assert not model.exists()
