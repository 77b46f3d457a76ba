"""The charts of a study: which there are, and what holds for all of them, whatever the study is like."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.charts.spans import Span
from cnnsearch.reports.charts.study import charts_of_run, study_charts
from cnnsearch.reports.charts.style import file_style, page_style
from cnnsearch.reports.charts.words import width
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder

Maker = Callable[..., Results]
ACCURACY = Objective.of("val_accuracy")
EVIL = "<script>alert(1)</script>"


def drawn(results: Results) -> dict[str, ET.Element]:
    found = study_charts(results.trials, results.objectives, parameters=results.parameters, spans=results.spans)
    return {chart.name: chart.drawing for chart in found}


def told(results: Results) -> dict[str, str]:
    found = study_charts(results.trials, results.objectives, parameters=results.parameters, spans=results.spans)
    return {chart.name: chart.told for chart in found}


def test_a_study_has_its_charts_in_the_order_of_a_page(results: Maker) -> None:
    assert list(drawn(results(40))) == [
        "best_by_trial",
        "best_by_time",
        "learning_curves",
        "importances",
        "parallel_coordinates",
        "slices",
        "contours",
        "cost",
        "devices",
        "failures",
    ]


def test_without_trials_there_is_nothing_to_show() -> None:
    assert study_charts([], ACCURACY) == []


def test_where_everything_failed_it_is_told_why(results: Maker) -> None:
    failed = results(4, status=Status.FAILED, score=None, best_epoch=None, epochs=(), reason="oom")
    assert list(drawn(failed)) == ["devices", "failures"]
    assert told(failed)["failures"].startswith("4 of 4 trials failed: 4 oom.")


def test_a_single_trial_has_its_curve(results: Maker) -> None:
    assert "learning_curves" in drawn(results(1, status=Status.COMPLETED, score=0.5))


def test_a_running_trial_that_has_told_nothing_is_left_out(results: Maker) -> None:
    waiting = TrialRecord(40, {}, Status.RUNNING)
    study = results(40)
    assert drawn(replace(study, trials=(*study.trials, waiting))).keys() == drawn(study).keys()


def unlike(trial: TrialRecord, score: float) -> TrialRecord:
    return replace(trial, score=score, epochs=(Epoch(1, {"val_accuracy": score}, 1.0),))


@pytest.mark.parametrize(
    "scores",
    [[0.5] * 12, [-1e300, *[0.5] * 10, 1e300], [0.0] * 12, [-3.0, -2.0] * 6, [1e-12 * k for k in range(12)]],
    ids=["equal", "enormous", "zero", "negative", "tiny"],
)
def test_any_scores_can_be_drawn(results: Maker, scores: list[float]) -> None:
    study = results(12)
    trials = tuple(unlike(trial, score) for trial, score in zip(study.trials, scores, strict=True))
    found = drawn(replace(study, trials=trials))
    assert {"best_by_trial", "learning_curves", "parallel_coordinates", "slices"} <= found.keys()
    assert not any(word in ET.tostring(each, encoding="unicode") for each in found.values() for word in ("nan", "inf "))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_epoch_without_a_finite_value_is_a_gap(results: Maker, value: float) -> None:
    epochs = tuple(Epoch(k, {"val_accuracy": value if k == 3 else 0.5}, 1.0) for k in range(1, 6))
    paths = [mark.get("d", "") for mark in drawn(results(1, epochs=epochs, score=0.5))["learning_curves"].iter("path")]
    assert [path.count("M") for path in paths] == [2]


def test_names_are_text_whatever_is_in_them(results: Maker) -> None:
    study = results(20)
    named = tuple(
        replace(trial, values={EVIL: EVIL + str(trial.number % 2), "b": 1.0 * trial.number}, message=EVIL, reason=EVIL)
        for trial in study.trials
    )
    spans = tuple(Span(trial.number, EVIL, 1.0, 2.0, trial.status) for trial in named)
    for drawing in drawn(replace(study, trials=named, parameters=(), spans=spans)).values():
        assert not list(drawing.iter("script"))
        assert "<script>" not in ET.tostring(drawing, encoding="unicode", method="html")


def test_each_mark_of_a_trial_names_it_and_says_what_it_is(results: Maker) -> None:
    for drawing in drawn(results(30)).values():
        for mark in drawing.iter():
            if mark.get("data-trial") and mark.get("class") != "area best ringed":
                title = mark.find("title")
                assert title is not None
                assert (title.text or "").startswith(f"trial {mark.get('data-trial')}")


def test_every_class_of_a_mark_has_a_rule(results: Maker) -> None:
    classes = {kind for drawing in drawn(results(60)).values() for mark in drawing.iter() for kind in kinds(mark)}
    for sheet in (page_style(), file_style()):
        assert {kind for kind in classes if f".{kind} " not in sheet and f".{kind}{{" not in sheet} == set()


def kinds(mark: ET.Element) -> list[str]:
    return mark.get("class", "").split()


def test_files_have_colours_where_a_page_has_variables() -> None:
    assert "var(" not in file_style()
    assert "var(--best)" in page_style()
    assert file_style() != file_style(dark=True)


def test_many_trials_are_thinned_and_it_is_told(results: Maker) -> None:
    study = results(1200, most=3)
    found, words = drawn(study), told(study)
    ranked = len(study.ranked)
    assert f"300 of {ranked:,} drawn, spread evenly over the ranking." in words["parallel_coordinates"]
    assert "300 of 1,200 drawn, spread evenly over the ranking." in words["learning_curves"]
    assert sum(len(ET.tostring(drawing)) for drawing in found.values()) < 2_000_000


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_ten_thousand_trials_of_thirty_epochs_are_drawn(results: Maker) -> None:
    found = drawn(results(10_000, most=30))
    assert sum(len(ET.tostring(drawing)) for drawing in found.values()) < 2_000_000


@pytest.mark.parametrize("count", [2, 11, 40, 300])
def test_no_words_lie_over_each_other(results: Maker, count: int) -> None:
    for name, drawing in drawn(results(count)).items():
        boxes = list(boxes_of(drawing))
        over = [(one[0], other[0]) for one, other in combinations(boxes, 2) if is_over(one[1:], other[1:])]
        assert over == [], name


def test_long_names_fit(results: Maker) -> None:
    long = "a_rather_long_name_of_a_parameter_" * 4
    study = results(30)
    trials = tuple(
        replace(trial, values={f"x.{long}{k}": f"{long}{trial.number % 7}" for k in range(9)}) for trial in study.trials
    )
    for name, drawing in drawn(replace(study, trials=trials, parameters=())).items():
        right = float(drawing.attrib["viewBox"].split()[2]) + 14
        for text, left, _, wide, _ in boxes_of(drawing):
            assert left >= -1, (name, text)
            assert left + wide <= right, (name, text)


def boxes_of(drawing: ET.Element) -> Iterator[tuple[str, float, float, float, float]]:
    """Each level text, and its left, top, width and height, as far as they can be estimated."""
    for mark in drawing.iter("text"):
        if mark.get("transform") or "halo" in kinds(mark):
            continue
        text = (mark.text or "") + "".join(child.tail or "" for child in mark)
        wide = width(text) * (1.1 if "name" in kinds(mark) else 1)
        shift = {"start": 0.0, "middle": 0.5, "end": 1.0}[mark.get("text-anchor", "start")]
        yield text, float(mark.get("x", 0)) - shift * wide, float(mark.get("y", 0)) - 9, wide, 10


def is_over(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    (x, y, w, h), (u, v, s, t) = one, other
    return x < u + s and u < x + w and y < v + t and v < y + h


def test_several_objectives_have_a_front(results: Maker) -> None:
    goals = (ACCURACY, Objective("parameters", "min"), Objective("latency", "min"))
    objectives = Objectives(goals, ACCURACY)
    study = results(40)
    trials = tuple(replace(trial, latency=0.001 * (trial.number % 7 + 1)) for trial in study.trials)
    judged = tuple(trial if trial.score is None else objectives.judged(trial) for trial in trials)
    found = drawn(replace(study, trials=judged, objectives=objectives))
    assert list(found)[2] == "pareto_front"
    titles = ["".join(mark.itertext()) for mark in found["pareto_front"].iter("text") if "name" in kinds(mark)]
    assert titles == ["val_accuracy", "parameters (weights)", "val_accuracy", "latency (ms for one image)"]


def test_a_run_without_a_space_and_a_log_has_charts(results: Maker, tmp_path: Path) -> None:
    (tmp_path / "resolved.yaml").write_text("version: 99\n")
    found = charts_of_run(RunFolder(tmp_path), results(20).trials, ACCURACY)
    assert [chart.name for chart in found if chart.name in ("devices", "best_by_time")] == []
    assert "slices" in [chart.name for chart in found]


def test_drawing_needs_no_slow_library() -> None:
    code = (
        "import sys; import cnnsearch.reports.charts.study, cnnsearch.reports.charts.files as f; f._fonts(); "
        "slow = {'optuna', 'keras', 'tensorflow', 'matplotlib', 'scipy', 'sklearn', 'resvg_py'} & set(sys.modules); "
        "sys.exit(', '.join(slow) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
