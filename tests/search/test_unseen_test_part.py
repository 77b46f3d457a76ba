"""The test part is read by the last evaluation and by nothing else."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.search.records import Objective, TrialRecord
from cnnsearch.search.run import Request, Result, run_search
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.training import run_trial
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.load import loads_space

SPACE = """\
data: {{source: {source}, image_size: [8, 8], split: {{validation: 0.25}}}}
augment: {{horizontal_flip: true}}
model: {{scratch: {{blocks: 1, filters: {{choice: [2, 4]}}, norm: batch}}}}
head: {{dense: [4]}}
training: {{epochs: 2, batch_size: 8, class_weights: balanced}}
search: {{trials: 2, pruner: none, seed: 3}}
"""


def write_pictures(folder: Path, count: int, seed: int, spread: Mapping[str, tuple[int, int]]) -> None:
    """Class folders of noise; `spread` has each class's darkest and brightest pixel."""
    dots = np.random.default_rng(seed)
    for name, (darkest, brightest) in spread.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(dots.integers(darkest, brightest, (8, 8, 3), np.uint8)).save(
                folder / name / f"{number}.png"
            )


@pytest.fixture(scope="module")
def search(forkserver: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Result]:
    """`search("photos", dark=(0, 90), bright=(60, 200))`: a whole search; its test pictures are of this brightness."""

    def searched(name: str, **test: tuple[int, int]) -> Result:
        place = tmp_path_factory.mktemp(name)
        write_pictures(place / "photos" / "train", 20, 1, {"bright": (90, 256), "dark": (0, 166)})
        write_pictures(place / "photos" / "test", 10, 2, test)
        space = loads_space(SPACE.format(source=place / "photos"), "tiny")
        return run_search(Request(space, place / "runs", "tiny", cache=place / "cache"))

    return searched


@pytest.fixture(scope="module")
def searches(search: Any) -> tuple[Result, Result]:
    """The same search twice; the classes of the test pictures look the other way round in the second."""
    first = search("first", bright=(90, 256), dark=(0, 166))
    second = search("second", bright=(0, 40), dark=(215, 256))
    return first, second


def without_clocks(trial: TrialRecord) -> tuple[Any, ...]:
    return trial.number, trial.values, trial.status, trial.score, [epoch.metrics for epoch in trial.epochs]


def weights(model: Path) -> list[bytes]:
    return [weight.tobytes() for weight in keras.saving.load_model(model, compile=False).get_weights()]


def test_other_test_pictures_change_no_bit_of_any_trial(searches: tuple[Result, Result]) -> None:
    first, second = ([without_clocks(trial) for trial in result.trials] for result in searches)
    assert len(first) == 2
    assert first == second
    for number in range(2):
        models = [result.run.trial(number).model for result in searches]
        assert weights(models[0]) == weights(models[1])


def predictions(result: Result, part: str) -> list[dict[str, str]]:
    assert result.best is not None
    with result.best.predictions.open(newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["part"] == part]


def test_other_test_pictures_change_the_last_evaluation(searches: tuple[Result, Result]) -> None:
    first, second = searches
    assert predictions(first, "validation") == predictions(second, "validation")
    tests = [predictions(result, "test") for result in searches]
    assert [row["image"] for row in tests[0]] == [row["image"] for row in tests[1]]
    hits = [sum(row["label"] == row["predicted"] for row in rows) for rows in tests]
    assert len(tests[0]) == 20
    assert hits[0] != hits[1]


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    write_pictures(tmp_path / "photos", 10, 1, {"bright": (90, 256), "dark": (0, 166)})
    data = {"source": str(tmp_path / "photos"), "image_size": [8, 8], "split": {"test": 0.2}}
    return Configuration.model_validate({"data": data, "model": {"scratch": {"blocks": 1, "filters": 2}}})


def test_a_dataset_opened_without_its_test_part_gives_it_to_nobody(
    configuration: Configuration, tmp_path: Path
) -> None:
    whole = prepare_dataset(configuration.data, tmp_path / "cache")
    seen = open_dataset(whole.reference().without_test())
    assert seen.fingerprint == whole.fingerprint
    assert np.array_equal(seen.rows("train"), whole.rows("train"))
    assert len(open_dataset(whole.reference()).rows("test")) == 4
    for read in (lambda: seen.rows("test"), seen.counts, seen.summary):
        with pytest.raises(ValueError, match="the test part is for the last evaluation alone, got asked for it during"):
            read()


class Deaf:
    """A parent that hears nothing, for a trial that must not come to its first epoch."""

    def tell(self, message: object) -> None:
        """Hear nothing."""


@pytest.mark.parametrize(("train", "validation"), [(("train", "test"), None), (("train",), "test")])
def test_a_trial_cannot_read_the_test_part(
    configuration: Configuration, tmp_path: Path, train: tuple[str, ...], validation: str | None
) -> None:
    dataset = prepare_dataset(configuration.data, tmp_path / "cache")
    objective, model = Objective.of("val_accuracy"), tmp_path / "model.keras"
    job = TrialJob(configuration, dataset.reference(), train, validation, objective, 5, model)
    with pytest.raises(ValueError, match="the test part is for the last evaluation alone, got asked for it during"):
        run_trial(Deaf(), job)
    assert not model.exists()
