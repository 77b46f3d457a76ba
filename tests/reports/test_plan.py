"""Quantities as a person reads them in a plan."""

import pytest

from cnnsearch.reports.plan import quantity, seconds_text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (553_488_429, "B", "553 MB"),
        (1_234_567, "", "1.23 M"),
        (30.94e9, "FLOPs", "30.9 GFLOPs"),
        (999_600, "B", "1 MB"),
        (999_400, "B", "999 kB"),
        (386, "", "386"),
        (0, "FLOPs", "0 FLOPs"),
        (2.5e15, "FLOPs", "2500 TFLOPs"),
    ],
)
def test_three_digits_and_a_unit(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "12.3 ms"),
        (0.9996, "1.0s"),
        (8.44, "8.4s"),
        (80, "1m20s"),
        (11_067, "3h4m"),
        (187_300, "2d4h"),
        (None, "-"),
    ],
)
def test_short_times_are_milliseconds(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text
