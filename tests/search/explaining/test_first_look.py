"""What a trial shows of its model as soon as it is trained: pictures that can be opened, of images that it may know."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.explaining.confusion import drawn, legend
from cnnsearch.search.explaining.first_look import first_look, run_trial_and_show
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.course import TrialJob, course_of
from cnnsearch.search.trial.messages import Done, Shown, Trained, Written
from cnnsearch.search.trial.training import Left
from cnnsearch.spaces.load import loads_space
from tests.search.trial.parent import Parent

SPACE = """\
data: {{source: {source}, image_size: [16, 16], folds: {folds}}}
augment: {{horizontal_flip: true}}
model: {{scratch: {{blocks: 1, filters: 4}}}}
training: {{epochs: 1, batch_size: 8, seed: 1}}
"""
Job = Callable[..., TrialJob]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """`job(folds=...)`: of a training on 60 photos of noise, which nobody can tell apart."""
    source, draw = tmp_path / "photos", np.random.default_rng(1)
    for k in range(60):
        place = source / ("cat", "dog")[k % 2] / f"{k}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(place)

    def made(folds: str = "null") -> TrialJob:
        configuration = loads_space(SPACE.format(source=source, folds=folds), "tiny").configuration({})
        reference = prepare_dataset(configuration.data, tmp_path / "cache").reference()
        objective = Objective.of("val_accuracy")
        return TrialJob(configuration, reference, ("train",), "validation", objective, 1, tmp_path / "model.keras")

    return made


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("folds", ["null", "2"])
def test_a_trial_whose_model_is_kept_shows_what_it_makes_of_its_images(job: Job, folds: str) -> None:
    parent, asked = Parent(), job(folds)
    run_trial_and_show(parent, asked)  # type: ignore[arg-type]
    assert asked.model.is_file()
    assert isinstance(parent.heard[-1], Done)
    kinds = [type(message) for message in parent.heard]
    assert kinds.index(Trained) < kinds.index(Written) < kinds.index(Shown)
    shown = {found.name: found for found in parent.told(Shown)}
    assert list(shown) == ["confusion_matrix", "wrong", "augmented"]
    assert all(opened(content).size >= (16, 16) for found in shown.values() for content in found.pictures)
    seen = re.search(r"of (\d+) of (\d+) validation images", shown["confusion_matrix"].told)
    assert seen
    assert seen[1] == seen[2]
    assert re.search(r"(cat|dog)/\d+\.png: (cat|dog) taken for (cat|dog) \(0\.\d\d\)", shown["wrong"].told)
    assert 1 <= len(shown["wrong"].pictures) <= 12


def test_a_trial_whose_model_is_not_kept_shows_nothing(job: Job) -> None:
    parent = Parent(keep=False)
    run_trial_and_show(parent, job())  # type: ignore[arg-type]
    assert parent.told(Trained)
    assert isinstance(parent.heard[-1], Done)
    assert not parent.told(Shown)


def test_one_that_was_trained_without_validation_images_shows_nothing(job: Job) -> None:
    parent = Parent()
    run_trial_and_show(parent, replace(job(), validation=None))  # type: ignore[arg-type]
    assert isinstance(parent.heard[-1], Done)
    assert not parent.told(Shown)


def test_a_model_that_cannot_be_asked_costs_nothing_but_its_pictures(
    job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    asked = job()

    def unable(_images: object, *, training: bool) -> object:
        raise ValueError(f"no, whatever the images and with training={training}")

    (stage,) = course_of(asked)
    assert not list(first_look(Left(unable, stage), 1.0))
    assert "this model cannot be looked at" in caplog.text


def test_a_model_is_asked_about_no_more_images_at_once_than_its_trial_had_memory_for(job: Job) -> None:
    (stage,) = course_of(job())
    training = stage.configuration.training.model_copy(update={"accumulate": 64})
    small = replace(stage, configuration=stage.configuration.model_copy(update={"training": training}))
    asked = list[int]()

    def answer(images: Any, *, training: bool) -> Any:
        asked.append(len(images))
        return np.full((len(images), 2), 0.5)

    assert [*first_look(Left(answer, small), 60.0)]
    assert max(asked) == 2
    assert sum(asked) == len(open_dataset(stage.dataset).rows("validation"))


def test_a_confusion_matrix_has_a_row_for_each_true_class() -> None:
    counts = np.array([[9, 1], [0, 10]])
    picture = drawn(counts, ["cat", "dog"])
    mirrored = drawn(counts[::-1, ::-1], ["cat", "dog"])
    assert picture.shape == mirrored.shape
    assert not np.array_equal(picture, mirrored)
    corner = picture[-8:, -8:].mean()  # all dogs are taken for dogs
    assert corner < picture[-8:, -80:-70].mean()


def test_many_classes_are_a_map_and_an_empty_one_is_pale() -> None:
    classes = [f"bird {number}" for number in range(200)]
    picture = drawn(np.diag(np.array([0] + [3] * 199)), classes)
    assert picture.shape == (400, 400, 3)
    assert picture[0, 0].tolist() == picture[0, 300].tolist() != picture[300, 300].tolist()
    assert legend(classes) == ""


def test_names_that_the_font_cannot_write_have_numbers() -> None:
    assert legend(["cat", "chien très gentil"]) == ""
    assert legend(["猫", "dog"]) == "1 is 猫, 2 is dog"
    assert drawn(np.eye(2, dtype=np.int64), ["猫", "dog"]).shape == drawn(np.eye(2, dtype=np.int64), ["1", "2"]).shape
