"""Which trials a sampler is shown, and how they rank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from cnnsearch.search.records import Failure, Status
from cnnsearch.search.study.view import Memory, best_first, equals_together

UNITS = {"units": IntDistribution(1, 9)}
MAXIMIZE, MINIMIZE = StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE
DREW_ONLY = {"ending": {"status": Status.INFEASIBLE, "reason": "parameters 90 > 50", "seconds": None}}
IMPOSSIBLE = {"ending": {"status": Status.FAILED, "reason": Failure.IMPOSSIBLE, "seconds": None}}


def ended(value: float | None, state: TrialState = TrialState.COMPLETE, broken: float = 0.0) -> FrozenTrial:
    return create_trial(
        state=state, value=value, params={"units": 1}, distributions=UNITS, constraints={"latency": broken}
    )


def running() -> FrozenTrial:
    return ended(None, TrialState.RUNNING)


def drawn_only(broken: float) -> FrozenTrial:
    """A draw whose outline was beyond a limit."""
    return create_trial(
        state=TrialState.PRUNED,
        params={"units": 1},
        distributions=UNITS,
        constraints={"parameters": broken},
        user_attrs=DREW_ONLY,
    )


def impossible() -> FrozenTrial:
    return create_trial(state=TrialState.FAIL, params={"units": 1}, distributions=UNITS, user_attrs=IMPOSSIBLE)


def numbered(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    for number, trial in enumerate(trials):
        trial.number = number
    return trials


PAID = st.one_of(
    st.builds(ended, st.floats(-5, 5)),
    st.builds(ended, st.floats(-5, 5), st.just(TrialState.PRUNED)),
    st.builds(ended, st.none(), st.just(TrialState.FAIL)),
)
FREE = st.one_of(st.builds(drawn_only, st.floats(0.1, 9)), st.builds(impossible))
ANY = st.one_of(PAID, FREE, st.builds(running), st.just(None).map(lambda _: ended(None, TrialState.WAITING)))


@given(st.lists(PAID, max_size=40), st.integers(2, 12), st.sampled_from(StudyDirection))
def test_a_sampler_is_shown_the_best_and_the_latest_however_often_it_asks(
    endings: list[FrozenTrial], most: int, direction: StudyDirection
) -> None:
    trials, memory = numbered(endings), Memory([direction], most)
    for count in range(len(trials) + 1):
        shown = memory.of(trials[:count])
        latest, earlier = trials[max(0, count - most + most // 2) : count], trials[: max(0, count - most + most // 2)]
        complete = [trial for trial in earlier if trial.state is TrialState.COMPLETE]
        best = sorted(best_first(complete, [direction])[: most // 2], key=lambda trial: trial.number)
        assert list(shown) == (trials[:count] if count <= most else [*best, *latest])


@given(st.lists(ANY, max_size=40), st.integers(1, 12))
def test_whatever_else_there_is_it_is_shown_all_that_run_and_a_bounded_number_of_others(
    endings: list[FrozenTrial], most: int
) -> None:
    trials, memory = numbered(endings), Memory([MAXIMIZE], most)
    for count in range(len(trials) + 1):
        shown = memory.of(trials[:count])
        numbers = [trial.number for trial in shown]
        assert numbers == sorted(set(numbers))
        others = {t.number for t in shown if t.state is not TrialState.RUNNING}
        assert {t.number for t in trials[:count] if t.state is TrialState.RUNNING} == set(numbers) - others
        run = len(numbers) - len(others)
        assert len(others) <= max(most - run, most // 2 + 2 * (most // 4))


def test_trials_that_run_are_shown_though_hundreds_of_free_draws_came_behind_them() -> None:
    trials = numbered([ended(0.5), running(), *[drawn_only(0.5) for _ in range(300)], running()])
    assert [t.number for t in Memory([MAXIMIZE], 20).of(trials) if t.state is TrialState.RUNNING] == [1, 302]


def test_a_trial_that_was_shown_as_running_is_shown_by_its_value_when_it_has_ended() -> None:
    trials = numbered([running(), *[ended(0.1) for _ in range(30)]])
    memory = Memory([MAXIMIZE], 8)
    assert [t.number for t in memory.of(trials)] == [0, 1, 2, 3, 4, 28, 29, 30]
    trials[0] = numbered([ended(0.9)])[0]
    assert [t.number for t in memory.of(trials)] == [0, 1, 2, 3, 27, 28, 29, 30]


def test_draws_that_cost_nothing_crowd_nobody_out() -> None:
    free = [drawn_only(0.1 + number % 7) for number in range(90)]
    trials = numbered([ended(0.9), *free[:45], ended(0.3), ended(None, TrialState.FAIL), *free[45:], ended(0.5)])
    shown = Memory([MAXIMIZE], 12).of(trials)
    assert [trial.number for trial in shown if "ending" not in trial.user_attrs] == [0, 46, 47, 93]
    assert len(shown) == 12, "what others leave is theirs"
    broken = [trial.constraints["parameters"] for trial in shown if "ending" in trial.user_attrs]
    assert broken[:4] == [0.1] * 4, "half of them the nearest to the limit"
    assert [t.number for t in shown if "ending" in t.user_attrs][4:] == [89, 90, 91, 92], "the others the latest"


def test_where_others_want_the_room_a_quarter_of_it_is_left_to_draws_that_cost_nothing() -> None:
    trials = numbered([trial for number in range(40) for trial in (ended(number / 40), drawn_only(0.5))])
    shown = Memory([MAXIMIZE], 12).of(trials)
    assert len(shown) == 12
    assert sum("ending" in trial.user_attrs for trial in shown) == 3


def test_where_nothing_limits_it_a_sampler_is_shown_all() -> None:
    trials = numbered([ended(0.1) for _ in range(20)])
    assert Memory([MAXIMIZE], None).of(trials) == trials


def test_of_several_objectives_it_is_shown_the_front() -> None:
    values = [(0.9, 5.0), (0.1, 9.0), (0.5, 1.0), (0.0, 9.0), (0.3, 3.0), (0.2, 4.0)]
    trials = numbered([create_trial(values=each, params={"units": 1}, distributions=UNITS) for each in values])
    shown = Memory([MAXIMIZE, MINIMIZE], 4).of(trials)
    assert [trial.number for trial in shown] == [0, 2, 4, 5]


@pytest.mark.parametrize("several", [False, True])
def test_what_was_never_trained_ranks_by_how_far_it_is_beyond_its_limits(several: bool) -> None:
    values = {"values": [0.1, 5.0]} if several else {"value": 0.1}
    trained = [
        create_trial(params={"units": 1}, distributions=UNITS, constraints={"val_auc": broken}, **values)
        for broken in (0.0, 0.5)
    ]
    failed = ended(None, TrialState.FAIL)
    trials = numbered([drawn_only(2.0), drawn_only(0.5), *trained, failed, running(), drawn_only(0.2)])
    directions = [MAXIMIZE, MINIMIZE] if several else [MAXIMIZE]
    assert [trial.number for trial in best_first(trials, directions)] == [2, 6, 3, 1, 0]
    assert [[t.number for t in equal] for equal in equals_together(trials, directions)] == [[2], [6], [3], [1], [0]]
