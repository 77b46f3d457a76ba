"""A trial in a few words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnsearch.reports.wording import configuration, count_text, counted, ending, short_names, time_text, value_text
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.spaces.values import Scalar


def test_branches_come_first_and_blocks_together() -> None:
    values: dict[str, Scalar] = {
        "model": "scratch",
        "model.scratch.blocks": 3,
        "model.scratch.filters.0": 16,
        "model.scratch.filters.1": 32,
        "model.scratch.filters.2": 32,
        "model.scratch.batch_norm": True,
        "optimizer": "adam",
        "optimizer.adam.learning_rate": 0.00123456,
    }
    assert configuration(values) == "scratch, adam, blocks 3, filters 16/32/32, batch norm true, lr 0.00123"


def test_two_parameters_of_one_name_are_told_apart() -> None:
    values: dict[str, Scalar] = {"model.scratch.dropout.0": 0.1, "head.dropout": 0.5, "head.dense.0.dropout": 0.2}
    assert configuration(values) == "scratch dropout 0.1, head dropout 0.5, dense dropout 0.2"


def test_a_configuration_without_searched_values_is_empty() -> None:
    assert configuration({}) == ""


def test_an_entry_of_a_list_is_named_with_its_list() -> None:
    names = ["model.scratch.filters.0", "model.scratch.filters.1", "head.dense.0.dropout", "model.scratch.dropout"]
    assert list(short_names(names).values()) == ["filters 0", "filters 1", "dense 0 dropout", "scratch dropout"]


@given(st.lists(st.lists(st.sampled_from("ab01"), min_size=1, max_size=4).map(".".join), unique=True))
def test_short_names_are_never_shared(paths: list[str]) -> None:
    names = short_names(paths)
    assert len(set(names.values())) == len(paths)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (None, "null"), (0.1 + 0.2, "0.3"), (64, "64"), ("[64, 64]", "[64, 64]"), (1e-5, "1e-05")],
)
def test_values_read_as_in_the_space_file(value: Scalar, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        (Status.COMPLETED, "", "completed"),
        (Status.COMPLETED, "completed", "completed"),
        (Status.STOPPED_EARLY, "patience 3 on val_loss", "stopped early: patience 3 on val_loss"),
        (Status.FAILED, "oom", "failed: oom"),
    ],
)
def test_an_ending_says_why(status: Status, reason: str, text: str) -> None:
    assert ending(TrialRecord(0, {}, status, reason)) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "-"), (0, "0"), (999, "999"), (93_322, "93.3k"), (999_999, "1M"), (999_400, "999k"), (14_714_688, "14.7M")],
)
def test_numbers_of_weights_have_three_digits(count: int | None, text: str) -> None:
    assert count_text(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (8.44, "8.4s"), (9.97, "10s"), (80.2, "1m20s")])
def test_times_are_as_short_as_their_length_allows(seconds: float | None, text: str) -> None:
    assert time_text(seconds) == text


@pytest.mark.parametrize(
    ("count", "word", "text"), [(1, "file", "1 file"), (4000, "image", "4,000 images"), (2, "class", "2 classes")]
)
def test_counts_have_their_plural(count: int, word: str, text: str) -> None:
    assert counted(count, word) == text
