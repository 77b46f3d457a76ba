"""A trained model is asked in processes of its own, for real: with little memory, with none, and where one dies."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.engine.slots import CPU, Slot
from cnnsearch.search.evaluating import Asking, answered
from cnnsearch.search.events import Told, Warned
from cnnsearch.search.records import Failure
from cnnsearch.search.trial.evaluation import EvaluationJob, evaluate
from cnnsearch.search.trial.messages import Broken
from cnnsearch.spaces.document import Data
from tests.search import evaluations

pytestmark = pytest.mark.usefixtures("forkserver")
DATA = {"source": "sample:digits", "image_size": [8, 8], "color": "gray", "split": {"validation": 0.08}}
"""More than a batch of validation images, and not much more."""


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data.model_validate(DATA), tmp_path_factory.mktemp("cache"))


@dataclass
class Case:
    """An evaluation, and what is said of it."""

    folder: Path
    digits: Dataset
    said: list[Told | Warned] = field(default_factory=list)

    @property
    def job(self) -> EvaluationJob:
        predictions = self.folder / "predictions.csv"
        return EvaluationJob(self.folder / "model.keras", self.digits.reference(), ("validation",), predictions)

    def asked(self, work: Callable[..., None], slot: Slot = CPU) -> Broken | None:
        return answered(Asking(slot, self.folder / "log.txt", self.said.append, work), self.job)

    def probabilities(self) -> Any:
        with self.job.predictions.open(newline="", encoding="utf-8") as file:
            return np.array([[float(cell) for cell in row[4:]] for row in [*csv.reader(file)][1:]])


@pytest.fixture
def case(tmp_path: Path, digits: Dataset) -> Case:
    """A model whose maps take 4 MB for each image."""
    images = keras.Input((8, 8, 1))
    maps = keras.layers.UpSampling2D(16)(keras.layers.Rescaling(1 / 16)(images))
    maps = keras.layers.Conv2D(64, 1, activation="relu")(maps)
    outputs = keras.layers.Dense(10, activation="softmax")(keras.layers.GlobalMaxPooling2D()(maps))
    keras.Model(images, outputs).save(tmp_path / "model.keras")
    return Case(tmp_path, digits)


@pytest.mark.timeout(300)
def test_a_model_that_needs_more_memory_than_there_is_is_asked_about_fewer_images_at_once(case: Case) -> None:
    assert case.asked(evaluations.in_little_memory) is None
    assert case.said
    for each in case.said:  # TensorFlow says that memory ran out, or falls over it
        assert re.fullmatch(r"the evaluation failed \((oom|crash): .+\); again with \d+ images? at once", each.message)
    found = case.probabilities()
    evaluate(keras.saving.load_model(case.job.model, compile=False), case.job)
    assert found.shape == (len(case.digits.rows("validation")), 10)
    assert len(found) > 128
    assert found == pytest.approx(case.probabilities(), abs=1e-4)


def test_where_not_one_image_fits_it_is_said_why(case: Case) -> None:
    assert case.asked(evaluations.without_memory) == Broken(Failure.OOM, "MemoryError: no room")
    sizes = [each.message.partition("again with ")[2].partition(" at once")[0] for each in case.said]
    assert sizes == ["64 images", "32 images", "16 images", "8 images", "4 images", "2 images", "1 image"]
    assert (case.folder / "log.txt").read_text().count("MemoryError: no room") == 8


def test_what_a_gpu_does_not_do_the_cpu_does(case: Case) -> None:
    assert case.asked(evaluations.on_the_cpu_alone, Slot("gpu:7", {"CUDA_VISIBLE_DEVICES": "7"})) is None
    (said,) = case.said
    what = "bug: RuntimeError: INTERNAL: CUDNN_STATUS_EXECUTION_FAILED"
    assert said == Warned(f"gpu:7 does not evaluate the model ({what}), so the CPU does")
    assert len(case.probabilities()) == len(case.digits.rows("validation"))


def test_a_process_that_dies_while_it_explains_has_evaluated(case: Case) -> None:
    assert case.asked(evaluations.killed_while_it_explains) is None
    (said,) = case.said
    assert said.message.startswith("what the model looks at cannot be shown, got crash: the process ended without a")
    assert len(case.probabilities()) == len(case.digits.rows("validation"))
