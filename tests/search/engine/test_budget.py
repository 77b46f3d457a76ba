"""The time of a search, over all its sessions."""

from cnnsearch.search.engine.budget import Budget


def test_earlier_sessions_count() -> None:
    budget = Budget(3600.0, spent=1800.0)
    assert 1800.0 <= budget.spent < 1860.0
    assert not budget.over
    assert Budget(3600.0, spent=3600.0).over


def test_without_a_bound_it_is_never_over() -> None:
    assert not Budget(None, spent=1e9).over
