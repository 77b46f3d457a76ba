"""Pruners by their names and settings: whom each ends, and after which epoch."""

from typing import Any

import pytest
from optuna.storages import InMemoryStorage

from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.study.quiet import quiet_optuna
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.errors import CnnSearchError

EPOCHS = 9
EVEN = [0.5, 0.6, 0.7, 0.8]
"""Accuracies that do not change: one trial each, one after the other."""


def trained(pruner: Any, accuracies: list[float], objective: Objective | None = None) -> list[int]:
    """How many of nine epochs each trial makes that has the same score in all of them."""
    quiet_optuna()
    goal = objective or Objective("val_accuracy", "max")
    study = TrialStudy.open(InMemoryStorage(), goal, pruner=pruner_of(pruner, EPOCHS))
    return [_trained(study, [accuracy] * EPOCHS) for accuracy in accuracies]


def _trained(study: TrialStudy, scores: list[float]) -> int:
    number, epochs = study.begin(), []
    status = Status.COMPLETED
    for epoch, score in enumerate(scores, 1):
        epochs.append(Epoch(epoch, {study.objective.metric: score}, 1.0))
        if study.report(number, epochs[-1]):
            status = Status.PRUNED
            break
    study.tell(TrialRecord(number, {}, status, score=scores[0], epochs=tuple(epochs)))
    return len(epochs)


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median", "percentile", "patient", "none"])
def test_whoever_is_better_than_all_before_is_never_ended(pruner: str) -> None:
    assert trained(pruner, EVEN) == [EPOCHS] * 4


def test_none_ends_nobody() -> None:
    assert trained("none", EVEN[::-1] * 3) == [EPOCHS] * 12


@pytest.mark.parametrize(
    ("pruner", "epochs"),
    [
        ("asha", 3),
        ({"asha": {"first": 2}}, 2),
        ({"median": {"startup": 3}}, 3),
        ({"median": {"startup": 3, "first": 5}}, 5),
        ({"percentile": {"startup": 3}}, 3),
    ],
    ids=str,
)
def test_the_worst_of_four_is_ended_at_its_first_look(pruner: Any, epochs: int) -> None:
    assert trained(pruner, [0.6, 0.7, 0.8, 0.1])[-1] == epochs


@pytest.mark.parametrize(("patience", "epochs"), [(0, 4), (1, 5), (3, 7), (9, EPOCHS)])
def test_patience_waits_until_all_of_the_latest_epochs_are_worse(patience: int, epochs: int) -> None:
    pruner = pruner_of({"patient": {"patience": patience, "startup": 1, "first": 1}}, EPOCHS)
    study = TrialStudy.open(InMemoryStorage(), Objective("val_accuracy", "max"), pruner=pruner)
    _trained(study, [0.9] * EPOCHS)
    assert _trained(study, [0.2, 0.3, 0.4, 0.35, 0.3, 0.3, 0.3, 0.3, 0.3]) == epochs


def test_a_percentile_says_how_many_go_on() -> None:
    accuracies = [0.1, 0.2, 0.3, 0.4, 0.25]
    assert trained({"percentile": {"percentile": 75, "startup": 0}}, accuracies)[-1] == EPOCHS
    assert trained({"percentile": {"percentile": 25, "startup": 0}}, accuracies)[-1] == 3


def test_the_brackets_of_hyperband_look_at_different_epochs() -> None:
    accuracies = [0.9 - index / 100 for index in range(30)]
    ended = set(trained({"hyperband": {"first": 1, "reduction": 3}}, accuracies))
    assert {1, 3, EPOCHS} <= ended


def test_a_threshold_ends_what_is_outside_its_bounds_whatever_the_others_do() -> None:
    assert trained({"threshold": {"lower": 0.6, "first": 1}}, EVEN) == [1, EPOCHS, EPOCHS, EPOCHS]
    loss = Objective("val_loss", "min")
    assert trained({"threshold": {"upper": 0.65}}, EVEN, loss) == [EPOCHS, EPOCHS, 3, 3]


def test_less_is_better_of_a_loss() -> None:
    assert trained("asha", [0.5, 0.6, 0.7, 0.9], Objective("val_loss", "min"))[-1] == 3


@pytest.mark.parametrize(
    ("pruner", "message"),
    [
        ("ahsa", r"pruner: one of asha, hyperband, .* got 'ahsa' \(ahsa: no such name\)"),
        ("threshold", r"got 'threshold' \(threshold: a threshold has a `lower` or an `upper` bound, got neither\)"),
        ({"asha": {"reduction": 1}}, r"asha.reduction: Input should be greater than or equal to 2"),
        ({"threshold": {"lower": 0.7, "upper": 0.6}}, r"`lower` is below `upper`, got 0.7 and 0.6"),
    ],
    ids=str,
)
def test_what_no_pruner_is_made_of_is_refused(pruner: Any, message: str) -> None:
    with pytest.raises(CnnSearchError, match=message):
        pruner_of(pruner)
