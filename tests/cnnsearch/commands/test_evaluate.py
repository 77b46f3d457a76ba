"""`evaluate` with a real model: the right numbers, classes by name, and what makes scores too good is told."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.commands.evaluate import evaluate
from cnnsearch.search.dataset.cache.naming import content_hash
from cnnsearch.spaces.errors import CnnSearchError
from tests.cnnsearch.commands.brightness import brightness_model, photo


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return brightness_model(tmp_path_factory.mktemp("evaluate") / "run" / "best")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five photos, of which the model takes one for the other class; the folders' order is not the outputs'."""
    for name, levels in (("dark", (0, 20, 250)), ("bright", (200, 255))):
        for k, level in enumerate(levels):
            photo(tmp_path / "data" / name / f"{k}.png", level)
    return tmp_path / "data"


def told(model: Path, data: str, capsys: pytest.CaptureFixture[str], part: str | None = None) -> dict:
    evaluate(model, data, part=part, as_json=True)
    return json.loads(capsys.readouterr().out)


def test_classes_are_matched_by_name(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(model, str(data), capsys)
    assert (found["accuracy"], found["images"], found["skipped"]) == (0.8, 5, 0)
    assert found["interval"][0] < 0.8 < found["interval"][1]
    assert found["class_names"] == ["dark", "bright"]
    assert found["confusion"] == [[2, 1], [0, 2]]
    assert found["classes"]["dark"] == {"precision": 1.0, "recall": 2 / 3, "f1": 0.8, "images": 3}


def test_tables_for_people(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(model, str(data))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("accuracy 0.8000 (95 %: 0.3755 to 0.9638), 5 images")
    assert [line.split() for line in lines if line.startswith("dark")] == [
        ["dark", "1.0000", "0.6667", "0.8000", "3"],
        ["dark", "2", "1"],
    ]


def test_any_kind_of_source_is_taken(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = np.stack([np.full((6, 8, 3), level, np.uint8) for level in (0, 255, 10)])
    labels = np.array(["dark", "bright", "bright"])
    np.savez(tmp_path / "d.npz", images=images, labels=labels)
    assert told(model, str(tmp_path / "d.npz"), capsys)["accuracy"] == pytest.approx(2 / 3)


def test_an_unknown_class_is_named(model: Path, data: Path) -> None:
    photo(data / "brigth" / "1.png", 255)
    with pytest.raises(
        CnnSearchError,
        match=r"the model must know every class of the images, got 'brigth'; it knows 'bright', 'dark'\. "
        r"Did you mean `bright`\?",
    ):
        evaluate(model, str(data))


def test_an_unreadable_photo_is_told_and_left_out(model: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "dark" / "2.png").write_bytes(b"")
    evaluate(model, str(data), as_json=True)
    out, err = capsys.readouterr()
    assert (json.loads(out)["accuracy"], json.loads(out)["skipped"]) == (1.0, 1)
    assert "warning: dark/2.png is empty: skipped" in err


def test_one_part_of_a_source_with_folders_of_its_own(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "parts.zip", "w") as archive:
        for part, level in (("train", 250), ("test", 3)):
            for name in ("dark", "bright"):
                archive.write(photo(tmp_path / f"{level}.png", level), f"{part}/{name}/1.png")
    assert told(model, str(tmp_path / "parts.zip"), capsys, "test")["confusion"] == [[1, 0], [1, 0]]
    evaluate(model, str(tmp_path / "parts.zip"), as_json=True)
    assert "these are the images of test and train together; --part test" in capsys.readouterr().err
    with pytest.raises(CnnSearchError, match="must make the part validation, got test, train"):
        evaluate(model, str(tmp_path / "parts.zip"), part="validation")
    with pytest.raises(CnnSearchError, match="--part: it is one of train, validation, test, got 'tset'"):
        evaluate(model, str(tmp_path / "parts.zip"), part="tset")


@pytest.mark.parametrize("beside", [False, True])
def test_images_of_the_training_are_counted(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str], beside: bool
) -> None:
    best = brightness_model(tmp_path / "run" / "best")
    described = json.loads((best / "classes.json").read_text()) | {"data": {"stamp": "f1-6x8x3-stretch"}}
    (best / "classes.json").write_text(json.dumps(described))
    known = {path.name: content_hash(path.read_bytes()) for path in (data / "dark").iterdir()}
    summary = {"fingerprint": "f1", "files": {"train": {"dark": known}}}
    ((best if beside else best.parent) / "dataset.json").write_text(json.dumps(summary))
    if beside:  # of a retraining, whose run has other images
        (best.parent / "dataset.json").write_text(json.dumps({"fingerprint": "f2", "files": {}}))
    evaluate(best, str(data), as_json=True)
    out, err = capsys.readouterr()
    assert json.loads(out)["trained_on"] == 3
    assert "the model was trained on 3 of these 5 images: the scores are too good" in err
