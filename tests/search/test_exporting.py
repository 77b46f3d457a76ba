"""What a search leaves when its trials have ended, in a real run whose trials have their models already."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import pytest

from cnnsearch.search.confirmed import Chosen, Confirmation, Retrained, write_confirmation
from cnnsearch.search.engine.slots import CPU
from cnnsearch.search.events import Event, Told, Warned
from cnnsearch.search.exporting import export_best, written
from cnnsearch.search.prepared import Prepared, prepared_for
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.search.request import Request
from cnnsearch.search.run_folder import TrialFolder
from cnnsearch.spaces.load import loads_space
from cnnsearch.spaces.rungs import Rung

pytestmark = pytest.mark.usefixtures("forkserver")
SPACE = """\
data: {source: "sample:digits", image_size: [8, 8], color: gray}
model: {scratch: {blocks: 1}}
training: {epochs: 1, batch_size: 64, steps_per_epoch: 8}
search: {fidelity: {data: [0.25, 1.0]}}
"""
ACCURACY = Objective("val_accuracy", "max")
FIRST, LAST = Rung(1, 2, 0.25, 0.25), Rung(2, 2)


@pytest.fixture
def prepared(tmp_path: Path) -> Iterator[Prepared]:
    space = loads_space(SPACE, "digits")
    with prepared_for(Request(space, tmp_path / "runs", "digits", cache=tmp_path / "cache")) as made:
        yield made


def leave_model(folder: TrialFolder, space: str = SPACE) -> None:
    """A model that gives, as the probability of each class, how many images it is asked about at once, by 1,280."""
    folder.path.mkdir(parents=True)
    images = keras.Input((8, 8, 1))
    ones = keras.layers.Dense(10, kernel_initializer="zeros", bias_initializer="ones")(keras.layers.Flatten()(images))
    count = keras.ops.sum(ones, axis=0, keepdims=True)
    keras.Model(images, (ones * count) / 1280).save(folder.model)
    folder.config.write_text(space)


def export(prepared: Prepared, *trials: TrialRecord) -> list[str]:
    """What is said while the best model of these trials is exported."""
    said: list[Event] = []
    assert export_best(prepared, list(trials), Objectives.around(ACCURACY), CPU, said.append) == prepared.run.best
    return [event.message for event in said if isinstance(event, Told | Warned)]


def asked_at_once(prepared: Prepared) -> int:
    """How many images the exported model was asked about at once."""
    with prepared.run.best.predictions.open(newline="", encoding="utf-8") as file:
        return round(1280 * float(next(csv.DictReader(file))["p:0"]))


def trial(number: int, score: float, **more: object) -> TrialRecord:
    return TrialRecord(number, {}, Status.COMPLETED, score=score, rung=LAST, **more)  # type: ignore[arg-type]


def test_the_best_model_is_evaluated_in_batches_as_small_as_its_trial_needed(prepared: Prepared) -> None:
    leave_model(prepared.run.trial(0))
    export(prepared, trial(0, 0.5))
    assert asked_at_once(prepared) == 128
    export(prepared, trial(0, 0.5, reduced_batch=16))
    assert asked_at_once(prepared) == 32


def test_so_is_the_confirmed_one(prepared: Prepared) -> None:
    leave_model(prepared.run.retraining(0, 1))
    confirmed = Confirmation(ACCURACY, 1, 1, 100, (Chosen(0, 0.5),), (Retrained(0, 1, 1, 0.5, 1, 1, 1.0),), "done")
    write_confirmation(prepared.run, confirmed)
    export(prepared, trial(0, 0.5, reduced_batch=8))
    assert asked_at_once(prepared) == 16


def test_in_the_place_of_a_damaged_model_stands_the_next_one(prepared: Prepared) -> None:
    for number in (0, 1):
        leave_model(prepared.run.trial(number))
    prepared.run.trial(1).model.write_bytes(b"no model at all")
    said = export(prepared, trial(0, 0.5, reduced_batch=32), trial(1, 0.75))
    (told,) = [line for line in said if "must be whole" in line]
    assert told.startswith(f"{prepared.run.trial(1).model}: a model's file must be whole, got a damaged one (bug: ")
    assert told.endswith("The next best model takes its place, if there is one.")
    assert asked_at_once(prepared) == 64


def test_a_best_model_of_a_lower_rung_is_told_and_its_configuration_is_whole(prepared: Prepared) -> None:
    leave_model(prepared.run.trial(0))
    below = replace(trial(0, 0.5), rung=FIRST)
    assert not [line for line in export(prepared, trial(0, 0.5)) if "rung" in line]
    (told,) = [line for line in export(prepared, below) if "rung" in line]
    whole = f"its config.yaml of the whole one, which cnnsearch retrain {prepared.run.path} makes"
    assert (
        told == f"the best trial, 0, came to rung 1 of 2 only (fidelity 0.25): its model is of that training, {whole}"
    )
    assert "steps_per_epoch: 8" in written(prepared.space, below)
