"""How many trials make which rung, and what that costs."""

from typing import Any

import pytest

from cnnsearch.search.plan.estimate import Load
from cnnsearch.search.plan.rungs import climb, rung_shares, work_share
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.pruners import Pruner

LOAD = Load(
    training_flops=6e6, flops=2e6, trainable=10, batch_size=8, train=100, validation=20, validation_batch=8, epochs=2
)


def shares(pruner: Any, trials: int, rungs: int = 3) -> list[float]:
    return rung_shares(Pruner.model_validate(pruner), rungs, trials)


def test_who_makes_a_rung_follows_from_the_pruner() -> None:
    assert shares("asha", 90) == pytest.approx([1, 1 / 3, 1 / 9])
    assert shares("asha", 2) == pytest.approx([1, 1 / 2, 1 / 2])
    assert shares("hyperband", 90) == pytest.approx([9 / 16.5, (3 + 4.5) / 16.5, (1 + 1.5 + 3) / 16.5])
    assert shares("median", 25) == pytest.approx([1, 15 / 25, 10 / 25])
    assert shares({"percentile": {"percentile": 20, "startup": 5}}, 25) == pytest.approx([1, 9 / 25, 5.8 / 25])
    assert shares({"threshold": {"lower": 0.5}}, 25) == [1, 1, 1]


def test_a_share_of_the_images_makes_an_epoch_shorter() -> None:
    loads, made = climb([LOAD], (Rung(1, 2, 0.1, 0.1), Rung(2, 2)), [1.0, 0.5])
    assert [(load.train, load.training_flops, load.validation) for load in loads] == [(10, 6e6, 20), (100, 6e6, 20)]
    assert made == [1.0, 1.0, 0.5, 0.5]


def test_small_images_make_every_step_cheaper() -> None:
    small, whole = climb([LOAD], (Rung(1, 2, 0.25, image_size=(4, 4)), Rung(2, 2, image_size=(8, 8))), [1.0, 1.0])[0]
    assert (small.train, small.training_flops, small.flops) == (100, 1.5e6, 0.5e6)
    assert whole == LOAD


def test_epochs_are_counted_by_their_work_and_only_the_last_rung_has_folds() -> None:
    rungs = (Rung(1, 2, 0.1, 0.1), Rung(2, 2))
    assert work_share(rungs, [1.0, 0.5], folds=1) == pytest.approx(0.6)
    assert work_share(rungs, [1.0, 0.5], folds=5) == pytest.approx((0.1 + 0.5 * 5) / 5)
