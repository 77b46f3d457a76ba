"""What is advised about a value of the wrong kind."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.spaces.advice import nearest, type_advice

KINDS = (
    "int_type",
    "float_type",
    "finite_number",
    "bool_type",
    "string_type",
    "list_type",
    "model_type",
    "dict_type",
)


@pytest.mark.parametrize(
    ("kind", "found", "advice"),
    [
        ("float_type", "1e-3", "Take the quotes away."),
        ("int_type", " 16 ", "Take the quotes away."),
        ("float_type", "20%", "Write 0.2: a share is a decimal, not percent."),
        ("float_type", "12.5 %", "Write 0.125: a share is a decimal, not percent."),
        ("int_type", "20%", "Write a whole number, not a share."),
        ("int_type", "1_000", "Write 1000, the digits without separators."),
        ("int_type", "10 000", "Write 10000, the digits without separators."),
        ("float_type", "1'000'000", "Write 1000000, the digits without separators."),
        ("float_type", "1,000,000.5", "Write 1000000.5, the digits without separators."),
        ("float_type", "1,5", "Write 1.5: decimals have a point."),
        ("float_type", "1,500", "Write 1.500: decimals have a point. Or 1500, if thousands are meant."),
        ("int_type", "1,500", "Write 1500, the digits without separators."),
        ("int_type", "1,5", "Write a whole number."),
        ("float_type", "nan", "Write a finite number: there is no endless and no undefined value here."),
        ("int_type", "-Inf", "Write a finite number: there is no endless and no undefined value here."),
        ("finite_number", math.nan, "Write a finite number: there is no endless and no undefined value here."),
        ("int_type", math.inf, "Write a finite number: there is no endless and no undefined value here."),
        ("float_type", "1:30", "YAML 1.2 reads 1:30 as text. Write one number, 90."),
        ("int_type", "2024-01-01", "Write one number, not a date."),
        ("float_type", "1/3", "Write 0.3333: a fraction is written as a decimal."),
        ("float_type", "1/0", ""),
        ("int_type", "0b101", "Write 5."),
        ("int_type", "150px", "Write 150 without px."),
        ("int_type", "None", "What is switched off is written null, where that is allowed."),
        ("int_type", "many", ""),
        ("int_type", 16.0, "Write 16."),
        ("int_type", 16.5, ""),
        ("int_type", True, "Write a number."),
        ("int_type", None, "Write a value behind the colon, or leave the key out to take its default."),
        ("model_type", None, "Write its keys below it, or leave it out to take its defaults."),
        ("bool_type", "yes", "YAML 1.2 has true and false only. Write true."),
        ("bool_type", "Off", "YAML 1.2 has true and false only. Write false."),
        ("bool_type", "true", "Take the quotes away."),
        ("bool_type", 0, "Write false."),
        ("bool_type", "maybe", "Write true or false."),
        ("string_type", 5, 'Put it in quotes: "5".'),
        ("string_type", True, 'Put it in quotes: "true".'),
        ("model_type", "source:photos", "Put a space behind the colon: source: photos"),
        ("model_type", [{"source": "photos"}], "Write the keys without a dash before them."),
        ("model_type", 5, "Write its keys below it, each as key: value."),
        ("list_type", 16, "Write it in brackets: [16]."),
        ("list_type", "64x48", "Write it in brackets: [64, 48]."),
        ("list_type", "64, 48]", "Write it in brackets: [64, 48]."),
        ("int_type", "64 48", "Put a comma between two entries."),
        ("list_type", "(64, 48)", "Write it in brackets: [64, 48]."),
        ("float_type", {"flaot": [0, 1]}, "Did you mean `float`? A searched value has one of the keys choice,"),
        ("float_type", [0, 1], "One value stands here; a searched one is written {choice: [a, b]}, or {int: [low,"),
        ("some_other_error", 5, ""),
    ],
)
def test_a_slip_gets_its_own_advice(kind: str, found: Any, advice: str):
    assert type_advice(kind, found).startswith(advice)
    assert bool(type_advice(kind, found)) == bool(advice)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.sampled_from("0123456789.,:_%/eE+-x")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(KINDS), values)
def test_any_value_gets_an_advice_or_none(kind: str, found: Any):
    assert isinstance(type_advice(kind, found), str)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["1", "1_", "1,", "1%", "1.", "1 ", "1e", "1/", "1:", "a:", "1x"])
def test_a_text_as_long_as_a_file_is_looked_at_in_no_time(piece: str):
    for kind in KINDS:
        type_advice(kind, piece * 100_000 + "!")
    nearest(piece * 100_000, ["choice"])
