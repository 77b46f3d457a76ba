"""Which share of trials makes which epoch under a pruner."""

from typing import Any

import pytest

from cnnsearch.search.plan import pruning
from cnnsearch.spaces.sections.pruners import Pruner


def epoch_shares(pruner: Any, epochs: int, trials: int, folds: int = 1) -> list[float]:
    return pruning.epoch_shares(Pruner.model_validate(pruner), epochs, trials, folds)


def kept_share(pruner: Any, epochs: int, trials: int) -> float:
    return pruning.kept_share(Pruner.model_validate(pruner), epochs, trials)


def test_pruning_keeps_the_share_that_its_looks_let_pass() -> None:
    # Looks of asha at 5, 15: all make 5 epochs, a third 10 more, a ninth the last 15.
    assert kept_share("asha", epochs=30, trials=30) == pytest.approx((5 + 10 / 3 + 15 / 9) / 30)
    assert kept_share("median", epochs=30, trials=25) == pytest.approx((5 * 30 + 20 * (30 + 5) / 2) / (25 * 30))
    assert kept_share("none", epochs=30, trials=30) == 1


@pytest.mark.parametrize("pruner", ["asha", "hyperband", "median", "percentile"])
@pytest.mark.parametrize(("epochs", "trials"), [(30, 1), (2, 50), (1, 1)])
def test_nothing_is_pruned_of_one_trial_or_before_the_first_look(pruner: str, epochs: int, trials: int) -> None:
    assert kept_share(pruner, epochs, trials) == 1


@pytest.mark.parametrize(
    "pruner", ["asha", "hyperband", "median", "percentile", "patient", "none", {"threshold": {"lower": 0.5}}]
)
@pytest.mark.parametrize("epochs", [1, 4, 10, 30])
def test_every_epoch_has_a_share_and_none_is_made_by_more_than_the_one_before(pruner: str, epochs: int) -> None:
    shares = epoch_shares(pruner, epochs, trials=20)
    assert len(shares) == epochs
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)


def test_the_settings_of_a_pruner_count() -> None:
    assert kept_share({"asha": {"first": 10, "reduction": 2}}, epochs=20, trials=30) == 0.75
    assert kept_share({"percentile": {"percentile": 20, "startup": 0}}, epochs=30, trials=1000) == pytest.approx(
        1 / 3, abs=0.01
    )
    assert kept_share("patient", epochs=30, trials=30) == 1


def test_hyperband_prunes_less_than_asha_since_some_brackets_look_later() -> None:
    # Brackets that look first at 5 and at 15, of 3 and 2 parts of the trials.
    first, second = (5 + 10 / 3 + 15 / 9) / 30, (15 + 15 / 3) / 30
    assert kept_share("hyperband", epochs=30, trials=30) == pytest.approx((3 * first + 2 * second) / 5)


def test_the_folds_behind_the_first_are_made_by_those_who_pass_its_last_look() -> None:
    first = epoch_shares("median", epochs=6, trials=10)
    assert first == [1, 1, 1, 0.75, 0.75, 0.75]
    assert epoch_shares("median", epochs=6, trials=10, folds=3) == pytest.approx([2.5 / 3] * 3 + [0.75] * 3)
