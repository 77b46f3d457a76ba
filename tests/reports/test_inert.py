"""Text from data cannot steer a terminal or run in a spreadsheet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.reports.inert import visible
from cnnsearch.search.csv_file import cell


def test_ordinary_names_stay_as_they_are() -> None:
    assert visible("Żółw 🐢 [red] 名.jpg") == "Żółw 🐢 [red] 名.jpg"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[31m", r"\x1b[31m"), ("a\nb", r"a\nb"), ("\u202egpj.exe", r"\u202egpj.exe"), ("\udcff", r"\udcff")],
)
def test_what_a_terminal_obeys_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text())
def test_visible_text_is_printable_and_can_be_encoded(text: str) -> None:
    assert not any(ord(character) < 32 or ord(character) == 127 for character in visible(text).encode().decode())


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", "+1", "-x", "@sum", "\t=1", "\r=1"])
def test_a_text_that_would_run_becomes_text(formula: str) -> None:
    assert cell(formula) == f"'{formula}"


@pytest.mark.parametrize("value", [-1.5, 0, True, "cat", "a=b"])
def test_numbers_and_ordinary_texts_are_not_touched(value: object) -> None:
    assert cell(value) is value


def test_nothing_is_an_empty_cell() -> None:
    assert cell(None) == ""
