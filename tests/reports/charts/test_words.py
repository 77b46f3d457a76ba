"""Words are made to fit the room they have."""

from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.reports.charts.words import fitted, width


@given(st.text(max_size=60), st.floats(20, 400))
def test_a_fitted_text_is_never_too_long(text: str, room: float) -> None:
    assert width(fitted(text, room)) <= room


def test_a_short_text_stays_and_a_long_one_keeps_both_ends() -> None:
    assert fitted("adam", 60) == "adam"
    assert fitted("optimizer.sgd.learning_rate", 100) == "optimiz…g_rate"


def test_control_characters_are_spelled_out() -> None:
    assert fitted("a\nb", 100) == "a\\nb"
