"""int8 files that do not say what their model says: the layers that cost it stay in float32, and no more than those."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from cnnsearch.reports.exports import int8
from cnnsearch.reports.exports.conversion import Material, convert, for_inference
from cnnsearch.reports.exports.formats import targets_of
from cnnsearch.reports.exports.int8 import leave_worst_in_float
from cnnsearch.reports.exports.runtimes import answers, opened
from cnnsearch.reports.exports.samples import Calibration, calibration, photos_of
from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.run_folder import ModelFolder

pytestmark = pytest.mark.filterwarnings("ignore")  # of TensorFlow's own interpreter, which its debugger runs
TARGET = targets_of("litert", "int8")[-1]


@pytest.fixture(scope="module")
def model(scratch: ModelFolder) -> keras.Model:
    return keras.saving.load_model(scratch.model, compile=False)


@pytest.fixture(scope="module")
def calibrated(scratch: ModelFolder) -> Calibration:
    found = photos_of(scratch, (16, 24, 3)).reference
    assert found is not None
    return calibration(open_dataset(found), "")


@pytest.fixture
def written(model: keras.Model, calibrated: Calibration, tmp_path: Path) -> Callable[[], tuple[Path, dict[str, int]]]:
    def make() -> tuple[Path, dict[str, int]]:
        pytest.importorskip("ai_edge_litert")
        place = tmp_path / "model.tflite"
        return place, convert(Material(model, tmp_path, calibrated), TARGET, place)

    return make


def difference(model: keras.Model, file: Path, calibrated: Calibration) -> float:
    expected = for_inference(model).predict(calibrated.weighed.astype("float32"), verbose=0)
    return float(np.abs(answers(opened(TARGET.format, file), calibrated.weighed) - expected).mean())


def test_a_file_that_answers_as_keras_does_stays_as_it_is(
    written: Callable[[], tuple[Path, dict[str, int]]], model: keras.Model, calibrated: Calibration
) -> None:
    place, told = written()
    assert told == {"calibrated_on": len(calibrated.ranges), "layers_in_float32": 0}
    before = place.read_bytes()
    assert leave_worst_in_float(for_inference(model), place, calibrated) == 0
    assert place.read_bytes() == before


def test_layers_stay_in_float32_where_it_does_not(
    written: Callable[[], tuple[Path, dict[str, int]]],
    model: keras.Model,
    calibrated: Calibration,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, _ = written()
    before, whole = difference(model, place, calibrated), place.read_bytes()
    first = int8._debugged(for_inference(model), place.parent, calibrated.ranges)
    worst = int8._worst_layers(first)
    assert len(worst) == len(set(worst)) >= 3
    monkeypatch.setattr(int8, "_STEPS", (2,))
    found = int8._nearest(int8._Attempt(whole, 0, 0.0), first, lambda _: 1.0)
    assert (found.left, found.agreement) == (2, 1.0)
    place.write_bytes(found.content)
    assert difference(model, place, calibrated) < before


def test_where_the_debugger_fails_the_file_stays(
    written: Callable[[], tuple[Path, dict[str, int]]],
    model: keras.Model,
    calibrated: Calibration,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    place, _ = written()
    before = place.read_bytes()
    monkeypatch.setattr(int8, "LIKE_KERAS", 1.1)
    monkeypatch.setattr(int8, "_debugged", lambda *_: 1 / 0)
    assert leave_worst_in_float(for_inference(model), place, calibrated) == 0
    assert place.read_bytes() == before
    assert "no layer is left in float32" in caplog.text
