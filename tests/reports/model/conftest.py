"""A model folder with predictions of many classes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnnsearch.search.run_folder import ModelFolder


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[..., ModelFolder]:
    """Makes a model folder whose model is right about most of some images of so many classes."""

    def make(classes: int | list[str], images: int = 200, part: str = "test") -> ModelFolder:
        names = [f"class {k:03d}" for k in range(classes)] if isinstance(classes, int) else classes
        draw, folder = np.random.default_rng(1), ModelFolder(tmp_path / "best")
        labels = draw.integers(0, len(names), images)
        shares = draw.random((images, len(names)))
        shares[np.arange(images), labels] += draw.random(images) * 2
        shares /= shares.sum(axis=1, keepdims=True)
        folder.path.mkdir(exist_ok=True)
        folder.classes.write_text(json.dumps({"classes": names, "shape": [8, 8, 3]}))
        with folder.predictions.open("w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["part", "image", "label", "predicted", *(f"p:{name}" for name in names)])
            for k, row in enumerate(shares):
                lines.writerow([part, f"{k}.png", names[labels[k]], names[int(row.argmax())], *map(float, row)])
        return folder

    return make
