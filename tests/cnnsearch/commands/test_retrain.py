"""`cnnsearch retrain`: the search's best score comes back, to the last digit."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.commands.retrain import retrain, source_of
from cnnsearch.search.model_label import ModelLabel
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_status import trained_contents
from cnnsearch.search.study.reading import read_trials
from cnnsearch.spaces.errors import CnnSearchError
from tests.cnnsearch.command_line import TINY, CommandLine

RUN = Path("runs/tiny-001")


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return found


def test_retraining_a_run_gives_the_searchs_score_exactly(searched: CommandLine) -> None:
    printed = searched.good("retrain", str(RUN))
    best, again = searched.folder / RUN / "best", searched.folder / RUN / "retrained-001"
    assert re.search(r"^val_accuracy: search (0\.\d{4}), retrained \1, gap \+0\.0000$", printed, re.MULTILINE)
    assert re.search(r"^test accuracy: search (\d\.\d{4}), retrained \1, gap \+0\.0000$", printed, re.MULTILINE)
    assert (again / "predictions.csv").read_text() == (best / "predictions.csv").read_text()
    assert metrics(again)["test"] == metrics(best)["test"]
    assert (metrics(best)["searched"], metrics(again)["searched"]) == (None, metrics(best)["score"])
    assert {path.name for path in best.iterdir()} <= {path.name for path in again.iterdir()}
    assert f"model folder: {RUN}/retrained-001" in printed


def test_full_trains_on_validation_images_too_and_ends_at_the_best_epoch(searched: CommandLine) -> None:
    printed = searched.good("retrain", str(RUN), "--full", "--out", "elsewhere/full")
    folder = searched.folder / "elsewhere/full"
    epochs = re.findall(r"^epoch +\d+ .*$", printed, re.MULTILINE)
    winner = metrics(searched.folder / RUN / "best")["trial"]
    trials = {trial.number: trial for trial in read_trials(RunFolder(searched.folder / RUN))}
    assert len(epochs) == trials[winner].best_epoch
    assert not any("val_" in line for line in epochs)
    assert "training runs/tiny-001/best/config.yaml on train and validation images" in printed
    assert "test accuracy: search" in printed
    parts = {line.split(",")[0] for line in (folder / "predictions.csv").read_text().splitlines()[1:]}
    assert parts == {"test"}
    searched_score = metrics(searched.folder / RUN / "best")["score"]
    assert (metrics(folder)["score"], metrics(folder)["searched"]) == (None, searched_score)
    assert "Its training reached" not in (folder / "README.md").read_text()
    assert json.loads((folder / "classes.json").read_text())["data"]["parts"] == ["train", "validation"]
    counts = json.loads((searched.folder / RUN / "dataset.json").read_text())["counts"]
    known = sum(parts["train"] + parts["validation"] for parts in counts.values())
    assert 0.9 * known < len(trained_contents(ModelFolder(folder))) <= known  # two images may be alike


def test_a_configuration_outside_of_a_run_has_no_score_to_compare_with(searched: CommandLine) -> None:
    shutil.copyfile(searched.folder / RUN / "best/config.yaml", searched.folder / "mine.yaml")
    printed = searched.good("retrain", "mine.yaml", "--epochs", "1")
    assert re.search(r"^val_accuracy: \d\.\d{4} \(no score of a search to compare with\)$", printed, re.MULTILINE)
    assert len(re.findall(r"^epoch ", printed, re.MULTILINE)) == 1
    assert (searched.folder / "runs/mine-retrained-001/model.keras").is_file()


def test_a_model_whose_damaged_scores_tell_no_origin_is_trained_again_all_the_same(searched: CommandLine) -> None:
    damaged = searched.folder / "damaged"
    shutil.copytree(searched.folder / RUN / "best", damaged)
    (damaged / "metrics.json").write_text(json.dumps(metrics(damaged) | {"phases": 7}), encoding="utf-8")
    printed = searched.good("retrain", "damaged", "--out", "mended")
    assert "model folder: mended" in printed
    assert metrics(searched.folder / "mended")["trial"] is None


def test_the_model_knows_how_its_images_were_brought_to_size(searched: CommandLine) -> None:
    text = (searched.folder / RUN / "best/config.yaml").read_text(encoding="utf-8")
    (searched.folder / "cut.yaml").write_text(text.replace("resize: stretch", "resize: crop"), encoding="utf-8")
    searched.good("retrain", "cut.yaml", "--epochs", "1")
    models = (searched.folder / RUN / "best", searched.folder / "runs/cut-retrained-001")
    assert [ModelLabel.read(model / "classes.json").resize for model in models] == ["stretch", "crop"]


def test_a_folder_that_is_no_model_and_one_that_does_not_exist_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"must lie here, got a folder without\. Name a run"):
        source_of(tmp_path)
    with pytest.raises(CnnSearchError, match=r"none: a run, .* must lie here, got nothing there"):
        source_of(tmp_path / "none")


def test_a_model_folder_that_one_stands_in_is_no_place_for_the_next(
    searched: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(searched.folder / RUN / "best")
    assert source_of(Path("config.yaml")).folder == (searched.folder / RUN).resolve()
    assert source_of(Path()).folder == (searched.folder / RUN).resolve()


def test_a_run_of_a_study_elsewhere_is_a_run(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(CnnSearchError, match="must have a best model, got none yet"):
        source_of(tmp_path)


def test_a_run_without_a_best_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "study.db").touch()
    with pytest.raises(CnnSearchError, match=r"must have a best model, got none yet\. Let it finish"):
        source_of(tmp_path)


def test_a_space_that_searches_is_refused(tmp_path: Path) -> None:
    space = tmp_path / "tiny.yaml"
    space.write_text(TINY)
    message = r"retraining takes a configuration, .* got a space that searches 6 \(model\.scratch\.blocks, .*--set"
    with pytest.raises(CnnSearchError, match=message):
        retrain(space, [], full=False, out=None)


@pytest.fixture
def fixed(tmp_path: Path) -> Path:
    config = tmp_path / "fixed.yaml"
    config.write_text('data: {source: "sample:digits"}\nmodel: {scratch: {blocks: 1}}\n')
    return config


def test_an_existing_folder_is_not_written_over(fixed: Path, tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"--out names a folder that is made anew, got one that exists"):
        retrain(fixed, [], full=False, out=tmp_path)


def test_a_place_that_cannot_be_written_is_refused_before_the_training(
    fixed: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CnnSearchError, match=r"file/x: the new model's folder must be writable, got .*--out"):
        retrain(fixed, [], full=False, out=tmp_path / "file/x")
    assert "epoch" not in capfd.readouterr().out
