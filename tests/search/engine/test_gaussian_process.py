"""The Gaussian process behind `gp`: its mathematics by other means, and what it makes of branches and of ranks."""

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.stats import norm

from cnnsearch.search.engine.samplers.gaussian_process import GaussianProcess, _loss, distances
from cnnsearch.search.engine.samplers.gp import is_ordered, log_improvement, normal_scores, place_of
from cnnsearch.spaces.values import Branch, Choice, Domain, FloatRange, IntRange, Scalar

ORDERED = np.array([True, True, False])


def places(count: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return np.column_stack([draw.random((count, 2)), draw.integers(0, 3, count)])


def test_the_gradient_is_that_of_the_loss() -> None:
    known = places(15, 1)
    apart, scores = distances(known, known, ORDERED), np.random.default_rng(2).standard_normal(15)
    prior, spread = np.log([1.0, 1.0, 1.0, 0.01]), np.array([1.0, 1.0, 1.0, 1.5])
    at = np.array([-0.4, 0.3, -1.2, -3.0])
    rest = (apart, scores, prior, spread)
    wrong = check_grad(lambda x: _loss(x, *rest)[0], lambda x: _loss(x, *rest)[1], at)
    assert wrong < 1e-4 * np.abs(_loss(at, *rest)[1]).max()


def test_it_knows_what_it_was_told_and_doubts_what_is_far_from_it() -> None:
    known, others = places(25, 3), places(200, 4)
    value = lambda at: np.sin(3 * at[:, 0]) + (at[:, 2] == 1)  # noqa: E731 - the second parameter does nothing
    scores = (value(known) - value(known).mean()) / value(known).std()
    model = GaussianProcess.of(distances(known, known, ORDERED), scores)
    mean, deviation = model.expects(distances(known, known, ORDERED))
    np.testing.assert_allclose(mean, scores, atol=0.2)
    expected, doubt = model.expects(distances(known, others, ORDERED))
    assert np.corrcoef(expected, value(others))[0, 1] > 0.95
    assert deviation.max() < doubt.max()
    assert model.weights[1] < min(model.weights[0], model.weights[2])


def test_to_believe_something_takes_its_doubt_away() -> None:
    known, other = places(12, 5), places(1, 6)
    scores = np.sin(5 * known[:, 0]) + np.cos(4 * known[:, 1])
    model = GaussianProcess.of(distances(known, known, ORDERED), scores)
    (expected,), (doubt,) = model.expects(distances(known, other, ORDERED))
    both = np.concatenate([known, other])
    believed = model.knowing(distances(both, both, ORDERED), np.append(scores, expected))
    (again,), (less,) = believed.expects(distances(both, other, ORDERED))
    assert again == pytest.approx(expected, abs=1e-3)
    assert less < 0.7 * doubt


@pytest.mark.parametrize("scores", [np.zeros(8), np.array([1.0, *[-1 / 7] * 7])])
def test_equal_scores_and_equal_configurations_are_no_trouble(scores: np.ndarray) -> None:
    known = np.repeat(places(4, 7), 2, axis=0)
    model = GaussianProcess.of(distances(known, known, ORDERED), scores)
    mean, deviation = model.expects(distances(known, places(50, 8), ORDERED))
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()


def test_the_logarithm_of_the_improvement_is_right_where_it_can_be_reckoned_and_falls_on_beyond() -> None:
    gain = np.array([-30.0, -8.0, -3.0, -1.001, -0.999, 0.0, 0.5, 6.0])
    plain = np.log(norm.pdf(gain) + gain * norm.cdf(gain), where=gain > -10, out=np.full(8, np.nan))
    np.testing.assert_allclose(log_improvement(gain)[1:], plain[1:], rtol=1e-6)
    far = log_improvement(-np.logspace(0, 7, 200))
    assert np.isfinite(far).all()
    assert (np.diff(far) < 0).all()


def test_ranks_become_draws_of_a_normal_distribution_and_equals_stay_equal() -> None:
    scores = normal_scores([1, 2, 1, 0, 3])
    assert len(scores) == 7
    assert scores[1] == scores[2]
    assert scores[4] == scores[5] == scores[6]
    assert scores[0] > scores[1] > scores[3] > scores[4]
    assert scores.mean() == pytest.approx(0)
    assert not normal_scores([4]).any()


@pytest.mark.parametrize(
    ("domain", "value", "ordered", "place"),
    [
        (IntRange(1, 5), 2, True, 0.25),
        (IntRange(16, 1024, scale="log"), 128, True, 0.5),
        (FloatRange(0.0, 0.4, 0.1), 0.4, True, 1.0),
        (FloatRange(1.0, 100.0, None, "reverse_log"), 91.0, True, 0.5),
        (FloatRange(1e-4, 1e-2, None, "log"), 1e-3, True, 0.5),
        (Choice((64, 16, 32)), 64, True, 1.0),
        (Choice((True, False)), False, False, 1.0),
        (Choice(("max", 2)), 2, False, 1.0),
        (Choice(([8], [8, 16])), "[8, 16]", False, 1.0),
        (Branch(("adam", "sgd")), "sgd", False, 1.0),
        (Choice((7,)), 7, True, 0.0),
    ],
)
def test_a_value_has_a_place(domain: Domain, value: Scalar, ordered: bool, place: float) -> None:
    assert is_ordered(domain) is ordered
    assert place_of(domain, value) == pytest.approx(place)
