"""What each chart shows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from cnnsearch.reports.charts.chart import Chart
from cnnsearch.reports.charts.contours import smoothed
from cnnsearch.reports.charts.cost import cost
from cnnsearch.reports.charts.devices import blocks, busy_seconds, device_timeline
from cnnsearch.reports.charts.dimensions import dimensions
from cnnsearch.reports.charts.failures import failures
from cnnsearch.reports.charts.importances import importance_chart
from cnnsearch.reports.charts.learning_curves import curve_of, learning_curves
from cnnsearch.reports.charts.parallel import parallel_coordinates
from cnnsearch.reports.charts.progress import best_by_time, best_by_trial, incumbents
from cnnsearch.reports.charts.results import Results, scale_of
from cnnsearch.reports.charts.spans import Span
from cnnsearch.reports.charts.thinning import thinned
from cnnsearch.reports.charts.weighing import weighings
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, FoldScore, Objective, Status, TrialRecord
from cnnsearch.spaces.parameters import Parameter
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.values import Choice, FloatRange, IntRange

Maker = Callable[..., Results]
ACCURACY = Objective.of("val_accuracy")


def with_class(drawing: ET.Element, kind: str) -> list[ET.Element]:
    """The marks of a drawing that have a class."""
    return [mark for mark in drawing.iter() if kind in mark.get("class", "").split()]


def texts(drawing: ET.Element) -> list[str]:
    """All that is written in a drawing, tooltips left out."""
    return ["".join(_own(mark)) for mark in drawing.iter("text")]


def _own(mark: ET.Element) -> Iterator[str]:
    yield mark.text or ""
    yield from (child.tail or "" for child in mark)


def scored(scores: Sequence[float | None], **changes: object) -> Results:
    trials = tuple(
        replace(TrialRecord(k, {}, Status.COMPLETED if s is not None else Status.FAILED, score=s), **changes)  # type: ignore[arg-type]
        for k, s in enumerate(scores)
    )
    return Results(trials, Objectives.around(ACCURACY))


def shown(chart: Chart | None) -> Chart:
    assert chart is not None
    return chart


def numbers(found: Sequence[tuple[float, TrialRecord]]) -> list[int]:
    return [trial.number for _, trial in found]


def test_the_best_so_far_changes_with_each_better_trial() -> None:
    results = scored([0.5, 0.4, None, 0.7, 0.7, 0.9])
    assert numbers(incumbents(results, [(t.number, t) for t in results.trials])) == [0, 3, 5]
    assert shown(best_by_trial(results)).told == (
        "3 trials were the best of their time; the last is trial 5 with val_accuracy 0.9."
    )


def test_a_value_of_fewer_folds_is_no_match_for_one_of_all() -> None:
    results = scored([0.5, 0.9])
    folds = (FoldScore(1, 1, 0.4), FoldScore(2, 1, 0.6))
    whole, short = replace(results.trials[0], folds=folds), replace(results.trials[1], folds=folds[:1])
    assert numbers(incumbents(results, [(0, whole), (1, short)])) == [0]


def test_a_failed_trial_is_a_cross_at_the_axis() -> None:
    paths = shown(best_by_trial(scored([0.5, None]))).drawing.iter("path")
    (mark,) = [path for path in paths if path.get("class") == "line failed"]
    assert mark.get("data-trial") == "1"


def test_over_time_trials_come_in_the_order_of_their_ends() -> None:
    spans = (Span(0, "cpu", 100, 190), Span(1, "cpu/2", 100, 130))
    results = replace(scored([0.5, 0.4]), spans=spans)
    assert "2 trials were the best of their time; the last is trial 0" in shown(best_by_time(results)).told


def test_a_few_very_bad_values_do_not_squeeze_the_others() -> None:
    scale = scale_of([0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.9, 0.91, 0.92, 0.93, 0.94, 0.0], ACCURACY)
    assert scale.low > 0.6
    told = shown(best_by_trial(scored([0.9, 0.91, 0.92, 0.93] * 3 + [0.0]))).told
    assert told.endswith("1 value is far worse and drawn at the edge.")


def epochs(count: int, **where: object) -> list[Epoch]:
    return [Epoch(k, {"val_accuracy": 0.1 * k}, 1.0, **where) for k in range(1, count + 1)]  # type: ignore[arg-type]


def test_each_fold_is_a_line_of_its_own_from_the_first_epoch() -> None:
    trial = TrialRecord(0, {}, Status.COMPLETED, epochs=(*epochs(3, fold=1), *epochs(2, fold=2)))
    assert [[x for x, _ in part] for part in curve_of(trial, "val_accuracy").parts] == [[1, 2, 3], [1, 2]]


def test_a_later_rung_follows_the_earlier_one() -> None:
    rungs = [Rung(k, 2, 0.5 * k) for k in (1, 2)]
    trial = TrialRecord(0, {}, Status.COMPLETED, epochs=(*epochs(3, rung=rungs[0]), *epochs(2, rung=rungs[1])))
    assert [[x for x, _ in part] for part in curve_of(trial, "val_accuracy").parts] == [[1, 2, 3], [4, 5]]


def test_the_beginning_of_a_phase_is_known() -> None:
    told = [Epoch(k, {"val_accuracy": 0.5, "phase": 1.0 + (k > 2)}, 1.0) for k in range(1, 5)]
    curve = curve_of(TrialRecord(0, {}, Status.COMPLETED, epochs=tuple(told)), "val_accuracy")
    assert curve.turns == (((3, 0.5), 2),)


def test_the_best_curve_is_strong_and_on_top_and_pruned_ones_are_pale(results: Maker) -> None:
    study = results(40)
    lines = [mark for mark in with_class(shown(learning_curves(study)).drawing, "line") if mark.get("d")]
    assert study.best is not None
    assert lines[-1].get("class") == "line best strong"
    assert lines[-1].get("data-trial") == str(study.best.number)
    pruned = {str(trial.number) for trial in study.trials if trial.status is Status.PRUNED}
    assert pruned <= {mark.get("data-trial") for mark in lines if "faint" in mark.get("class", "")}


def test_a_line_leaves_out_the_axes_that_its_trial_has_not(results: Maker) -> None:
    study = results(30)
    titles = {each.name for each in dimensions(study)}
    drawing = shown(parallel_coordinates(study)).drawing
    rules = len(list(drawing.iter("line")))
    for mark in with_class(drawing, "line"):
        trial = study.trials[int(mark.get("data-trial", "0"))]
        points = mark.get("d", "").count("L") + 1
        assert points <= 1 + len(titles & set(trial.values))
        assert points < rules  # no trial has both optimizers


def test_axes_are_logarithmic_and_in_order_as_in_the_space(results: Maker) -> None:
    found = {each.name: each for each in dimensions(results(60))}
    assert found["optimizer.adam.learning_rate"].domain == FloatRange(1e-5, 1e-2, None, "log")
    assert found["model.scratch.blocks"].domain == IntRange(2, 4)
    assert next(iter(found)) == "model"


def test_an_axis_of_whole_numbers_is_logarithmic_where_they_are_drawn_so_and_above_0() -> None:
    trials = tuple(TrialRecord(k, {"n": n}, Status.COMPLETED, score=0.5) for k, n in enumerate((16, 128)))
    parameters = (Parameter("n", IntRange(16, 1024, scale="log")),)
    (found,) = dimensions(Results(trials, Objectives.around(ACCURACY), parameters))
    assert found.scale.share(128) == pytest.approx(0.5, abs=1e-3)
    wider = (*trials, TrialRecord(2, {"n": 0}, Status.COMPLETED, score=0.5))
    (found,) = dimensions(Results(wider, Objectives.around(ACCURACY), parameters))
    assert found.domain == IntRange(0, 1024)


def test_without_a_space_axes_reach_over_what_was_tried() -> None:
    values = [{"a.x": 1e-4, "a.n": 3, "b": "p", "c": 1}, {"a.x": 1e-1, "a.n": 5, "b": "q", "c": 1}]
    trials = tuple(TrialRecord(k, v, Status.COMPLETED, score=0.5) for k, v in enumerate(values))
    found = {each.name: each.domain for each in dimensions(Results(trials, Objectives.around(ACCURACY)))}
    assert found == {"a.x": FloatRange(1e-4, 1e-1, None, "log"), "a.n": IntRange(3, 5), "b": Choice(("p", "q"))}


def test_importances_are_told_for_each_branch_with_its_trials(results: Maker) -> None:
    study = results(80)
    found = weighings(study, dimensions(study))
    taken = [t for t in study.ranked if t.values["optimizer"] == "sgd"]
    names = [each.name for each in found]
    assert names[0] == f"all {len(study.ranked)} trials"
    assert f"{len(taken)} trials with optimizer = sgd" in names
    assert all(sum(each.shares.values()) == pytest.approx(1) for each in found)
    sgd = next(each for each in found if each.name.endswith("optimizer = sgd"))
    assert "optimizer.sgd.momentum" in sgd.shares
    assert "optimizer" not in sgd.shares


def test_from_too_few_trials_no_importance_is_told(results: Maker) -> None:
    assert importance_chart(results(8)) is None


def test_the_map_is_the_value_at_a_trial_and_fades_with_distance() -> None:
    means, near = smoothed(np.array([[0.1, 0.1], [0.9, 0.9]]), np.array([0.0, 1.0]))
    assert means[2, 4] == pytest.approx(0, abs=1e-6)
    assert means[21, 35] == pytest.approx(1, abs=1e-6)
    assert (near[2, 4] > 0.9, near[12, 20] < 0.01) == (True, True)


def test_bars_lie_in_the_row_of_their_slot_and_gaps_stay(results: Maker) -> None:
    chart = shown(device_timeline(results(12)))
    bars = [mark for mark in chart.drawing.iter("rect") if mark.get("data-trial")]
    rows: dict[str | None, set[int]] = {}
    for mark in bars:
        rows.setdefault(mark.get("y"), set()).add(int(mark.get("data-trial", 0)) % 4)
    assert sorted(rows.values(), key=min) == [{0}, {1}, {2}, {3}]
    assert [text for text in texts(chart.drawing) if text.startswith("gpu")] == ["gpu:3", "gpu:2", "gpu:1", "gpu:0"]
    assert chart.told == "4 slots, busy with trials for 23% of 3m58s."


def test_slots_are_ordered_by_their_numbers() -> None:
    spans = tuple(Span(k, f"gpu:{k}", 0, 5, Status.COMPLETED) for k in range(12))
    drawing = shown(device_timeline(replace(scored([0.5] * 12), spans=spans))).drawing
    assert [text for text in texts(drawing) if text.startswith("gpu")] == [f"gpu:{k}" for k in reversed(range(12))]


def test_short_trials_that_follow_each_other_are_one_block() -> None:
    spans = [Span(k, "a", k, k + 0.9) for k in range(3)] + [
        Span(3, "a", 3, 9),
        Span(4, "a", 20, 21),
        Span(5, "b", 0, 1),
    ]
    assert [[span.trial for span in block] for block in blocks(spans, 2.0)] == [[0, 1, 2], [3], [4], [5]]


def test_seconds_in_which_trials_overlap_count_once() -> None:
    assert busy_seconds([Span(0, "a", 0, 10), Span(1, "a", 5, 12), Span(2, "a", 20, 21)]) == 13


def test_causes_of_failures_are_counted_with_their_usual_message() -> None:
    results = scored([None] * 3 + [0.5])
    reasons = [("oom", "no memory"), ("oom", "no memory"), ("nan", "loss is nan"), ("", "")]
    named = tuple(replace(t, reason=r, message=m) for t, (r, m) in zip(results.trials, reasons, strict=True))
    assert texts(shown(failures(replace(results, trials=named))).drawing) == [
        "out of memory (oom)",
        "2",
        "no memory",
        "no finite numbers (nan)",
        "1",
        "loss is nan",
    ]


def test_cost_is_in_seconds_and_weights(results: Maker) -> None:
    names = with_class(shown(cost(results(40))).drawing, "name")
    assert ["".join(mark.itertext()) for mark in names] == [
        "val_accuracy",
        "time of training",
        "val_accuracy",
        "parameters (weights)",
    ]


def test_thinning_keeps_both_ends_and_spreads_evenly() -> None:
    found = thinned(range(10_000), 5)
    assert found.kept == (0, 2500, 5000, 7499, 9999)
    assert found.told == "5 of 10,000 drawn, spread evenly over the ranking."
    assert thinned([1, 2], 5).told == ""
