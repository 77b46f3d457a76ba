"""Trials and predictions that the tests of this room share."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from cnnsearch.search.records import Epoch, Status, TrialRecord
from cnnsearch.search.run_folder import ModelFolder


@pytest.fixture
def trial() -> Callable[..., TrialRecord]:
    """Makes a trial from its validation accuracies; without any it has no score."""

    def make(number: int, accuracies: Sequence[float] = (), **changes: Any) -> TrialRecord:
        epochs = tuple(
            Epoch(k, {"loss": 1 / k, "val_loss": 1.5 / k, "val_accuracy": accuracy}, 2.5)
            for k, accuracy in enumerate(accuracies, start=1)
        )
        best = max(range(len(accuracies)), key=accuracies.__getitem__) if accuracies else None
        record: dict[str, Any] = {
            "number": number,
            "values": {"model": "scratch", "model.scratch.blocks": 2},
            "status": Status.COMPLETED if accuracies else Status.FAILED,
            "reason": "" if accuracies else "oom",
            "score": None if best is None else accuracies[best],
            "best_epoch": None if best is None else best + 1,
            "seconds": 12.5,
            "parameters": 93_322,
            "epochs": epochs,
        }
        return TrialRecord(**{**record, **changes})

    return make


@pytest.fixture
def model_folder(tmp_path: Path) -> Callable[..., ModelFolder]:
    """Makes a model folder with predictions: rows of (part, image, label, predicted, probabilities...)."""

    def make(classes: Sequence[str], rows: Sequence[Sequence[object]]) -> ModelFolder:
        folder = ModelFolder(tmp_path / "best")
        folder.path.mkdir(exist_ok=True)
        folder.classes.write_text(json.dumps({"classes": list(classes), "shape": [8, 8, 3]}))
        with folder.predictions.open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["part", "image", "label", "predicted", *(f"p:{name}" for name in classes)])
            lines.writerows(rows)
        return folder

    return make
