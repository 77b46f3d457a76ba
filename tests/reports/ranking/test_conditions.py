"""Which trials a person wants to see, and in which order."""

from collections.abc import Callable

import pytest

from cnnsearch.reports.ranking.conditions import condition_of, kept
from cnnsearch.reports.ranking.ordering import ordered
from cnnsearch.reports.ranking.ranking import Ranking
from cnnsearch.spaces.errors import CnnSearchError

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
    ],
)
def test_trials_in_another_order(ranking: Ranking, numbers: Numbers, sort: str, expected: list[int]) -> None:
    assert numbers(ordered(ranking, sort)) == expected


def test_an_order_by_nothing_is_refused(ranking: Ranking) -> None:
    with pytest.raises(CnnSearchError, match=r"--sort: a column .* is needed, got 'second'\. Did you mean `seconds`\?"):
        ordered(ranking, "second")
