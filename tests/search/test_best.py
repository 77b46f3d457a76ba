"""A model's folder where its model cannot be evaluated: what is there all the same, and what is not."""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import pytest

from cnnsearch.search.best import DamagedModel, TrainedModel, export_model
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.errors import NoRoom
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.engine import pause
from cnnsearch.search.engine.pause import Pause
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.events import Event, Told, Warned
from cnnsearch.search.records import Failure
from cnnsearch.search.run_folder import ModelFolder
from cnnsearch.search.trial.evaluation import EvaluationJob
from cnnsearch.search.trial.messages import Broken
from cnnsearch.search.writing import file_of, is_full_disk
from cnnsearch.spaces.document import Data

DATA = {"source": "sample:digits", "image_size": [8, 8], "color": "gray"}
Ask = Callable[[EvaluationJob], Broken | None]


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return prepare_dataset(Data.model_validate(DATA), tmp_path_factory.mktemp("cache"))


@pytest.fixture
def trained(tmp_path: Path, digits: Dataset) -> TrainedModel:
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]).save(
        tmp_path / "trained.keras"
    )
    (tmp_path / "trained.yaml").write_text("data: {source: photos}\n")
    return TrainedModel(tmp_path / "trained.keras", tmp_path / "trained.yaml", digits, None)


@pytest.fixture
def best(tmp_path: Path) -> ModelFolder:
    """A folder that an earlier session has left."""
    folder = ModelFolder(tmp_path / "best")
    folder.path.mkdir()
    folder.predictions.write_text("of an earlier model")
    return folder


def failing(failure: Failure, message: str) -> Ask:
    def ask(job: EvaluationJob) -> Broken:
        ModelFolder(job.model.parent).log.write_text("the traceback")
        return Broken(failure, message)

    return ask


def names(folder: ModelFolder) -> list[str]:
    return sorted(path.name for path in folder.path.iterdir())


def test_a_model_that_cannot_be_evaluated_is_kept_without_scores(trained: TrainedModel, best: ModelFolder) -> None:
    said: list[Told | Warned] = []
    export_model(best, trained, ("validation",), CPU, failing(Failure.OOM, "MemoryError: no room"), said.append)
    assert names(best) == ["classes.json", "config.yaml", "log.txt", "model.keras"]
    assert best.model.read_bytes() == trained.model.read_bytes()
    what = "the model is there, but without its scores: it could not be evaluated, got oom: MemoryError: no room."
    assert said == [
        Warned(f"{best.path}: {what} {best.log} says more; cnnsearch evaluate {best.path} PHOTOS measures it.")
    ]


def test_a_damaged_model_does_not_take_the_place_of_another(trained: TrainedModel, best: ModelFolder) -> None:
    with zipfile.ZipFile(trained.model) as archive:
        place = archive.getinfo("model.weights.h5").header_offset + 200
    content = bytearray(trained.model.read_bytes())
    content[place] ^= 0xFF
    trained.model.write_bytes(content)
    rule = r"trained\.keras: a model's file must be whole, got a damaged one \(bug: BadZipFile\)\. Delete it, or "
    with pytest.raises(DamagedModel, match=rule + r"cnnsearch retrain .+trained\.yaml"):
        export_model(best, trained, ("validation",), CPU, failing(Failure.BUG, "BadZipFile"))
    assert names(best) == ["predictions.csv"]
    trained.model.write_bytes(content[:100])
    with pytest.raises(DamagedModel, match=rule):
        export_model(best, trained, ("validation",), CPU, failing(Failure.BUG, "BadZipFile"))


FULL = "OSError: [Errno 28] No space left on device"


def test_where_the_disk_of_a_run_is_full_its_model_waits_for_its_scores(
    trained: TrainedModel, best: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pause, "SPARE", 2**60)
    rule = r"an evaluation must have room for what it writes, got OSError: \[Errno 28\] No space .+ device\. Make room"
    with pytest.raises(NoRoom, match=rule) as full:
        export_model(best, trained, ("validation",), CPU, failing(Failure.DISK, FULL))
    assert is_full_disk(full.value)
    assert file_of(full.value) == best.path.parent
    assert full.value.needed > trained.model.stat().st_size
    assert names(best) == ["predictions.csv"]


def test_nobody_waits_for_another_disk_than_that_of_the_run(trained: TrainedModel, best: ModelFolder) -> None:
    said, waited = list[Told | Warned](), list[Event]()
    there = Pause(best.path.parent, every=0.0)
    there.tell = waited.append
    export = partial(export_model, best, trained, ("validation",), CPU, failing(Failure.DISK, FULL), said.append)
    there.patiently(export)
    assert waited == []
    assert names(best) == ["classes.json", "config.yaml", "log.txt", "model.keras"]
    (warned,) = said
    assert f"it could not be evaluated, got disk: {FULL}. {best.log} says more" in warned.message
