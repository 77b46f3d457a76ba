"""The models that stay on disk are those of the first in the table."""

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.best import best_of
from cnnsearch.search.engine import checkpoints as module
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import FoldScore, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.spaces.rungs import Rung

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


class RankingAll:
    """Keeps and removes what `Checkpoints` does, by ranking all trials anew each time."""

    def __init__(self, objectives: Objectives, keep: int) -> None:
        self._objectives, self._keep = objectives, keep
        self._known, self._removed = dict[int, TrialRecord](), set[int]()

    def wants(self, trial: TrialRecord) -> bool:
        return trial in rank([*self._known.values(), trial], self._objectives)[: self._keep]

    def ended(self, *trials: TrialRecord) -> list[int]:
        self._known |= {trial.number: trial for trial in trials}
        best = {trial.number for trial in rank(self._known, self._objectives)[: self._keep]}
        behind = sorted(self._known.keys() - best - self._removed)
        self._removed.update(behind)
        return behind


def trained(folds: st.SearchStrategy[int], **facts: st.SearchStrategy[Any]) -> st.SearchStrategy[TrialRecord]:
    """Ended trials, some of which failed."""

    def made(score: float | None, folds: int, **facts: Any) -> TrialRecord:
        return replace(ended(0, score, facts["parameters"]), folds=(FoldScore(1, 1, 0.5),) * folds, **facts)

    scores = st.sampled_from([None, 0.25, 0.5, 0.75, 1.0])
    return st.builds(made, scores, folds, parameters=st.sampled_from([None, 10, 20, 30, 40]), **facts)


def ended(number: int, score: float | None, size: int | None) -> TrialRecord:
    """A trial with the values of accuracy and size, as far as it has them."""
    status = Status.FAILED if score is None else Status.COMPLETED
    values = () if score is None or size is None else (score, float(size))
    return TrialRecord(number, {}, status, score=score, parameters=size, objective_values=values)


RUNGS = st.sampled_from([None, Rung(1, 2, 0.5, 0.5), Rung(2, 2)])
STAMPS = st.sampled_from(["", "photos-32x32", "more-32x32", "more-64x64"])
BOTH = Objectives((ACCURACY, Objective("parameters", "min")), ACCURACY)


@pytest.mark.parametrize(
    ("objectives", "trials"),
    [
        (Objectives.around(ACCURACY), trained(st.integers(0, 3), rung=RUNGS, data=STAMPS)),
        (Objectives.around(Objective("loss", "min")), trained(st.just(0))),
        (BOTH, trained(st.just(0))),
        (BOTH, trained(st.integers(0, 2), rung=RUNGS, data=STAMPS)),
    ],
)
@given(data=st.data(), keep=st.integers(1, 3))
def test_what_can_be_among_the_best_no_more_is_forgotten_without_consequence(
    tmp_path_factory: pytest.TempPathFactory,
    objectives: Objectives,
    trials: st.SearchStrategy[TrialRecord],
    data: st.DataObject,
    keep: int,
) -> None:
    run, numbers = RunFolder(tmp_path_factory.getbasetemp()), count()
    found, expected = Checkpoints(run, objectives, keep), RankingAll(objectives, keep)
    for group in data.draw(st.lists(st.lists(trials, min_size=1, max_size=3), max_size=12)):
        numbered = [replace(trial, number=next(numbers)) for trial in group]
        for trial in numbered:
            assert found.wants(trial) == expected.wants(trial)
        assert found.ended(*numbered) == expected.ended(*numbered)


def test_by_several_objectives_a_trial_may_be_among_the_best_later(tmp_path: Path) -> None:
    checkpoints = Checkpoints(RunFolder(tmp_path), BOTH, keep=2)
    outcomes = [(0.75, 20), (0.75, 20), (0.5, 10), (1.0, 20)]
    trials = [ended(number, *outcome) for number, outcome in enumerate(outcomes)]
    assert [checkpoints.ended(trial) for trial in trials] == [[], [], [2], [0, 1]]  # the last one leaves 2 on the front


def test_among_thousands_of_trials_a_few_are_ranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(RunFolder(tmp_path), ACCURACY, keep=3)
    trials = [TrialRecord(number, {}, Status.COMPLETED, score=number / 5000) for number in range(5001)]
    checkpoints.ended(*trials[:5000])
    ranked = list[int]()

    def counting(trials: list[TrialRecord], objectives: Objectives) -> list[TrialRecord]:
        ranked.append(len(trials))
        return rank(trials, objectives)

    monkeypatch.setattr(module, "rank", counting)
    assert checkpoints.wants(trials[5000])
    assert checkpoints.ended(trials[5000]) == [4997]
    assert ranked == [4, 4]


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
