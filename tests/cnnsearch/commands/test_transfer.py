"""Transfer learning from the command line: a search with two phases on kept features, in two views, and after it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.search.records import PHASE
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.reading import read_trials
from tests.cnnsearch.command_line import CommandLine

TUNED = """\
data: {source: "sample:digits", image_size: [32, 32]}
augment: {horizontal_flip: true}
model:
  mobilenet:
    alpha: 0.25
    weights: null
    fine_tune: {choice: {none: null, deep: {epochs: 2, trainable_from: conv_pw_13, learning_rate: 0.001}}, prior: deep}
head: {pooling: average, dense: [{units: {choice: [8, 16]}}]}
training: {epochs: 2, batch_size: 64}
evaluation: {flip: true}
search: {trials: 2, pruner: none, seed: 3}
"""
RUN = Path("runs/tuned-001")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, str]:
    """A finished search, and what it printed."""
    line = CommandLine(tmp_path_factory.mktemp("tuned"), {"CNNSEARCH_CACHE": str(tmp_path_factory.mktemp("cache"))})
    (line.folder / "tuned.yaml").write_text(TUNED)
    return line, line.good("run", "tuned.yaml")


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def test_features_are_told_of_once_for_all_trials(tuned: tuple[CommandLine, str]) -> None:
    _, printed = tuned
    told = re.findall(r"^feature cache: .*$", printed, re.MULTILINE)
    assert [re.sub(r" in /.* for", " for", text).partition(" (")[0] for text in told] == [
        "feature cache: 3.32 MB for mobilenet pooling, 32x32, 1,621 images in 2 views",
        "feature cache: 3.32 MB for mobilenet conv_dw_13_relu, 32x32, 1,621 images in 2 views",
    ]


def test_the_second_phase_goes_on_counting_epochs(tuned: tuple[CommandLine, str]) -> None:
    line, _ = tuned
    trials = read_trials(RunFolder(line.folder / RUN))
    deep = next(trial for trial in trials if trial.values["model.mobilenet.fine_tune"] == "deep")
    assert [(epoch.number, epoch.metrics[PHASE]) for epoch in deep.epochs] == [(1, 1), (2, 1), (3, 2), (4, 2)]


def test_retraining_gives_the_searchs_score_exactly(tuned: tuple[CommandLine, str]) -> None:
    line, _ = tuned
    printed = line.good("retrain", str(RUN))
    assert re.search(r"^val_accuracy: search (0\.\d{4}), retrained \1, gap \+0\.0000$", printed, re.MULTILINE)
    assert re.search(r"^test accuracy: search (\d\.\d{4}), retrained \1, gap \+0\.0000$", printed, re.MULTILINE)


def test_full_trains_each_phase_to_where_it_was_best(tuned: tuple[CommandLine, str]) -> None:
    line, _ = tuned
    printed = line.good("retrain", str(RUN), "--full", "--out", "full")
    best = metrics(line.folder / RUN / "best")
    epochs = re.findall(r"^(?:phase (\d)  )?epoch", printed, re.MULTILINE)
    expected = best["phases"] or [best["epoch"]]
    assert len(epochs) == sum(expected)
    assert epochs.count("2") == [*expected, 0][1]


def test_predicting_looks_at_the_same_views(tuned: tuple[CommandLine, str]) -> None:
    line, _ = tuned
    best = line.folder / RUN / "best"
    assert metrics(best)["validation"]["accuracy"] == pytest.approx(metrics(best)["score"], abs=1e-6)
