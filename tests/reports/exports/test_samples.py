"""Whose photos exports are checked on: those of the model's training, and no others."""

import json
from pathlib import Path

import pytest

from cnnsearch.reports.exports.samples import Photos, photos_of
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.spaces.load import load_space

SHAPE = (16, 24, 3)


@pytest.fixture
def model(photos: Path, tmp_path: Path) -> ModelFolder:
    """A model folder without a model, trained on these photos."""
    folder = ModelFolder(tmp_path / "best")
    folder.path.mkdir()
    folder.config.write_text(f"data: {{source: {photos}, image_size: [16, 24]}}\nmodel: {{scratch: {{}}}}\n")
    stamp = prepare_dataset(load_space(folder.config).configuration({}).data).stamp
    folder.classes.write_text(json.dumps({"classes": ["dark", "light"], "shape": SHAPE, "data": {"stamp": stamp}}))
    return folder


def test_the_photos_of_its_training_are_taken(model: ModelFolder) -> None:
    found = photos_of(model, SHAPE)
    assert found.lack == ""
    assert found.reference is not None


def test_others_that_its_path_leads_to_now_are_none(model: ModelFolder, photos: Path) -> None:
    stamp = json.loads(model.classes.read_text())["data"]["stamp"]
    model.classes.write_text(model.classes.read_text().replace(stamp, "0123abcd-16x24x3-stretch"))
    lack = f"{model.config}: {photos} has other photos than those that the model learned from"
    assert photos_of(model, SHAPE) == Photos(None, lack)


def test_a_model_that_says_nothing_of_its_photos_takes_what_its_path_leads_to(model: ModelFolder) -> None:
    model.classes.write_text(json.dumps({"classes": ["dark", "light"], "shape": SHAPE}))
    assert photos_of(model, SHAPE).reference is not None
