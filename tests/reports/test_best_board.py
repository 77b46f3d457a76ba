"""The best model in TensorBoard, from the files beside it, as TensorBoard's own reader has it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

from cnnsearch.reports.best_board import layers_text, log_best_model
from cnnsearch.search.run_folder import RunFolder

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:tensorflow", "ignore::DeprecationWarning:tensorboard"
)
LAYERS = {
    "input": [8, 8, 1],
    "parameters": 1234,
    "trainable": 1000,
    "layers": [
        {
            "name": "conv<1>",
            "type": "Conv2D",
            "output": [8, 8, 4],
            "parameters": 1234,
            "trainable": 1000,
            "settings": {"kernel_size": [3, 3]},
        }
    ],
}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with logs and a best model."""
    run = RunFolder(tmp_path)
    run.tensorboard.mkdir()
    run.best.gallery.mkdir(parents=True)
    run.best.classes.write_text("{}")
    run.best.metrics.write_text(json.dumps({"validation": None, "test": {"accuracy": 0.75, "loss": 0.5}}))
    run.best.architecture.write_text(json.dumps(LAYERS))
    Image.new("RGB", (12, 9)).save(run.best.confusion_matrix)
    Image.new("RGB", (16, 10)).save(run.best.gallery / "wrong-01.jpg")
    photo = {"file": "wrong-01.jpg", "image": "a*b.jpg", "label": "cat", "predicted": "dog", "probability": 0.875}
    absent = {**photo, "file": "../../absent.jpg"}
    (run.best.gallery / "gallery.json").write_text(json.dumps({"wrong": [photo, absent]}))
    return run


def logged(run: RunFolder) -> dict[str, Any]:
    (path,) = (run.tensorboard / "best").glob("events.out.tfevents.*")
    return {value.tag: value for event in LegacyEventFileLoader(str(path)).Load() for value in event.summary.value}


def test_scores_pictures_and_layers_are_logged(run: RunFolder) -> None:
    log_best_model(run)
    found = logged(run)
    assert set(found) == {
        *("model/layers", "model/test_accuracy", "model/test_loss", "model/confusion_matrix", "model/wrong")
    }
    assert found["model/test_accuracy"].simple_value == 0.75
    width, height, content = found["model/confusion_matrix"].tensor.string_val
    assert (width, height, content) == (b"12", b"9", run.best.confusion_matrix.read_bytes())
    assert found["model/wrong"].metadata.summary_description.count("cat taken for dog (0.88)") == 2
    assert len(found["model/wrong"].tensor.string_val) == 3  # the one that is absent is left out


def test_names_stay_text(run: RunFolder) -> None:
    assert r"| conv\<1\> | Conv2D (kernel\_size 3 x 3) | 8 x 8 x 4 | 1,234 | 1,000 |" in layers_text(LAYERS)


def test_it_is_written_once_for_each_model(run: RunFolder) -> None:
    log_best_model(run)
    (before,) = (run.tensorboard / "best").glob("events.out.tfevents.*")
    log_best_model(run)
    assert before.is_file()
    later = before.stat().st_mtime + 10
    os.utime(run.best.classes, (later, later))
    log_best_model(run)
    assert not before.is_file()


def test_embeddings_go_where_the_projector_looks(run: RunFolder) -> None:
    source = run.best.explained / "embeddings"
    source.mkdir(parents=True)
    for name in ("vectors.tsv", "labels.tsv", "sprite.png"):
        (source / name).write_text(name)
    (source / "embeddings.json").write_text(json.dumps({"images": 3, "width": 40, "height": 30}))
    log_best_model(run)
    told = (run.tensorboard / "best" / "projector_config.pbtxt").read_text()
    assert 'tensor_path: "vectors.tsv"' in told
    assert 'sprite { image_path: "sprite.png" single_image_dim: 40 single_image_dim: 30 }' in told
    assert (run.tensorboard / "best" / "labels.tsv").is_file()


def test_a_run_without_logs_or_model_is_left_alone(tmp_path: Path) -> None:
    log_best_model(RunFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []
