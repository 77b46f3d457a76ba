"""Errors name the arguments of `cnnsearch.run` where the command line's name its options."""

import pytest

from cnnsearch.api.wording import errors_in_python, in_python
from cnnsearch.spaces.errors import Problem, SpaceError


@pytest.mark.parametrize(
    ("told", "in_words_of_python"),
    [
        ("--set training.epochs=0: it is at least 1", 'set={"training.epochs": 0}: it is at least 1'),
        ("say --allow-code on the command line.", "say allow_code=True."),
        ("To go on with it: --resume runs/a-001", 'To go on with it: resume="runs/a-001"'),
        ("name it with --resume.", "name it with resume=."),
        ("--accept-data-change goes on all the same", "accept_data_change=True goes on all the same"),
        ("Wait for it, or use --new.", "Wait for it, or use new=True."),
        ("Name a local folder with --runs.", "Name a local folder with runs=."),
        ("--data names the images", "data= names the images"),
        ("then run the same command again", "then run the same call again"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_options_become_arguments(told: str, in_words_of_python: str) -> None:
    assert in_python(told) == in_words_of_python


def test_an_error_stays_the_error_that_it_is() -> None:
    problem = Problem("--set a=1", "a key must be known, got `a`", "Leave --new out.")
    with (
        pytest.raises(
            SpaceError, match=r'^set=\{"a": 1\}: a key must be known, got `a`\. Leave new=True out\.$'
        ) as told,
        errors_in_python(),
    ):
        raise SpaceError([problem])
    assert [each.where for each in told.value.problems] == ['set={"a": 1}']
