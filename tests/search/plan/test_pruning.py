"""Which share of trials makes which epoch under a pruner."""

import pytest

from cnnsearch.search.plan.pruning import epoch_shares, kept_share


def test_pruning_keeps_the_share_that_its_looks_let_pass() -> None:
    # Looks of asha at 5, 15: all make 5 epochs, a third 10 more, a ninth the last 15.
    assert kept_share("asha", epochs=30, trials=30) == pytest.approx((5 + 10 / 3 + 15 / 9) / 30)
    assert kept_share("median", epochs=30, trials=25) == pytest.approx((5 * 30 + 20 * (30 + 5) / 2) / (25 * 30))
    assert kept_share("none", epochs=30, trials=30) == 1


@pytest.mark.parametrize("pruner", ["asha", "median"])
@pytest.mark.parametrize(("epochs", "trials"), [(30, 1), (2, 50), (1, 1)])
def test_nothing_is_pruned_of_one_trial_or_before_the_first_look(pruner: str, epochs: int, trials: int) -> None:
    assert kept_share(pruner, epochs, trials) == 1


@pytest.mark.parametrize("pruner", ["asha", "median", "none"])
@pytest.mark.parametrize("epochs", [1, 4, 10, 30])
def test_every_epoch_has_a_share_and_none_is_made_by_more_than_the_one_before(pruner: str, epochs: int) -> None:
    shares = epoch_shares(pruner, epochs, trials=20)
    assert len(shares) == epochs
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)


def test_the_folds_behind_the_first_are_made_by_those_who_pass_its_last_look() -> None:
    first = epoch_shares("median", epochs=6, trials=10)
    assert first == [1, 1, 1, 0.75, 0.75, 0.75]
    assert epoch_shares("median", epochs=6, trials=10, folds=3) == pytest.approx([2.5 / 3] * 3 + [0.75] * 3)
