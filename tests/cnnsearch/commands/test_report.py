"""`report`: rewriting a run's files, and refusing what is no run."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from cnnsearch.commands.report import report
from cnnsearch.reports.run_report import write_run_report
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.search.writing import UnwritableFile

ACCURACY = Objective.of("val_accuracy")


def scored(number: int, score: float) -> TrialRecord:
    epochs = (Epoch(1, {"val_accuracy": score}, 1.0),)
    return TrialRecord(number, {}, Status.COMPLETED, score=score, best_epoch=1, epochs=epochs)


def with_best(path: Path) -> RunFolder:
    run = RunFolder(path)
    run.best.path.mkdir(parents=True)
    origin = {"trial": 0, "epoch": 1, "objective": "val_accuracy", "score": 0.4}
    run.best.classes.write_text(json.dumps({"classes": ["a", "b"], "shape": [8, 8, 3], "origin": origin}))
    run.best.predictions.write_text("part,image,label,predicted,p:a,p:b\nvalidation,x.png,a,a,0.9,0.1\n")
    return run


def test_tables_and_best_scores_are_written_anew(tmp_path: Path) -> None:
    run = with_best(tmp_path)
    write_run_report(run, [scored(0, 0.4), scored(1, 0.6)], ACCURACY)
    assert run.trials_table.read_text().splitlines()[1].startswith("1,completed")
    assert len(run.history_table.read_text().splitlines()) == 3
    metrics = json.loads(run.best.metrics.read_text())
    assert metrics["validation"]["accuracy"] == 1.0
    assert run.best.confusion_matrix.is_file()


def test_a_best_model_keeps_its_trial_though_a_better_one_has_ended(tmp_path: Path) -> None:
    run = with_best(tmp_path)
    write_run_report(run, [scored(0, 0.4), scored(1, 0.6)], ACCURACY)
    metrics = json.loads(run.best.metrics.read_text())
    assert (metrics["trial"], metrics["score"]) == (0, 0.4)


def test_a_run_without_any_model_has_its_tables(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_run_report(run, [TrialRecord(0, {}, Status.FAILED, "oom")], ACCURACY)
    assert run.trials_table.is_file()
    assert not run.best.path.exists()


def test_a_real_study_is_ranked_and_printed(tmp_path: Path) -> None:
    run = with_best(tmp_path / "basic-001")
    study = TrialStudy.open(open_storage(sqlite_url(run.study)), ACCURACY)
    for accuracy in (0.25, 0.75):
        number = study.begin()
        study.report(number, Epoch(1, {"val_accuracy": accuracy}, 1.5))
        study.tell(TrialRecord(number, {}, Status.COMPLETED, best_epoch=1, score=accuracy, seconds=2.0, parameters=10))
    failed = study.begin()
    study.tell(TrialRecord(failed, {}, Status.FAILED, "oom", "[bold]no memory"))
    console = Console(file=io.StringIO(), width=120)
    report(run.path, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "3 trials by val_accuracy" in printed
    assert "3 trials: 2 completed, 1 failed (1 oom)" in printed
    assert "Trial 2 failed: oom, [bold]no memory" in printed
    assert [line.split(",")[0] for line in run.trials_table.read_text().splitlines()] == ["trial", "1", "0", "2"]
    assert json.loads(run.best.metrics.read_text())["trial"] == 0


def test_a_damaged_best_model_costs_its_own_scores_alone(tmp_path: Path) -> None:
    run = with_best(tmp_path)
    run.best.predictions.write_text("part,image\n")
    (warning,) = write_run_report(run, [scored(0, 0.4)], ACCURACY)
    assert "predictions.csv: a table with the columns" in warning
    assert run.page.is_file()
    assert run.trials_table.is_file()


def test_where_nothing_can_be_written_the_ranking_is_told_all_the_same(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "basic-001")
    run.page.mkdir(parents=True)  # a place that cannot be replaced, for root neither
    study = TrialStudy.open(open_storage(sqlite_url(run.study)), ACCURACY)
    number = study.begin()
    study.report(number, Epoch(1, {"val_accuracy": 0.75}, 1.0))
    study.tell(replace(scored(number, 0.75), seconds=2.0))
    console = Console(file=io.StringIO(), width=120)
    with pytest.raises(UnwritableFile, match=r"report\.html: this file must be writable"):
        report(run.path, console)
    assert "Best: trial 0, val_accuracy 0.7500" in console.file.getvalue()  # type: ignore[attr-defined]


def test_reporting_never_imports_tensorflow(tmp_path: Path) -> None:
    with_best(tmp_path / "run")
    script = (
        "import sys; from pathlib import Path\n"
        "from cnnsearch.commands import report, predict, board\n"
        "from cnnsearch.reports.run_report import write_run_report\n"
        "from cnnsearch.search.records import Objective\n"
        "from cnnsearch.search.run_folder import RunFolder\n"
        "write_run_report(RunFolder(Path(sys.argv[1])), [], Objective.of('val_loss'))\n"
        "sys.exit(', '.join({'tensorflow', 'keras', 'torch', 'jax'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run")], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "run" / "best" / "metrics.json").is_file()
