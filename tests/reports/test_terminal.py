"""What a person reads after a run."""

import io
import json
from collections.abc import Callable
from pathlib import Path

from rich.console import Console, RenderableType

from cnnsearch.reports.terminal import best, counts, failures, files, model_scores, summary
from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder

ACCURACY = Objective.of("val_accuracy")
Maker = Callable[..., TrialRecord]


def printed(renderable: RenderableType, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_markup_and_escapes_in_messages_stay_text(trial: Maker) -> None:
    text = printed(failures([trial(3, message="[red]boom[/red] \x1b[2J")])[0])
    assert text.strip() == r"Trial 3 failed: oom, [red]boom[/red] \x1b[2J"


def test_counts_name_every_status_and_why_trials_failed(trial: Maker) -> None:
    trials = [trial(0, [0.5]), trial(1), trial(2, reason="nan"), trial(3), trial(4, [0.2], status=Status.PRUNED)]
    assert counts(trials).plain == "5 trials: 1 completed, 1 pruned, 3 failed (2 oom, 1 nan)"
    assert counts([]).plain == "0 trials"


def test_the_best_trial_in_one_line(trial: Maker) -> None:
    assert best([trial(0, [0.5, 0.75, 0.7])], ACCURACY).plain == (
        "Best: trial 0, val_accuracy 0.7500 in epoch 2 (scratch, blocks 2)"
    )
    assert best([trial(0)], ACCURACY).plain == "No trial has a score yet."


def test_many_failures_are_counted_not_listed(trial: Maker) -> None:
    lines = failures([trial(k) for k in range(9)])
    assert len(lines) == 6
    assert lines[-1].plain == "4 more failed: trials.csv"


def test_only_files_that_exist_are_named(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.trials_table.touch()
    assert printed(files(run), width=400).split() == ["all", "trials", str(run.trials_table)]


def test_the_kept_model_has_its_scores_with_intervals(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert model_scores(run.best) == []
    run.best.path.mkdir()
    part = {"accuracy": 0.875, "interval": [0.8, 0.925], "images": 179}
    run.best.metrics.write_text(json.dumps({"validation": part, "test": None}))
    (validation,) = model_scores(run.best)
    assert validation.plain == (
        "Its model on the validation part: accuracy 0.8750 (95 %: 0.8000 to 0.9250, 179 images), "
        "which chose it: optimistic"
    )
    run.best.metrics.write_text(json.dumps({"validation": part, "test": part}))
    assert model_scores(run.best)[1].plain == (
        "Its model on the test part: accuracy 0.8750 (95 %: 0.8000 to 0.9250, 179 images)"
    )
    run.best.metrics.write_text("{")
    assert model_scores(run.best) == []


def test_a_model_of_another_trial_than_the_best_one_is_told_as_that_trials(tmp_path: Path, trial: Maker) -> None:
    run = RunFolder(tmp_path)
    run.best.path.mkdir()
    part = {"accuracy": 0.875, "interval": [0.8, 0.925], "images": 179}
    run.best.metrics.write_text(json.dumps({"trial": 0, "validation": None, "test": part}))
    trials = [trial(0, [0.5]), trial(1, [0.75])]
    assert "The model in best/, trial 0's, on the test part: accuracy 0.8750" in printed(summary(trials, ACCURACY, run))
    assert "Its model on the test part" in printed(summary(trials[:1], ACCURACY, run))


def test_the_summary_holds_all_of_it(tmp_path: Path, trial: Maker) -> None:
    text = printed(summary([trial(0, [0.5]), trial(1)], ACCURACY, RunFolder(tmp_path)))
    assert "2 trials: 1 completed, 1 failed (1 oom)" in text
    assert "Best: trial 0" in text
    assert "Trial 1 failed: oom" in text
