"""Objectives and constraints in a space: what may stand there, and what is said of anything else."""

from typing import Any

import pytest

from cnnsearch.spaces.document import Search
from cnnsearch.spaces.errors import SpaceError
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.sections.constraints import Limit

BASE = "data: {source: photos/}\nmodel: {scratch: {blocks: {int: [1, 2]}, filters: 8}}\n"


def search(text: str) -> Search:
    return loads_space(f"{BASE}search: {{{text}}}", "s").document.search


@pytest.mark.parametrize(
    ("text", "goals"),
    [
        ("objective: val_macro_f1", [("val_macro_f1", "max")]),
        ("objective: latency", [("latency", "min")]),
        ("objective: {metric: val_hinge, direction: min}", [("val_hinge", "min")]),
        ("objective: [val_loss, model_size]", [("val_loss", "min"), ("model_size", "min")]),
        (
            "objective: [parameters, {metric: val_recall, direction: max}]",
            [("parameters", "min"), ("val_recall", "max")],
        ),
    ],
)
def test_objectives_are_words_metrics_with_a_direction_and_lists(text: str, goals: list[Any]) -> None:
    assert [tuple(goal) for goal in search(text).goals] == goals


def test_limits_have_signs_and_units() -> None:
    text = 'latency: "<= 10ms", parameters: "<=1e6", model_size: " <= 1.5 MiB", val_auc: ">= 0.8"'
    assert search(f"constraints: {{{text}}}").limits == (
        Limit("latency", "<=", 0.01),
        Limit("parameters", "<=", 1e6),
        Limit("model_size", "<=", 1.5 * 2**20),
        Limit("val_auc", ">=", 0.8),
    )


def test_a_space_with_several_objectives_loads_back_and_has_no_pruner() -> None:
    text = f'{BASE}search: {{objective: [val_accuracy, latency], constraints: {{latency: "<= 1s"}}}}'
    space = loads_space(text, "s")
    assert space.document.search.pruner.kind == "none"
    assert loads_space(space.to_yaml(), "s") == space


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("objective: val_acc", r"objective`: an objective is one of .*, got 'val_acc'\. Did you mean `val_accuracy`"),
        ("objective: val_recall", r"got 'val_recall' alone\. Write \{metric: val_recall, direction: max\}, or min"),
        ("objective: {metric: recall, direction: max}", r"begins with val_, got 'recall'\. Write val_recall"),
        ("objective: {metric: val_recal, direction: max}", r"got 'val_recal'\. Did you mean `val_recall`"),
        ("objective: {metric: val_recall}", r"objective\.direction` must be given"),
        ("objective: [val_accuracy]", r"several objectives are at least two, got 1\. Write one without brackets"),
        ("objective: [latency, latency]", r"each objective is named once, got latency twice"),
        ("objective: [latency, val_auc], pruner: asha", r"search\.pruner`: .*got objective latency, val_auc.*none"),
        ("objective: latency, stop_at: 1", r"search\.stop_at`: .*got objective latency\. Leave it out"),
        ("objective: [latency, val_auc], sampler: cmaes", r"cmaes ranks by one objective, got 2\. Use gp"),
        ("constraints: {latency: 10}", r"on which side of it a model stays, got 10\. Write \"<= 10\""),
        ('constraints: {latency: "<= 10"}', r"a limit of latency has a unit, got none\. The units are us, ms, s"),
        ('constraints: {latency: "<= 10 MS"}', r"has a unit, got 'MS'\. Did you mean `ms`"),
        ('constraints: {latency: "< 10ms"}', r"begins with <= or >=, got \"<\"\. Write \"<= 10ms\""),
        ('constraints: {latency: "<= 0ms"}', r"a finite number over 0, got 0"),
        ('constraints: {parameters: "<= 1M"}', r"without a unit, got 'M'\. Write \"<= 1e6\""),
        ('constraints: {val_auc: "0.8"}', r"begins with <= or >=, got \"0\.8\"\. Write \">= 0\.8\""),
        ('constraints: {val_auc: "high"}', r"a sign, a number and its unit, got \"high\"\. Write it like \">= 0\.8\""),
        (
            'constraints: {paramters: "<= 10"}',
            r"constraints\.paramters`: .*got 'paramters'\. Did you mean `parameters`",
        ),
    ],
)
def test_what_means_nothing_is_refused_with_advice(text: str, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        search(text)


def test_early_stopping_watches_only_what_is_asked_for() -> None:
    watching = f"{BASE}training: {{early_stopping: {{monitor: val_auc}}}}\n"
    assert loads_space(f"{watching}search: {{objective: val_auc}}", "s")
    with pytest.raises(SpaceError, match=r"monitor`: it watches .*got val_auc\. Name val_auc in search\.objective"):
        loads_space(watching, "s")


def test_val_loss_among_several_objectives_wants_one_loss_too() -> None:
    searched = f"{BASE}training: {{loss: {{choice: [crossentropy, focal]}}}}\n"
    with pytest.raises(SpaceError, match=r"training\.loss`: trials are ranked by val_loss"):
        loads_space(f"{searched}search: {{objective: [parameters, val_loss]}}", "s")


@pytest.mark.parametrize(
    ("metric", "direction"), [("val_hinge", "min"), ("val_auc", "max"), ("val_log_cosh_error", "min")]
)
def test_a_metric_is_better_as_its_constraint_or_its_name_says(metric: str, direction: str) -> None:
    assert search('constraints: {val_hinge: "<= 1"}').direction(metric) == direction
