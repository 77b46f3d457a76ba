"""McNemar's test against scipy's distributions and a textbook's example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from cnnsearch.reports.comparison.mcnemar import mcnemar

counts = st.integers(0, 200)


@given(counts, counts)
def test_it_is_the_binomial_test_of_few_and_chi_squared_of_many(first: int, second: int) -> None:
    total = first + second
    found = mcnemar(first, second)
    if total < 25:
        assert found.method == "exact binomial"
        assert found.p == pytest.approx(binomtest(first, total).pvalue if total else 1.0)
    else:
        assert found.p == pytest.approx(chi2.sf(max(0, abs(first - second) - 1) ** 2 / total, 1))


@given(counts, counts)
def test_which_one_is_first_makes_no_difference(first: int, second: int) -> None:
    assert mcnemar(first, second).p == mcnemar(second, first).p


def test_a_known_example() -> None:
    # Agresti, Categorical Data Analysis, 2002, table 10.1: 86 and 150 changed their minds.
    found = mcnemar(86, 150)
    assert found.p == pytest.approx(4.1e-5, rel=0.05)
    assert found.is_significant
