"""The page of all kinds of runs: it answers, whatever came of the search, and nothing on it runs."""

import csv
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cnnsearch.reports.page.facts import Facts
from cnnsearch.reports.page.page import report_page
from cnnsearch.reports.page.script import SCRIPT, allowed
from cnnsearch.reports.tables import write_trials_table
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, Status, TrialRecord
from tests.reports.page.conftest import ACCURACY, EVIL, ended
from tests.reports.page.reading import Page

Maker = Callable[..., Facts]
FORTY = [ended(number) for number in range(40)]
PART = {"accuracy": 0.8125, "interval": [0.5699, 0.9341], "images": 16, "loss": 0.5, "macro_f1": 0.8, "classes": {}}


def test_the_leaderboard_has_every_value_of_trials_csv(facts: Maker, tmp_path: Any) -> None:
    write_trials_table(tmp_path / "trials.csv", FORTY, ACCURACY)
    with (tmp_path / "trials.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    shown = Page(report_page(facts(FORTY))).rows
    assert len(shown) == len(table) == 40
    for row, line in zip(shown, table, strict=True):
        assert set(row) - {"rank"} == set(line)
        assert {name: "" if value is None else str(value) for name, value in row.items() if name != "rank"} == line


def test_inactive_parameters_are_blank(facts: Maker) -> None:
    row = Page(report_page(facts([ended(1)]))).data["rows"][0]
    columns = [name for name, _, _ in Page(report_page(facts([ended(0), ended(1)]))).data["columns"]]
    both = Page(report_page(facts([ended(0), ended(1)]))).data["rows"]
    sgd = columns.index("optimizer.sgd.learning_rate")
    assert sorted(line[sgd] is None for line in both) == [False, True]
    assert None not in row


def test_the_numbers_of_the_model_carry_their_exact_values(facts: Maker) -> None:
    page = report_page(facts(FORTY, metrics={"trial": 5, "validation": PART, "test": PART | {"accuracy": 0.78125}}))
    assert '<b data-value="0.78125">0.7812</b>accuracy on 16 test images' in page
    assert "0.7812 of 16 test images are right (95 % interval 0.5699 to 0.9341)" in Page(page).text


def test_what_comes_from_data_is_text(facts: Maker) -> None:
    trial = replace(ended(6), values={"optimizer": EVIL, f"head.{EVIL}": EVIL})
    counts = {EVIL: {"train": 3, "validation": 1, "test": 0}}
    dataset = {"source": EVIL, "images": 4, "classes": [EVIL], "counts": counts, "skipped": []}
    environment = {"command": ["cnnsearch", EVIL], "slots": [EVIL]}
    text = report_page(facts([trial, ended(1)], dataset=dataset, environment=environment, status={"reason": EVIL}))
    page = Page(text)
    assert page.tags["script"] == 2
    assert page.rows[-1]["optimizer"] == EVIL
    assert f"no memory for {EVIL}" in page.text


DATASET = {"source": "photos", "images": 4, "classes": ["cat"], "counts": {"cat": {"train": 4}}, "fingerprint": "f0"}


def doctors(**changes: Any) -> dict[str, Any]:
    """The doctor's file: two copies under two labels, the name of one of them hostile."""
    subjects = [
        {"name": name, "detail": "", "class": class_name, "part": None, "set": 0}
        for name, class_name in ((EVIL, "cat"), ("dog/a.jpg", "dog"))
    ]
    finding = {"kind": "two-labels", "severity": "warning", "subjects": subjects}
    return {"fingerprint": "f0", "version": 1, "findings": [finding], **changes}


def test_what_the_doctor_found_is_told_in_its_words(facts: Maker) -> None:
    page = Page(report_page(facts(FORTY, dataset=DATASET, doctor=doctors())))
    assert "Found: 1 warning." in page.texts
    assert "The same image under two labels " in page.texts
    assert "two-labels: 1 set, 2 files" in page.texts
    assert f"{EVIL}: cat = dog/a.jpg: dog" in page.texts
    assert "cnnsearch data doctor photos --html FILE shows pictures of all this." in page.texts
    assert page.tags["script"] == 2


def test_images_without_findings_are_healthy(facts: Maker) -> None:
    page = Page(report_page(facts(FORTY, dataset=DATASET, doctor=doctors(findings=[]))))
    assert "Healthy: no errors, no warnings." in page.texts


@pytest.mark.parametrize("files", [{}, {"doctor": doctors(fingerprint="f1")}])
def test_images_that_were_not_examined_are_told_to_be_so(facts: Maker, files: dict[str, Any]) -> None:
    text = Page(report_page(facts(FORTY, dataset=DATASET, **files))).text
    assert "The images themselves are not examined: cnnsearch data doctor photos does it." in text
    assert "1 classes are small or outnumbered" in text
    assert "two labels" not in text


def test_only_the_page_s_own_script_may_run(facts: Maker) -> None:
    text = report_page(facts(FORTY))
    (policy,) = re.findall(r'content="(default-src[^"]*)"', text)
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith(f"script-src {allowed()}")
    assert f"<script>{SCRIPT}</script>" in text
    assert re.findall(r"\son[a-z]+=", text) == []


def test_it_asks_no_other_place_for_anything(facts: Maker) -> None:
    text = report_page(facts(FORTY))
    assert [found for found in re.findall(r'(?:src|href)="([^"#][^"]*)"', text) if not found.startswith("data:")] == []


def test_every_part_is_reached_by_a_link(facts: Maker) -> None:
    text = report_page(facts(FORTY))
    assert set(re.findall(r'<a href="#([\w-]+)"', text)) <= set(re.findall(r'id="([\w-]+)"', text))


def test_a_run_in_which_everything_failed_says_why(facts: Maker) -> None:
    failed = [replace(ended(6), number=number) for number in range(3)]
    text = Page(report_page(facts(failed, status={"state": "failed", "reason": "every trial failed"}))).text
    assert "No trial has a score." in text
    assert "oom: 3 of 3 failed trials" in text
    assert "Memory was too small" in text
    assert "Ended before its time: every trial failed." in text


def test_a_single_trial_has_a_page(facts: Maker) -> None:
    text = Page(report_page(facts([ended(0)]))).text
    assert "Trial 0 won: val_accuracy 0.5000." in text
    assert "1 trial over 2 parameters, ranked by val_accuracy: 1 completed." in text


def test_a_run_without_trials_has_a_page(facts: Maker) -> None:
    text = Page(report_page(facts([], status={"state": "running", "trials": {"budget": 20}}))).text
    assert "No trial has a score yet." in text
    assert "0 trials of 20, ranked by val_accuracy" in text


def test_a_running_search_says_so_and_when_it_was_read(facts: Maker) -> None:
    running = TrialRecord(1, {"optimizer": "adam"}, Status.RUNNING)
    found = facts([ended(0), running], status={"state": "running", "updated": 1_800_000_000.0})
    text = Page(report_page(replace(found, now=1_800_000_060.0))).text
    assert "Trial 0 leads" in text
    assert "This search has not ended: the numbers are those of now." in text
    assert "last sign of life was on 2027-01-15 at 08:00 UTC. Written 2027-01-15 at 08:01 UTC." in text
    assert "1 running and 1 completed" in text


def test_a_killed_search_is_called_so(facts: Maker) -> None:
    gone = {"state": "running", "host": socket.gethostname(), "process": _ended_process(), "updated": 1_800_000_000.0}
    text = Page(report_page(facts([ended(0)], status=gone))).text
    assert "Trial 0 leads" in text
    assert "Killed: the same command goes on." in text
    assert "has not ended" not in text


def _ended_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_the_model_of_an_earlier_session_is_not_told_as_the_new_leaders(facts: Maker) -> None:
    part = {"accuracy": 0.8125, "interval": [0.7, 0.9], "images": 80}
    metrics = {"trial": 0, "validation": part, "test": part}
    trials = [ended(0), ended(7), ended(5)]  # the last one is the best
    page = Page(report_page(facts(trials, metrics=metrics, status={"state": "running"})))
    assert "Trial 5 leads" in page.text
    assert "best/ still has the model of trial 0" in page.text
    assert "of the test images right" not in page.text
    assert "Trial 0 won" in Page(report_page(facts(trials, metrics=metrics, status={"state": "finished"}))).text


def test_a_perfect_score_on_few_images_is_not_told_as_certain(facts: Maker) -> None:
    part = {"accuracy": 1.0, "interval": [0.963, 1.0], "images": 100}
    trials = [replace(ended(number), score=score) for number, score in [(0, 1.0), (1, 0.99), (3, 0.5)]]
    text = Page(report_page(facts(trials, metrics={"trial": 0, "validation": part}))).text
    assert "1 other trial is within the best one's 95 % interval on 100 images: at 0.9630 or above." in text


def test_200_classes_are_told_in_few_bars(facts: Maker) -> None:
    names = [f"class {number}" for number in range(200)]
    counts = {name: {"train": 20, "validation": 5, "test": 5} for name in names}
    dataset = {"source": "photos", "images": 6000, "classes": names, "counts": counts, "skipped": []}
    text = Page(report_page(facts([ended(0)], dataset=dataset))).text
    assert "6,000 of 200 classes" in text
    assert "and 160 more classes" in text


def test_images_that_lie_in_two_parts_are_noticed(facts: Maker) -> None:
    files = {"train": {"cat": {"a.jpg": "77", "b.jpg": "78"}}, "test": {"cat": {"c.jpg": "77"}}}
    counts = {"cat": {"train": 2, "validation": 0, "test": 1}}
    dataset = {"images": 3, "counts": counts, "skipped": [{"name": "x.jpg", "reason": "empty"}], "files": files}
    text = Page(report_page(facts([ended(0)], dataset=dataset))).text
    assert "1 images lie in several parts, byte for byte a.jpg (train) = c.jpg (test)" in text
    assert "x.jpg: empty" in text


def test_several_objectives_show_their_values_and_the_front(facts: Maker) -> None:
    both = Objectives((ACCURACY, Objective("parameters", "min")), ACCURACY)
    trials = [replace(each, objective_values=both.values(each)) for each in FORTY]
    page = Page(report_page(facts(trials, both)))
    assert "ranked by val_accuracy and parameters (less is better)" in page.text
    assert {row["front"] for row in page.rows if row["rank"]} == {0, 1}


@pytest.mark.parametrize("name", ["metrics", "status", "dataset", "environment"])
@pytest.mark.parametrize("content", [[], {"trials": 3, "counts": 7, "test": {"accuracy": 1}, "seconds": "x"}, "text"])
def test_a_damaged_file_costs_its_part_alone(facts: Maker, name: str, content: object) -> None:
    assert "Leaderboard" in Page(report_page(facts(FORTY, **{name: content}))).text
