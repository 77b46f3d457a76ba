"""How sure a score is: intervals of images and of folds."""

import pytest

from cnnsearch.reports.intervals import Interval, folds_error, score_interval
from cnnsearch.reports.scores import accuracy_interval
from cnnsearch.search.records import FoldScore, Status, TrialRecord


def scored(score: float | None, *folds: float) -> TrialRecord:
    found = tuple(FoldScore(number, 1, each) for number, each in enumerate(folds, start=1))
    return TrialRecord(0, {}, Status.COMPLETED, score=score, folds=found)


def test_an_accuracy_has_the_interval_of_its_images() -> None:
    found = score_interval(scored(0.75), "val_accuracy", 20)
    assert found == Interval(*accuracy_interval(15, 20), "images")


def test_folds_allow_for_the_images_that_they_share() -> None:
    # scores 0.8, 0.9, 1.0: deviation 0.1; variance factor 1/3 + 1/2; Student's t with 2 degrees of freedom 4.3027
    assert folds_error((0.8, 0.9, 1.0)) == pytest.approx(4.302653 * 0.1 * (5 / 6) ** 0.5, abs=1e-6)
    assert folds_error((0.8,)) is None
    found = score_interval(scored(0.9, 0.89, 0.9, 0.91), "val_accuracy", 300)
    assert found is not None
    assert found.of == "folds"
    assert found.low < 0.89
    assert 0.91 < found.high <= 1


@pytest.mark.parametrize(
    ("trial", "metric", "images"),
    [
        (scored(None), "val_accuracy", 20),
        (scored(0.5), "val_loss", 20),
        (scored(0.5), "val_accuracy", None),
        (scored(0.5), "val_accuracy", 0),
    ],
)
def test_what_nobody_can_know_has_no_interval(trial: TrialRecord, metric: str, images: int | None) -> None:
    assert score_interval(trial, metric, images) is None
