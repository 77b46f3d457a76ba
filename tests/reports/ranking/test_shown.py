"""The ranking as a person reads it: as wide as the terminal, what is equal above it, nothing silently left out."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cnnsearch.reports.ranking.cells import Column
from cnnsearch.reports.ranking.ranking import RankedRun, Ranking, ranking_of
from cnnsearch.reports.ranking.shown import View, as_markdown, as_table, fit
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, TrialRecord


def printed(ranking: Ranking, view: View | None = None, width: int = 160) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(as_table(ranking, view or View(10), width))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_what_all_trials_share_is_said_once(ranking: Ranking) -> None:
    title, shared, header, *_ = printed(ranking).splitlines()
    assert title.strip() == "5 trials by val_accuracy"
    assert shared.strip() == "All 5 have: batch norm true"
    assert "batch" not in header


def test_a_line_has_what_the_trial_has_and_blanks_elsewhere(ranking: Ranking) -> None:
    lines = printed(ranking).splitlines()
    assert " ".join(lines[2].split()) == "# trial score 95 % optimizer filters adam lr sgd lr epochs time weights ended"
    assert " ".join(lines[3].split()) == "1 1 0.7500 0.531-0.888 sgd 4 0.1 1 9.0s 100 completed"
    assert " ".join(lines[4].split()) == "2 2 0.5000 0.299-0.701 adam 8/16 0.00123 1 8.0s 100 pruned"
    assert " ".join(lines[6].split()) == "3 sgd 4 0.1 0 2.0s failed: oom"


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal_and_what_is_left_out_is_named(ranking: Ranking, width: int) -> None:
    text = printed(ranking, width=width)
    assert max(map(len, text.splitlines())) <= width
    shown, told = text.splitlines()[2], " ".join(text.split())
    for name in ("filters", "optimizer", "adam lr", "weights"):
        assert (name in shown) != (name in told.partition("no room for")[2])


@given(st.lists(st.tuples(st.integers(1, 20), st.floats(0, 100)), max_size=12), st.integers(1, 150))
def test_columns_that_must_stay_stay_and_the_rest_fits(sizes: list[tuple[int, float]], width: int) -> None:
    always = [Column("#", ("1",)), Column("score", ("0.5",))]
    others = [Column(f"{k}".rjust(size, "c"), ("",), weight) for k, (size, weight) in enumerate(sizes)]
    found = fit([*always, *others], width)
    assert found[:2] == always
    assert sum(column.width for column in found) + 2 * (len(found) - 1) <= max(width, 8)
    assert [column for column in [*always, *others] if column in found] == found


def test_a_column_that_was_asked_for_is_shown_first(ranking: Ranking) -> None:
    text = printed(ranking, View(10, frozenset({"val_loss"}), ("val_loss<1",), "val_loss"), width=60)
    assert "5 trials where val_loss<1 by val_loss" in text
    assert "val_loss  " in text.splitlines()[2]


def test_more_trials_than_lines_are_counted(ranking: Ranking) -> None:
    text = printed(ranking, View(2))
    assert "The best 2 of 5 trials by val_accuracy" in text
    assert "3 more: --top 5" in text


def test_several_runs_have_a_column(trials: list[TrialRecord]) -> None:
    objectives = Objectives.around(Objective.of("val_accuracy"))
    ranking = ranking_of([RankedRun(name, trials[:2], objectives) for name in ("a-001", "b-001")])
    assert printed(ranking).splitlines()[3].split()[:3] == ["1", "a-001", "1"]


def test_a_pareto_front_is_starred(trials: list[TrialRecord]) -> None:
    goals = (Objective("val_accuracy", "max"), Objective("parameters", "min"))
    objectives = Objectives(goals, goals[0])
    known = [replace(trial, objective_values=objectives.values(trial)) for trial in trials[:3]]
    text = printed(ranking_of([RankedRun("a", known, objectives)]))
    assert text.splitlines()[3].split()[:2] == ["*", "1"]
    assert text.splitlines()[4].split()[0] == "2"
    assert "* on the Pareto front" in text


def test_markup_and_escapes_in_values_stay_text(trials: list[TrialRecord]) -> None:
    named = replace(trials[3], values={"model": "[/bold]\x1b[31m"}, reason="[link=x]")
    objectives = Objectives.around(Objective.of("val_accuracy"))
    text = printed(ranking_of([RankedRun("[red]", [named, trials[0]], objectives)]))
    assert r"[/bold]\x1b[31m" in text
    assert "failed: [link=x]" in text


def test_no_trial_at_all_is_a_line(ranking: Ranking) -> None:
    assert printed(replace(ranking, lines=()), View(10, conditions=("status=queued",))).strip() == (
        "0 trials where status=queued by val_accuracy"
    )


def test_markdown_has_every_column_and_shows_names_as_they_are(trials: list[TrialRecord]) -> None:
    named = replace(trials[0], values={"optimizer": "<b>a|b*", "x": "\x1b[31m"})
    objectives = Objectives.around(Objective.of("val_accuracy"))
    text = as_markdown(ranking_of([RankedRun("a", [named, trials[1]], objectives)]), View(10))
    _, _, header, sides, *rows = text.splitlines()
    assert header.count("|") == sides.count("|") == rows[0].count("|") - rows[0].count("\\|")
    assert r"\<b\>a\|b\*" in text
    assert "\x1b" not in text
