"""A whole model explained: what is written beside it, and what is told where something cannot be."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.csv_file import write_rows
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.explaining.explain import explain
from cnnsearch.search.explaining.layers import chosen_places
from cnnsearch.search.explaining.photos import Photos
from cnnsearch.search.model.build import build_model
from cnnsearch.search.model.places import places_of
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.trial.evaluation import EvaluationJob
from cnnsearch.spaces.load import loads_space

SPACE = """\
data: {{source: {source}, image_size: [16, 16]}}
augment: {{horizontal_flip: true, zoom: 0.2}}
model: {{scratch: {{blocks: 2, filters: [4, 8]}}}}
training: {{seed: 1}}
"""


@dataclass(frozen=True)
class Case:
    """A model, its folder with predictions, and its photos."""

    model: keras.Model
    folder: ModelFolder
    dataset: Dataset
    source: Path

    def explain(self) -> list[str]:
        reference = self.dataset.reference()
        return explain(self.model, EvaluationJob(self.folder.model, reference, ("test",), self.folder.predictions))

    def told(self) -> dict[str, object]:
        found = json.loads((self.folder.explained / "explained.json").read_text())
        assert isinstance(found, dict)
        return found


@pytest.fixture
def case(tmp_path: Path) -> Case:
    source, draw = tmp_path / "photos", np.random.default_rng(1)
    for k in range(24):
        place = source / ("cat", "dog")[k % 2] / f"{k}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (40, 80, 3), dtype=np.uint8)).save(place)
    configuration = loads_space(SPACE.format(source=source), "tiny").configuration({})
    dataset = prepare_dataset(configuration.data, tmp_path / "cache")
    folder = ModelFolder(tmp_path / "best")
    folder.path.mkdir()
    folder.config.write_text(SPACE.format(source=source))
    rows = []
    for k, row in enumerate(dataset.rows("validation")):
        share = 0.5 + 0.1 * (k % 4) if k % 3 else 0.2
        names = dataset.classes[dataset.labels[row]], dataset.classes[int(share < 0.5)]
        rows.append(["validation", dataset.names[row], *names, share, 1 - share])
    write_rows(folder.predictions, ["part", "image", "label", "predicted", "p:cat", "p:dog"], rows)
    return Case(build_model(configuration, 2, steps_per_epoch=1), folder, dataset, source)


def test_everything_is_written_small(case: Case) -> None:
    assert case.explain() == []
    told = case.told()
    assert told["left_out"] == {}
    for name in ("filters.png", "maps-1.png", "augmented.jpg", "grad-cam-01.jpg"):
        with Image.open(case.folder.explained / name) as picture:
            assert picture.width > 30
    assert sum(path.stat().st_size for path in case.folder.path.rglob("*.*")) < 500_000


def test_the_gallery_has_the_proportions_of_the_photos(case: Case) -> None:
    case.explain()
    told = json.loads((case.folder.gallery / "gallery.json").read_text())
    assert told["mistakes"] == len(told["wrong"]) > 0
    with Image.open(case.folder.gallery / told["wrong"][0]["file"]) as picture:
        assert picture.size == (80, 40)


def test_photos_that_are_gone_or_others_come_from_the_cache(case: Case) -> None:
    row = 0
    own = Photos.of(case.dataset).small(row, 160)
    (case.source / case.dataset.names[row]).write_bytes(b"another file")
    changed = Photos.of(case.dataset).small(row, 160)
    shutil.rmtree(case.source)
    gone = Photos.of(case.dataset).small(row, 160)
    assert (own.shape, changed.shape) == ((40, 80, 3), (160, 160, 3))
    assert (changed == gone).all()


def test_the_layers_are_told_with_their_weights(case: Case) -> None:
    case.explain()
    told = json.loads(case.folder.architecture.read_text())
    assert told["parameters"] == case.model.count_params() == sum(layer["parameters"] for layer in told["layers"])
    assert [layer["output"] for layer in told["layers"] if layer["type"] == "Conv2D"][-1][-1] == 8
    assert told["input"] == [16, 16, 3]


def test_what_cannot_be_shown_is_told_and_the_rest_is_shown(case: Case) -> None:
    images = keras.Input((16, 16, 3))
    flat = keras.Model(images, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(images)))
    left_out = Case(flat, case.folder, case.dataset, case.source).explain()
    assert len(left_out) == 3
    assert left_out[0].startswith(
        "where the model looks (Grad-CAM) cannot be shown: the network has no layer with maps"
    )
    assert sorted(case.told()["left_out"]) == ["filters", "grad_cam", "maps"]  # type: ignore[call-overload]
    assert (case.folder.gallery / "gallery.json").is_file()


def test_without_predictions_it_is_told_in_one_line(case: Case) -> None:
    case.folder.predictions.unlink()
    (line,) = case.explain()
    assert line.startswith("what the model looks at cannot be shown: ")


def test_without_augmentation_there_is_nothing_augmented(case: Case) -> None:
    case.folder.config.write_text(SPACE.format(source=case.source).replace("horizontal_flip: true, zoom: 0.2", ""))
    assert case.explain() == []
    assert case.told()["augmented"] is None


def test_layers_from_the_first_to_the_last_are_shown(case: Case) -> None:
    places = places_of(case.model)
    chosen = chosen_places(places)
    assert chosen[-1] is places[-1]
    assert len({place.shape[:2] for place in chosen}) == len(chosen)
