"""The ranking as a person reads it: as wide as the terminal, what is equal above it, nothing silently left out."""

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cnnsearch.reports.ranking.cells import Column, shown_columns
from cnnsearch.reports.ranking.conditions import condition_of, kept
from cnnsearch.reports.ranking.ordering import sorting_columns
from cnnsearch.reports.ranking.ranking import RankedRun, Ranking, ranking_of
from cnnsearch.reports.ranking.shown import View, as_markdown, as_table, fit
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from tests.reports.ranking.conftest import ACCURACY, of_two, scored


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
    text = printed(of_two(trials[:3]))
    assert text.splitlines()[3].split()[:2] == ["*", "1"]
    assert text.splitlines()[4].split()[0] == "2"
    assert "* on the Pareto front" in text


def test_a_star_stays_what_it_is_whichever_trials_are_shown() -> None:
    ranking = of_two([scored(0, 0.75, 100), scored(1, 0.5, 200), scored(2, 0.8, 300)], "wider-001", "wider-002")
    behind = kept(ranking, [condition_of("trial=1", ranking)])
    assert "*" not in printed(behind)
    one = kept(ranking, [condition_of("trial=0", ranking), condition_of("run=wider-001", ranking)])
    assert "* on the Pareto front, 1 of its 4 trials: none is better in every objective" in printed(one)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_narrow_terminal_cuts_no_number(trials: list[TrialRecord], width: int) -> None:
    stopped = replace(trials[2], status=Status.STOPPED_EARLY)
    text = printed(of_two([trials[0], trials[1], stopped, trials[3]], "wider-001", "wider-002"), width=width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert "0.7500" in text
    shown = next(line for line in text.splitlines() if "trial " in line and "#" in line)
    for name in ("run", "parameters", "ended"):
        assert (name in shown.split()) != (name in text.partition("no room for")[2])


def test_where_even_the_first_objective_is_too_wide_its_heading_is_cut() -> None:
    metric = Objective("val_top_k_categorical_accuracy", "max")
    objectives = Objectives((metric, Objective("parameters", "min")), metric)
    epochs = (Epoch(1, {metric.metric: 0.5}, 1.0),)
    trial = scored(0, 0.5, epochs=epochs, objective_values=(0.5, 100.0))
    text = printed(ranking_of([RankedRun("a", [trial], objectives)]), width=30)
    assert "0.5000" in text
    assert "val_top_k_cat" in text
    assert text.count("…") == 1


def test_an_ending_is_told_in_brief_where_that_saves_a_column(trials: list[TrialRecord]) -> None:
    ranking = ranking_of([RankedRun("a", [trials[0], trials[1], trials[3]], ACCURACY)])
    assert "failed: oom" in printed(ranking)
    assert "failed: oom" not in printed(ranking, width=28)
    assert "failed" in printed(ranking, width=28)


@pytest.mark.parametrize("name", ["latency", "model_size", "reason", "front", "metric.learning_rate"])
def test_what_an_order_names_is_shown(trials: list[TrialRecord], name: str) -> None:
    epochs = (Epoch(1, {"val_accuracy": 0.5, "learning_rate": 3.21e-5}, 1.0),)
    trials[0] = scored(0, 0.5, 200, latency=0.0142, model_size=4_900_000, epochs=epochs)
    ranking = of_two(trials)
    text = printed(ranking, View(10, frozenset(sorting_columns(ranking, name)), sort=name))
    assert name in next(line for line in text.splitlines() if "trial " in line and "#" in line).split()
    cells = {"latency": "14.2 ms", "model_size": "4.9 MB", "reason": "oom", "metric.learning_rate": "3.21e-05"}
    assert cells.get(name, "1") in text


def test_headings_are_told_apart() -> None:
    values = {"training.epochs": 3, "epochs": 4, "model.vgg16.weights": "imagenet", "optimizer.lr": 1, "head.lr": 2}
    trials = [scored(0, 0.5, values=values), scored(1, 0.6, values=dict.fromkeys(values, 9))]
    ranking = ranking_of([RankedRun("a", trials, ACCURACY)])
    header, first, *_ = printed(ranking).splitlines()[1:]
    for heading in ("training epochs", "hp epochs", "vgg16 weights", "optimizer lr", "head lr"):
        assert heading in header
    columns = shown_columns(ranking, ranking.lines, frozenset())
    assert len({column.name for column in columns}) == len(columns)
    assert "9" in first


def test_columns_of_one_name_are_two() -> None:
    twins = [Column("epochs", ("1",), 1.0), Column("epochs", ("22222222",), 2.0)]
    assert fit(twins, 100) == twins
    assert fit(twins, 9) == twins[1:]


def test_scores_of_other_images_are_told(trials: list[TrialRecord]) -> None:
    others = [replace(trial, data="beef0123456-8x8x1") for trial in trials]
    runs = [RankedRun("a-001", trials, ACCURACY), RankedRun("b-001", others, ACCURACY)]
    told = "Scores of 2 data sets are mixed: f00d (a-001) and beef0123 (b-001)."
    assert told in printed(ranking_of(runs))
    assert as_markdown(ranking_of(runs), View(10)).splitlines()[-1].startswith("Scores of 2 data sets are mixed")
    assert "mixed" not in printed(ranking_of(runs[:1]))
    assert "mixed" not in printed(ranking_of(runs), View(1))


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
