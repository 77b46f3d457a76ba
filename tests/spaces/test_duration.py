"""Lengths of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.spaces.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1.5h", 5400), ("1d", 86400)]
)
def test_a_length_of_time_is_read_in_days_hours_minutes_and_seconds(text: str, seconds: float):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5", "m", "-5m", "5 m", "1m1h"])
def test_another_text_is_refused(text: str):
    with pytest.raises(ValueError, match=r"a length of time is written like 90s, 30m, 2h or 1h30m, got"):
        parse_duration(text)


@given(st.integers(0, 10**8))
def test_whole_seconds_are_written_and_read_again(seconds: int):
    assert parse_duration(format_duration(seconds)) == seconds
