"""`submit` with real models: every id has a row, the bound is told, and several models are averaged."""

import csv
import zipfile
from pathlib import Path

import pytest

from cnnsearch.commands.submit import submit
from cnnsearch.spaces.errors import CnnSearchError
from tests.cnnsearch.command_line import CommandLine
from tests.cnnsearch.commands.brightness import brightness_model, photo


@pytest.fixture
def test_images(tmp_path: Path) -> Path:
    for number, level in ((2, 0), (10, 255), (1, 128)):
        photo(tmp_path / "test" / f"{number}.png", level)
    return tmp_path / "test"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_image_has_a_row_whatever_it_is(
    test_images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (test_images / "3.png").write_bytes(b"")
    submit(brightness_model(tmp_path / "best"), test_images, tmp_path / "s.csv")
    found = rows(tmp_path / "s.csv")
    assert [row["id"] for row in found] == ["1", "2", "3", "10"]
    assert float(found[1]["label"]) < 0.01
    assert found[2]["label"] == "0.5"
    out, err = capsys.readouterr()
    assert "3.png is empty: it has even chances" in err
    assert "probabilities are as the model gives them: no predictions of images of known class" in out
    assert "id, label (the probability of bright; --label names the other class)" in out


def test_known_images_bound_the_probabilities(
    test_images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = brightness_model(tmp_path / "best")
    lines = [f"test,{k}.png,dark,dark,1.0,0.0" for k in range(48)]
    (best / "predictions.csv").write_text("\n".join(["part,image,label,predicted,p:dark,p:bright", *lines, ""]))
    submit(best, test_images, tmp_path / "s.csv")
    labels = {row["id"]: float(row["label"]) for row in rows(tmp_path / "s.csv")}
    assert labels["2"] == pytest.approx(0.02, rel=0.05)
    assert labels["10"] == pytest.approx(0.98, rel=0.01)
    assert "by Laplace's rule" in capsys.readouterr().out


def test_the_label_is_of_the_class_that_is_named(
    test_images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(brightness_model(tmp_path / "best"), test_images, tmp_path / "s.csv", label="dark")
    assert [float(row["label"]) > 0.9 for row in rows(tmp_path / "s.csv")] == [False, True, False]
    assert "id, label (the probability of dark; " in capsys.readouterr().out


def test_a_class_that_the_model_does_not_know_is_refused(test_images: Path, tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"--label: it is one of the model's classes, got 'brigth'\. Did you mean"):
        submit(brightness_model(tmp_path / "best"), test_images, tmp_path / "s.csv", label="brigth")


def test_of_kaggle_s_download_the_test_archive_is_taken(
    test_images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("test1.zip", "train.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for image in test_images.iterdir():
                archive.write(image, f"{name.removesuffix('.zip')}/{image.name}")
    with zipfile.ZipFile(tmp_path / "download.zip", "w") as archive:
        archive.write(tmp_path / "test1.zip", "test1.zip")
        archive.write(tmp_path / "train.zip", "train.zip")
        archive.writestr("sampleSubmission.csv", "id,label\n")
    submit(brightness_model(tmp_path / "best"), tmp_path / "download.zip", tmp_path / "s.csv")
    assert [row["id"] for row in rows(tmp_path / "s.csv")] == ["1", "2", "10"]
    assert f"images: {tmp_path}/download.zip/test1.zip\n" in capsys.readouterr().out


def test_several_models_lie_in_a_run(test_images: Path, tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"--ensemble: several models are a run's best ones, got .*model\.keras"):
        submit(brightness_model(tmp_path / "best"), test_images, tmp_path / "s.csv", 3)


def test_the_best_models_that_are_kept_are_averaged(searched: CommandLine, test_images: Path) -> None:
    told = searched.good("submit", "runs/tiny-001", str(test_images), "--ensemble", "9", "--out", "s.csv")
    assert told.startswith("the mean of best/model.keras, trial ")
    assert "the run has kept no more than 3 (keep.checkpoints)" in told
    found = rows(searched.folder / "s.csv")
    assert list(found[0]) == ["id", *"0123456789"]
    assert sum(float(found[0][name]) for name in "0123456789") == pytest.approx(1)
