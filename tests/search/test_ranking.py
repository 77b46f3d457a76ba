"""Which trials are better: fronts, the order within them, and what constraints keep out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.search.fronts import dominates, fronts
from cnnsearch.search.ranking import Objectives, front_of, places, rank
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.spaces.document import Search
from cnnsearch.spaces.sections.constraints import Limit

VALUES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
ACCURACY, SIZE = Objective("val_accuracy", "max"), Objective("parameters", "min")
BOTH = Objectives((ACCURACY, SIZE), ACCURACY)
points = st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), max_size=25))
pairs = st.lists(st.tuples(VALUES, st.integers(1, 5)), max_size=20)


def trial(number: int, accuracy: float, parameters: int, objectives: Objectives = BOTH) -> TrialRecord:
    epochs = (Epoch(1, {"val_accuracy": accuracy}, 1.0),)
    record = TrialRecord(
        number, {}, Status.COMPLETED, score=accuracy, best_epoch=1, parameters=parameters, epochs=epochs
    )
    return objectives.judged(record)


def trials_of(outcomes: list[tuple[float, int]]) -> list[TrialRecord]:
    return [trial(number, accuracy, size) for number, (accuracy, size) in enumerate(outcomes)]


@given(points)
def test_a_point_is_on_the_first_front_without_one_that_dominates_it(points: list[tuple[float, ...]]) -> None:
    numbers = fronts(points)
    for point, number in zip(points, numbers, strict=True):
        above = [other for other, its in zip(points, numbers, strict=True) if its < number]
        beside = [other for other, its in zip(points, numbers, strict=True) if its == number]
        assert not any(dominates(other, point) for other in beside)
        assert number == 0 or any(dominates(other, point) for other in above)


@given(pairs, st.randoms())
def test_the_ranking_does_not_depend_on_the_order_of_the_trials(outcomes: list[tuple[float, int]], draw) -> None:
    trials = trials_of(outcomes)
    expected = rank(trials, BOTH)
    draw.shuffle(trials)
    assert rank(trials, BOTH) == expected


@given(pairs)
def test_no_trial_stands_before_one_that_dominates_it(outcomes: list[tuple[float, int]]) -> None:
    losses = [(-t.objective_values[0], t.objective_values[1]) for t in rank(trials_of(outcomes), BOTH)]
    for place, one in enumerate(losses):
        assert not any(dominates(later, one) for later in losses[place:])


@given(pairs, st.sampled_from(["max", "min"]))
def test_one_objective_alone_sorts_the_trials(outcomes: list[tuple[float, int]], direction: str) -> None:
    objective = Objective("val_accuracy", direction)
    trials = trials_of(outcomes)
    sign = -1 if direction == "max" else 1
    expected = sorted(trials, key=lambda t: (sign * (t.score or 0.0), t.parameters, t.number))
    assert rank(trials, objective) == expected


def test_the_front_comes_first_and_the_first_objective_decides_within_it() -> None:
    trials = trials_of([(0.5, 5), (0.9, 9), (0.9, 20), (0.7, 3)])
    assert [t.number for t in rank(trials, BOTH)] == [1, 3, 2, 0]
    assert {t.number for t in front_of(trials, BOTH)} == {1, 3}


def test_the_least_of_a_measure_is_the_best_where_it_alone_is_the_objective() -> None:
    smallest = Objectives.of(Search(objective="parameters"))
    trials = [trial(0, 0.9, 9, smallest), trial(1, 0.5, 4, smallest)]
    assert [t.number for t in rank(trials, smallest)] == [1, 0]
    assert trials[0].score == 0.9


def test_a_trial_whose_value_nobody_knows_is_not_ranked() -> None:
    unknown = BOTH.judged(replace(trial(0, 0.9, 1), parameters=None))
    assert rank([unknown, trial(1, 0.5, 4)], BOTH) == [trial(1, 0.5, 4)]


def test_what_breaks_a_constraint_has_no_score_and_a_reason_and_is_never_ranked() -> None:
    within = Objectives.of(Search.model_validate({"constraints": {"parameters": "<= 1e3", "val_accuracy": ">= 0.6"}}))
    wide, poor = trial(0, 0.9, 1001, within), trial(1, 0.5, 10, within)
    assert (wide.status, wide.reason, wide.score) == (Status.INFEASIBLE, "parameters 1,001 > 1,000", None)
    assert poor.reason == "val_accuracy 0.5000 < 0.6000"
    assert [t.number for t in rank([wide, poor, trial(2, 0.6, 1000, within)], within)] == [2]


def test_a_failure_stays_a_failure_whatever_its_size() -> None:
    within = Objectives.of(Search.model_validate({"constraints": {"parameters": "<= 1e3"}}))
    failed = TrialRecord(0, {}, Status.FAILED, "oom", parameters=10**6)
    assert within.judged(failed) == failed


@given(st.floats(0.01, 100), st.sampled_from(["<=", ">="]), st.floats(0.01, 100))
def test_a_violation_is_positive_exactly_where_the_limit_is_broken(value: float, sign: str, bound: float) -> None:
    broken = value > bound if sign == "<=" else value < bound
    assert (Limit("latency", sign, bound).violation(value) > 0) == broken


@pytest.mark.parametrize(
    ("limit", "value", "complaint"),
    [
        (Limit("latency", "<=", 0.01), 0.0142, "latency 14.2 ms > 10 ms"),
        (Limit("model_size", "<=", 5e6), 5_010_000, "model_size 5.01 MB > 5 MB"),
        (Limit("parameters", "<=", 1e6), 1_000_001, "parameters 1,000,001 > 1,000,000"),
        (Limit("val_macro_f1", ">=", 0.8), 0.79999, "val_macro_f1 0.79999 < 0.8"),
    ],
)
def test_a_complaint_has_units_and_tells_near_values_apart(limit: Limit, value: float, complaint: str) -> None:
    assert limit.complaint(value) == complaint


@pytest.mark.parametrize(
    ("search", "metric"),
    [
        ({"objective": ["parameters", "val_auc"]}, "val_auc"),
        ({"objective": "parameters", "constraints": {"val_macro_f1": ">= 0.8"}}, "val_macro_f1"),
        ({"objective": "latency"}, "val_accuracy"),
        ({"objective": {"metric": "val_hinge", "direction": "min"}}, "val_hinge"),
    ],
)
def test_an_epoch_counts_by_the_first_metric_that_is_named(search: dict[str, object], metric: str) -> None:
    assert Objectives.of(Search.model_validate(search)).epoch.metric == metric


def test_trials_as_good_as_each_other_share_a_place() -> None:
    plain = Objectives.around(ACCURACY)
    found = [trial(k, accuracy, 9 - k, plain) for k, accuracy in enumerate((0.5, 0.75, 0.5, 0.25))]
    unscored = replace(found[0], score=None)
    assert places([unscored, *found], plain) == [None, 2, 1, 2, 4]


@given(pairs)
def test_places_and_the_ranking_agree(outcomes: list[tuple[float, int]]) -> None:
    trials = trials_of(outcomes)
    found = places(trials, BOTH)
    by_rank = [found[trial.number] for trial in rank(trials, BOTH)]
    assert by_rank == sorted(by_rank)
