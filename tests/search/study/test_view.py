"""Which trials a sampler is shown."""

from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import IntDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from cnnsearch.search.study.view import Memory, best_first

ENDED = st.one_of(
    st.tuples(st.just(TrialState.COMPLETE), st.floats(-5, 5)),
    st.tuples(st.sampled_from([TrialState.FAIL, TrialState.RUNNING]), st.none()),
)


def trials_of(endings: list[tuple[TrialState, float | None]]) -> list[FrozenTrial]:
    """Trials that ended so, in the order of their numbers."""
    units = {"units": IntDistribution(1, 9)}
    trials = [
        create_trial(state=state, value=value, params={"units": 1}, distributions=units) for state, value in endings
    ]
    for number, trial in enumerate(trials):
        trial.number = number
    return trials


@given(st.lists(ENDED, max_size=40), st.integers(2, 12), st.sampled_from(StudyDirection))
def test_a_sampler_is_shown_the_best_and_the_latest_however_often_it_asks(
    endings: list[tuple[TrialState, float | None]], most: int, direction: StudyDirection
) -> None:
    trials, memory = trials_of(endings), Memory([direction], most)
    for count in range(len(trials) + 1):
        shown = memory.of(trials[:count])
        latest, earlier = trials[max(0, count - most + most // 2) : count], trials[: max(0, count - most + most // 2)]
        ended = [trial for trial in earlier if trial.state is TrialState.COMPLETE]
        best = sorted(best_first(ended, [direction])[: most // 2], key=lambda trial: trial.number)
        assert list(shown) == (trials[:count] if count <= most else [*best, *latest])


def test_where_nothing_limits_it_a_sampler_is_shown_all() -> None:
    trials = trials_of([(TrialState.COMPLETE, 0.1)] * 20)
    assert Memory([StudyDirection.MAXIMIZE], None).of(trials) == trials


def test_of_several_objectives_it_is_shown_the_front() -> None:
    units = {"units": IntDistribution(1, 9)}
    values = [(0.9, 5.0), (0.1, 9.0), (0.5, 1.0), (0.0, 9.0), (0.3, 3.0), (0.2, 4.0)]
    trials = [create_trial(values=each, params={"units": 1}, distributions=units) for each in values]
    for number, trial in enumerate(trials):
        trial.number = number
    shown = Memory([StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE], 4).of(trials)
    assert [trial.number for trial in shown] == [0, 2, 4, 5]
