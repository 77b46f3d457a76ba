"""Predictions are read back as they were written, and damage has a message."""

from collections.abc import Callable

import pytest

from cnnsearch.reports.predictions import read_predictions
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.errors import CnnSearchError

Maker = Callable[..., ModelFolder]


def test_parts_labels_and_probabilities(model_folder: Maker) -> None:
    rows = [
        ("validation", "a.png", "cat", "dog", 0.25, 0.75),
        ("test", "b.png", "dog", "dog", 0.5, 0.5),
    ]
    predictions = read_predictions(model_folder(["cat", "dog"], rows))
    assert predictions.classes == ("cat", "dog")
    assert predictions.labels.tolist() == [0, 1]
    assert predictions.predicted.tolist() == [1, 1]
    test = predictions.of("test")
    assert (test.images, test.probabilities.tolist(), len(test)) == (("b.png",), [[0.5, 0.5]], 1)
    assert len(predictions.of("train")) == 0


def test_a_table_without_images_is_empty(model_folder: Maker) -> None:
    assert read_predictions(model_folder(["cat", "dog"], [])).probabilities.shape == (0, 2)


def test_class_names_that_were_made_inert_are_known(model_folder: Maker) -> None:
    predictions = read_predictions(model_folder(["=a", "b"], [("test", "x", "'=a", "=a", 1, 0)]))
    assert (predictions.labels.tolist(), predictions.predicted.tolist()) == ([0], [0])


@pytest.mark.parametrize(
    ("row", "got"),
    [
        (("test", "x", "cow", "cat", 1, 0), "the unknown class 'cow'"),
        (("test", "x", "cat", "cat", "nan", 0), "a probability that is no number"),
        (("test", "x", "cat", "cat", "much", 0), "could not convert string to float: 'much'"),
        (("test", "x", "cat"), "unknown class None"),
    ],
)
def test_damage_is_named(model_folder: Maker, row: tuple[object, ...], got: str) -> None:
    folder = model_folder(["cat", "dog"], [row])
    with pytest.raises(CnnSearchError, match=rf"predictions\.csv: a table with the columns .*, got .*{got}.*retrain"):
        read_predictions(folder)


def test_other_columns_are_refused(model_folder: Maker) -> None:
    folder = model_folder(["cat", "dog"], [])
    folder.predictions.write_text("image,label\n")
    with pytest.raises(CnnSearchError, match="got the columns image,label"):
        read_predictions(folder)


def test_absent_files_are_named(model_folder: Maker) -> None:
    folder = model_folder(["cat", "dog"], [])
    folder.predictions.unlink()
    with pytest.raises(CnnSearchError, match=r"predictions\.csv: .* got no file"):
        read_predictions(folder)
