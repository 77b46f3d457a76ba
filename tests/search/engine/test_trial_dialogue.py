"""What a trial's parent makes of the words of its process; study, folders and images are real."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.attempt import Attempts
from cnnsearch.search.events import FeaturesMade, Warned
from cnnsearch.search.records import Epoch, Failure, Status
from cnnsearch.search.trial.messages import Broken, EpochDone, Making, Message, Verdict, Written
from cnnsearch.spaces.document import Data
from tests.search.engine.searching import DIGITS, searching, space_text

THRESHOLD = "trials: 3, pruner: {threshold: {lower: 0.9, first: 1}}"


def done(number: int, fold: int | None = None, *, is_last: bool = False) -> EpochDone:
    """The end of an epoch that is behind the threshold."""
    return EpochDone(Epoch(number, {"val_accuracy": 0.5}, 1.0, fold), is_last=is_last)


def verdicts(attempts: Attempts, *messages: Message) -> list[object]:
    return [attempts.answer(message) for message in messages]


def test_a_trial_is_pruned_where_an_epoch_would_follow(tmp_path: Path) -> None:
    attempts = searching(tmp_path, space_text(THRESHOLD, training="epochs: 2")).dialogue()
    assert verdicts(attempts, done(1)) == [Verdict.PRUNE]
    assert attempts.ending(None).status is Status.PRUNED


def test_after_its_last_epoch_it_is_not(tmp_path: Path) -> None:
    pruner = "trials: 1, pruner: {threshold: {lower: 0.9, first: 2}}"
    attempts = searching(tmp_path, space_text(pruner, training="epochs: 2")).dialogue()
    assert verdicts(attempts, done(1), done(2)) == [Verdict.GO_ON] * 2
    assert attempts.ending(None).status is Status.COMPLETED


def test_the_last_epoch_of_a_fold_is_not_that_of_the_trial(tmp_path: Path) -> None:
    space = space_text(THRESHOLD, data=DIGITS.replace("}", ", folds: 2}"))
    attempts = searching(tmp_path, space).dialogue()
    assert verdicts(attempts, done(1, fold=1)) == [Verdict.PRUNE]


def test_the_process_knows_the_last_epoch_where_early_stopping_left_some_out(tmp_path: Path) -> None:
    attempts = searching(tmp_path, space_text(THRESHOLD, training="epochs: 9")).dialogue()
    assert verdicts(attempts, done(4, is_last=True)) == [Verdict.GO_ON]
    assert attempts.ending(None).status is Status.COMPLETED


def test_a_making_of_features_is_waited_for_as_long_as_it_gets_on(tmp_path: Path) -> None:
    search = searching(tmp_path, space_text("trials: 1, trial_time: 60s"))
    attempts = search.dialogue()
    patience = list[float]()
    for making in (Making(0, 100), Making(64, 100), Making(100, 100), Making(0, 40), Making(0, 0)):
        attempts.answer(making)
        patience.append(attempts.patience() or 0.0)
    assert patience == pytest.approx([600, 600, 75, 600, 75], abs=10)
    told = [(event.done, event.total) for event in search.heard if isinstance(event, FeaturesMade)]
    assert told == [(0, 100), (64, 100), (100, 100), (0, 40), (0, 0)]


@pytest.mark.parametrize("is_ending", [False, True])
def test_nobody_is_warned_of_pictures_that_are_missing_where_the_search_ends_its_processes(
    tmp_path: Path, *, is_ending: bool
) -> None:
    search = searching(tmp_path, space_text("trials: 1"))
    attempts = search.dialogue()
    if is_ending:
        search.bench.interrupt()
    verdicts(attempts, Written(), Broken(Failure.CRASH, "killed"), Broken(Failure.CRASH, "killed"))
    assert sum(isinstance(event, Warned) for event in search.heard) == (0 if is_ending else 1)


def test_the_decoding_of_images_is_no_part_of_a_trials_time(tmp_path: Path) -> None:
    search = searching(tmp_path, space_text("trials: 1, trial_time: 60s"))
    images_of = search.bench.dataset_of

    def slowly(data: Data, given_up: Callable[[], bool]) -> Dataset:
        time.sleep(2.0)
        return images_of(data, given_up)

    search.bench = replace(search.bench, dataset_of=slowly)
    assert 73.5 < (search.dialogue().patience() or 0.0) <= 75.0
