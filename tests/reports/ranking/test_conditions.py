"""Which trials a person wants to see, and in which order."""

from collections.abc import Callable

import pytest

from cnnsearch.reports.ranking.conditions import condition_of, kept, unknown_value
from cnnsearch.reports.ranking.ordering import ordered
from cnnsearch.reports.ranking.ranking import RankedRun, Ranking, ranking_of
from cnnsearch.search.records import Epoch, Status, TrialRecord
from cnnsearch.spaces.errors import CnnSearchError
from tests.reports.ranking.conftest import ACCURACY, ADAM, SGD, scored

Numbers = Callable[[Ranking], list[int]]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["optimizer=adam"], [2, 0]),
        (["optimizer!=adam"], [1, 3, 4]),
        (["status=failed"], [3]),
        (["reason=oom"], [3]),
        (["optimizer.adam.learning_rate=0.00123"], [2, 0]),
        (["optimizer.adam.learning_rate=0.00123456"], [2, 0]),
        (["optimizer.adam.learning_rate="], [1, 3, 4]),
        (["adam lr<0.01"], [2, 0]),
        (["batch_norm=True"], [1, 2, 0, 3, 4]),
        (["model.scratch.filters.1 >= 16"], [2, 0]),
        (["score>0.5"], [1]),
        (["score>=0.5", "trial<=1"], [1, 0]),
        (["seconds<9", "status!=failed"], [2]),
        (["rank=2"], [2, 0]),
        (["val_loss<1e0"], [1, 2, 0]),
        (["optimizer==adam"], [2, 0]),
        (["# = 2"], [2, 0]),
        (["filters=8/16"], [2, 0]),
        (["filters!=8/16"], [1, 3, 4]),
        (["Adam-LR<0.01"], [2, 0]),
        (["time<9", "ended!=failed"], [2]),
        (["time=9.0s"], [1]),
        (["weights>100"], [0]),
        (["95 %=0.531-0.888"], [1]),
        (["95 % > 0.5"], [1]),
        (["ended=failed: oom"], [3]),
        (["score=0.7500"], [1]),
    ],
)
def test_trials_that_keep_to_all_conditions(
    ranking: Ranking, numbers: Numbers, texts: list[str], expected: list[int]
) -> None:
    assert numbers(kept(ranking, [condition_of(text, ranking) for text in texts])) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate=1", r"of one parameter, got 'learning_rate'\. Write optimizer.adam.* or optimizer.sgd.*rate\."),
        ("optimiser=adam", r"--where: a column or a parameter is needed, got 'optimiser'\. Did you mean `optimizer`\?"),
        ("batchnorm=true", r"got 'batchnorm'\. Did you mean `batch_norm`\?"),
        ("zzz=1", r"got 'zzz'\. There are run, rank, trial, status, "),
        ("optimizer", r"--where: a condition is a name, one of = != < <= > >= and a value, got 'optimizer'\. Write"),
        ("=3", r"a condition is a name"),
        ("optimizer<adam", r"--where optimizer: < compares with a number, got 'adam'\. Use = or !="),
        ("score<nan", r"< compares with a number, got 'nan'"),
        ("filters<8", r"filters: < compares one value .*Write model\.scratch\.filters\.0 or model.*\.filters\.1\."),
    ],
)
def test_a_wrong_condition_says_what_to_write(ranking: Ranking, text: str, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        condition_of(text, ranking)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("seconds", [3, 2, 1, 0, 4]),
        ("-seconds", [0, 1, 2, 3, 4]),
        ("val_accuracy", [1, 2, 0, 3, 4]),
        ("-val_accuracy", [2, 0, 1, 3, 4]),
        ("val_loss", [1, 2, 0, 3, 4]),
        ("score", [1, 2, 0, 3, 4]),
        ("optimizer", [2, 0, 1, 3, 4]),
        ("trial", [0, 1, 2, 3, 4]),
        ("filters.0", [1, 3, 4, 2, 0]),
        ("filters", [1, 3, 4, 2, 0]),
        ("time", [3, 2, 1, 0, 4]),
        ("#", [1, 2, 0, 3, 4]),
        ("95 %", [1, 2, 0, 3, 4]),
    ],
)
def test_trials_in_another_order(ranking: Ranking, numbers: Numbers, sort: str, expected: list[int]) -> None:
    assert numbers(ordered(ranking, sort)) == expected


def test_an_order_by_nothing_is_refused(ranking: Ranking) -> None:
    with pytest.raises(CnnSearchError, match=r"--sort: a column .* is needed, got 'second'\. Did you mean `seconds`\?"):
        ordered(ranking, "second")


def with_rate(number: int, drawn: float, logged: float, path: str = ADAM) -> TrialRecord:
    """A trial whose learning rate fell while it was trained."""
    epochs = (Epoch(1, {"val_accuracy": 0.5, "learning_rate": logged}, 1.0),)
    return scored(number, 0.5, values={path: drawn}, epochs=epochs)


def test_a_learning_rate_is_the_one_that_was_drawn(numbers: Numbers) -> None:
    trials = [with_rate(0, 0.01, 0.0005), with_rate(1, 0.0009, 0.0009), with_rate(2, 0.002, 0.0001)]
    ranking = ranking_of([RankedRun("a", trials, ACCURACY)])
    assert numbers(kept(ranking, [condition_of("learning_rate<0.001", ranking)])) == [1]
    assert numbers(kept(ranking, [condition_of("metric.learning_rate<0.0006", ranking)])) == [0, 2]
    assert str(condition_of("metric.learning_rate<1", ranking)) == "metric.learning_rate<1"
    assert numbers(ordered(ranking, "learning_rate")) == [1, 2, 0]
    assert numbers(ordered(ranking, "metric.learning_rate")) == [2, 0, 1]


def test_one_of_several_learning_rates_must_be_named() -> None:
    ranking = ranking_of([RankedRun("a", [with_rate(0, 0.01, 0.01), with_rate(1, 0.01, 0.01, SGD)], ACCURACY)])
    message = r"Write optimizer\.adam\.learning_rate, optimizer\.sgd\.learning_rate or metric\.learning_rate\."
    with pytest.raises(CnnSearchError, match=message):
        condition_of("learning_rate<0.1", ranking)


def test_the_heading_of_the_weight_count_is_not_a_parameter(numbers: Numbers) -> None:
    trials = [
        scored(number, 0.5, count, values={"model.vgg16.weights": weights})
        for number, count, weights in ((0, 100, "imagenet"), (1, 200, None))
    ]
    ranking = ranking_of([RankedRun("a", trials, ACCURACY)])
    assert numbers(kept(ranking, [condition_of("weights=100", ranking)])) == [0]
    assert numbers(kept(ranking, [condition_of("vgg16 weights=null", ranking)])) == [1]


def test_a_status_is_found_as_it_is_shown(numbers: Numbers) -> None:
    trials = [scored(0, 0.5, status=Status.STOPPED_EARLY), scored(1, 0.77712)]
    ranking = ranking_of([RankedRun("a", trials, ACCURACY)])
    for text in ("status=stopped early", "status=stopped_early", "ended=stopped early", "ended=stopped"):
        assert numbers(kept(ranking, [condition_of(text, ranking)])) == [0]
    assert numbers(kept(ranking, [condition_of("score=0.7771", ranking)])) == [1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("optimizer=adma", "--where optimizer: no trial has 'adma'. There are adam, sgd."),
        ("optimizer!=sdg", "--where optimizer: no trial has 'sdg'. There are sgd, adam."),
        ("score=0.6", "--where score: no trial has '0.6'. There are 0.5000, 0.7500."),
        ("score=0.7", "--where score: no trial has '0.7'. There are 0.7500, 0.5000."),
        ("latency=", ""),
        ("optimizer=adam", ""),
        ("score>0.9", ""),
    ],
)
def test_a_value_that_no_trial_has_is_told_with_those_that_there_are(
    trials: list[TrialRecord], text: str, told: str
) -> None:
    trials[0] = scored(0, 0.5, 200, latency=0.5)
    ranking = ranking_of([RankedRun("a", trials, ACCURACY)])
    assert unknown_value(condition_of(text, ranking), ranking) == told
