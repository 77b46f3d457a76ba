"""A model's report: metrics.json, confusion_matrix.png, errors.csv."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnsearch.reports.model.confusion import confusion_counts, write_confusion_matrix
from cnnsearch.reports.predictions import Predictions, read_predictions
from cnnsearch.reports.write import write_model_report, write_run_tables
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.spaces.errors import CnnSearchError

ACCURACY = Objective.of("val_accuracy")
ROWS = [
    ("validation", "a.png", "cat", "cat", 0.8, 0.2),
    ("validation", "b.png", "cat", "dog", 0.4, 0.6),
    ("test", "c.png", "dog", "cat", 0.9, 0.1),
    ("test", "=d.png", "dog", "dog", 0.3, 0.7),
]
Maker = Callable[..., ModelFolder]


def predictions(classes: int, images: int = 400, part: str = "test") -> Predictions:
    draw = np.random.default_rng(1)
    labels = draw.integers(0, classes, images)
    predicted = np.where(draw.random(images) < 0.8, labels, draw.integers(0, classes, images))
    names = tuple(f"class number {k}" for k in range(classes))
    return Predictions(
        names, (part,) * images, ("x",) * images, labels, predicted, np.full((images, classes), 1 / classes)
    )


def test_metrics_json(model_folder: Maker) -> None:
    folder = model_folder(["cat", "dog"], ROWS)
    described = json.loads(folder.classes.read_text())
    origin = {"trial": 7, "epoch": 3, "objective": "val_accuracy", "score": 0.75}
    folder.classes.write_text(json.dumps(described | {"origin": origin}))
    write_model_report(folder)
    metrics = json.loads(folder.metrics.read_text())
    assert {key: metrics[key] for key in origin} == origin
    assert (metrics["validation"]["accuracy"], metrics["validation"]["images"]) == (0.5, 2)
    assert (metrics["test"]["accuracy"], metrics["test"]["images"]) == (0.5, 2)
    low, high = metrics["test"]["interval"]
    assert low < 0.5 < high


def test_a_model_without_search_and_without_test_part(model_folder: Maker) -> None:
    folder = model_folder(["cat", "dog"], ROWS[:2])
    write_model_report(folder)
    metrics = json.loads(folder.metrics.read_text())
    assert (metrics["trial"], metrics["objective"], metrics["score"], metrics["test"]) == (None, None, None, None)


def test_errors_are_listed_the_most_confident_first(model_folder: Maker) -> None:
    folder = model_folder(["cat", "dog"], [*ROWS, ("test", "=e.png", "cat", "dog", 0.05, 0.95)])
    write_model_report(folder)
    with (folder.path / "errors.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == ["'=e.png", "c.png", "b.png"]
    assert rows[1] == {
        "part": "test",
        "image": "c.png",
        "label": "dog",
        "predicted": "cat",
        "probability": "0.9",
        "label_probability": "0.1",
    }


def test_without_predictions_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(CnnSearchError, match=r"classes\.json: .* got no file"):
        write_model_report(ModelFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_counts_have_true_classes_in_rows(model_folder: Maker) -> None:
    counts = confusion_counts(read_predictions(model_folder(["cat", "dog"], ROWS)))
    assert counts.tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_picture_has_room_for_any_number_of_classes(tmp_path: Path, classes: int) -> None:
    write_confusion_matrix(tmp_path / "matrix.png", predictions(classes))
    with Image.open(tmp_path / "matrix.png") as picture:
        assert picture.format == "PNG"
        assert picture.width == 1504
        assert picture.height > classes * 6


def test_class_names_are_never_taken_for_formulas(tmp_path: Path) -> None:
    rows = predictions(2)
    odd = Predictions(
        ("$\\frac{", "名\x1b[31m$"), rows.parts, rows.images, rows.labels, rows.predicted, rows.probabilities
    )
    write_confusion_matrix(tmp_path / "matrix.png", odd)
    assert (tmp_path / "matrix.png").stat().st_size > 1000


def test_without_images_an_old_picture_goes_away(tmp_path: Path) -> None:
    (tmp_path / "matrix.png").touch()
    write_confusion_matrix(tmp_path / "matrix.png", predictions(2, part="train"))
    assert not (tmp_path / "matrix.png").exists()


def test_run_tables(tmp_path: Path, trial: Callable[..., TrialRecord]) -> None:
    run = RunFolder(tmp_path)
    write_run_tables(run, [trial(0, [0.5, 0.6])], ACCURACY)
    assert len(run.trials_table.read_text().splitlines()) == 2
    assert len(run.history_table.read_text().splitlines()) == 3
