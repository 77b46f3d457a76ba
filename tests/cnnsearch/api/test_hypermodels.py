"""HyperModels of people's own, searched in this process: real builds, real trainings on small images."""

import json
import time
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest
from PIL import Image

import cnnsearch
from cnnsearch.reports.ensemble import members_of

DIGITS = {"data.image_size": 8, "data.color": "gray", "training.epochs": 2}


class Small(keras_tuner.HyperModel):  # type: ignore[misc]
    """A dense network with a conditional parameter."""

    def __init__(self, loss: str = "sparse_categorical_crossentropy", metrics: tuple[str, ...] = ("accuracy",)) -> None:
        super().__init__(name="small")
        self.loss, self.metrics, self.given = loss, metrics, ()

    def build(self, hp: Any) -> keras.Model:
        model = keras.Sequential([keras.Input(self.dataset.shape), keras.layers.Rescaling(1 / 255)])
        model.add(keras.layers.Flatten())
        kind = hp.Choice("kind", ["plain", "deep"])
        with hp.conditional_scope("kind", ["deep"]):
            units = hp.Int("units", 8, 16, step=8)
        if kind == "deep":
            model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dense(len(self.dataset.classes), activation="softmax"))
        model.compile(keras.optimizers.Adam(0.01), self.loss, metrics=list(self.metrics))
        return model


class Fitting(Small):
    """One that chooses its own batches, and keeps what it is given."""

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        self.given = [array.shape for array in args], sorted(kwargs)
        return model.fit(*args, batch_size=hp.Choice("batch", [64, 128]), **kwargs)


class Fleeting(Small):
    """One that cannot be built any more once it was trained."""

    def build(self, hp: Any) -> keras.Model:
        if self.given:
            raise RuntimeError("not again")
        return super().build(hp)

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        self.given = ("trained",)
        return super().fit(hp, model, *args, **kwargs)


@pytest.fixture
def search(tmp_path: Path) -> Any:
    """Search in an empty folder."""

    def of(hypermodel: Any, trials: int = 2, **more: Any) -> cnnsearch.Run:
        settings = DIGITS | more.pop("set", {})
        return cnnsearch.run(hypermodel, "sample:digits", trials=trials, set=settings, runs=tmp_path / "runs", **more)

    return of


def test_a_hypermodel_is_searched_ranked_and_kept(search: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run = search(Small(), trials=3)
    assert [str(trial.status) for trial in run.trials] == ["completed"] * 3
    assert len({tuple(trial.values.items()) for trial in run.trials}) == 3
    assert all(("units" in trial.values) == (trial.values["kind"] == "deep") for trial in run.trials)
    assert run.path.name == "small-001"
    assert (run.best.score, run.state) == (max(trial.score for trial in run.trials), "finished")
    assert run.metrics["test"]["accuracy"] > 0.2
    assert run.best_model().output_shape == (None, 10)
    assert {row["epoch"] for row in run.history} == {1, 2}
    assert "trial 0 starts on this process: kind" in capsys.readouterr().out


def test_the_best_models_of_a_hypermodel_s_search_answer_together(search: Any, tmp_path: Path) -> None:
    run = search(Small(), trials=3, set={"training.epochs": 1})
    best, *others = members_of(run.path / "best" / "model.keras", 3)
    assert len(others) == 2
    assert {(member.shape, member.resize, member.classes) for member in others} == {
        ((8, 8, 1), "stretch", best.classes)
    }
    assert [member.load().model.output_shape for member in others] == [(None, 10)] * 2


def test_a_best_model_that_cannot_be_evaluated_is_there_without_its_scores(
    search: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = search(Fleeting(), trials=1)
    assert (run.state, [str(trial.status) for trial in run.trials]) == ("finished", ["completed"])
    assert "it could not be evaluated, got bug: RuntimeError: not again" in " ".join(capsys.readouterr().err.split())
    assert run.metrics == {"validation": None, "test": None}
    assert run.best_model().output_shape == (None, 10)
    assert "RuntimeError: not again" in (run.path / "best/log.txt").read_text()


def test_its_own_fit_gets_arrays_and_may_name_more_parameters(search: Any) -> None:
    hypermodel = Fitting("categorical_crossentropy")
    run = search(hypermodel, set={"training.epochs": 1})
    (images, targets), named = hypermodel.given
    assert (images[1:], targets) == ((8, 8, 1), (images[0], 10))
    assert named == ["callbacks", "epochs", "validation_data", "verbose"]
    assert [trial.values["batch"] in (64, 128) for trial in run.trials] == [True, True]


class Ranged(Small):
    """One whose units, and whose batches, have other values in each kind."""

    def build(self, hp: Any) -> keras.Model:
        kind, units = hp.Choice("kind", ["narrow", "wide"]), None
        for name, low in ("narrow", 2), ("wide", 8):
            with hp.conditional_scope("kind", [name]):
                units = hp.Int("units", low, low + 1) or units
        layers = [keras.Input(self.dataset.shape), keras.layers.Flatten(), keras.layers.Dense(units, name=kind)]
        model = keras.Sequential([*layers, keras.layers.Dense(len(self.dataset.classes), activation="softmax")])
        model.compile("adam", self.loss, metrics=["accuracy"])
        return model

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        batch = None
        for name, sizes in ("narrow", [32, 64]), ("wide", [128, 256]):
            with hp.conditional_scope("kind", [name]):
                batch = hp.Choice("batch", sizes) or batch
        return model.fit(*args, batch_size=batch, **kwargs)


def test_one_name_may_have_other_ranges_under_other_conditions(search: Any) -> None:
    run = search(Ranged(), trials=6, set={"training.epochs": 1})
    kinds = [trial.values["kind"] for trial in run.trials]
    assert set(kinds) == {"narrow", "wide"}
    for trial in run.trials:
        told = " (kind: wide)" if trial.values["kind"] == "wide" else ""
        units, batches = ((8, 9), (128, 256)) if told else ((2, 3), (32, 64))
        assert trial.values.keys() == {"kind", f"units{told}", f"batch{told}"}
        assert trial.values[f"units{told}"] in units
        assert trial.values[f"batch{told}"] in batches
    assert run.best_model().layers[-2].name == run.best.values["kind"]
    written = (run.path / "trials" / f"{kinds.index('wide'):04d}" / "config.yaml").read_text()
    assert " units: " in written
    assert "(kind" not in written


def test_a_function_that_builds_will_do(search: Any) -> None:
    def build(hp: Any) -> keras.Model:
        units = hp.Choice("units", [4, 8])
        layers = [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(units), keras.layers.Dense(10)]
        model = keras.Sequential([*layers, keras.layers.Softmax()])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    assert [trial.values.keys() for trial in search(build, set={"training.epochs": 1}).trials] == [{"units"}] * 2


class Stopping(Small):
    """One that is interrupted in its second trial."""

    trainings = 0

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        Stopping.trainings += 1
        if Stopping.trainings == 2:
            raise KeyboardInterrupt
        return model.fit(*args, **kwargs)


def test_an_interrupted_search_goes_on_with_the_same_call(search: Any, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(Stopping(), trials=3)
    stopped = cnnsearch.open_run(tmp_path / "runs" / "small-001")
    assert (stopped.state, [str(trial.status) for trial in stopped.trials]) == ("interrupted", ["completed", "queued"])
    run = search(Stopping(), trials=3)
    assert (run.path, len(run.trials), Stopping.trainings) == (stopped.path, 3, 4)
    assert run.trials[0] == stopped.trials[0]
    assert run.trials[1].values == stopped.trials[1].values


class Once(Small):
    """One whose second training fails."""

    trainings = 0

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        Once.trainings += 1
        if Once.trainings == 2:
            raise RuntimeError("once is enough")
        return model.fit(*args, **kwargs)


def test_images_that_a_model_was_trained_on_never_become_its_test_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, draw = tmp_path / "photos", np.random.default_rng(0)
    for part, count in (("train", 12), ("test", 6)):
        for name in ("a", "b"):
            (photos / part / name).mkdir(parents=True)
            for k in range(count):
                picture = Image.fromarray(draw.integers(0, 256, (8, 8), np.uint8))
                picture.save(photos / part / name / f"{k}.png")
    asked = {"trials": 1, "set": DIGITS | {"training.epochs": 1}, "runs": tmp_path / "runs"}
    first = cnnsearch.run(Once(), photos, **asked)
    trained = json.loads((first.path / "dataset.json").read_text())["files"]["train"]["a"]
    moved = Path(next(iter(trained)))
    (photos / moved).rename(photos / "test" / "a" / "moved.png")
    again = cnnsearch.run(Once(), photos, **asked, more=1, accept_data_change=True)
    assert (again.path, again.best.number) == (first.path, 0)
    told = (again.path / "best" / "predictions.csv").read_text()
    assert "test/b/0.png" in told
    assert "moved.png" not in told
    assert "the images have changed since the run began" in capsys.readouterr().err


class Failing(Small):
    """One whose deep networks fail."""

    def fit(self, hp: Any, model: keras.Model, *args: Any, **kwargs: Any) -> Any:
        if hp.get("kind") == "deep":
            raise RuntimeError("no depth today")
        return model.fit(*args, **kwargs)


def test_a_trial_that_raises_is_failed_and_its_log_has_the_traceback(search: Any) -> None:
    run = search(Failing(), trials=3)
    failed = [trial for trial in run.trials if trial.values["kind"] == "deep"]
    assert {(str(t.status), t.reason, t.message, t.score) for t in failed} == {
        ("failed", "bug", "RuntimeError: no depth today", None)
    }
    log = run.path / "trials" / f"{failed[0].number:04d}" / "log.txt"
    assert 'raise RuntimeError("no depth today")' in log.read_text(encoding="utf-8")


def test_models_that_do_not_measure_the_objective_end_the_search(search: Any) -> None:
    message = r"search\.objective: trials are ranked by val_accuracy, got models that measure loss, val_loss\. Compile"
    with pytest.raises(cnnsearch.CnnSearchError, match=message):
        search(Small(metrics=()))


def test_a_fit_without_callbacks_is_told_what_to_do(search: Any, tmp_path: Path) -> None:
    class Deaf(Small):
        def fit(self, hp: Any, model: keras.Model, x: Any, y: Any, **kwargs: Any) -> None:
            return None

    with pytest.raises(cnnsearch.CnnSearchError, match=r"needs a trial with a score, got none.*open_run"):
        search(Deaf(), trials=1)
    (trial,) = cnnsearch.open_run(tmp_path / "runs" / "small-001").trials
    assert trial.message.startswith("small.fit: it hands its keyword arguments on to model.fit")


@pytest.mark.parametrize(
    ("given", "settings", "message"),
    [
        (Small, {}, r"space: a HyperModel is an object, got the class Small\. Make one: Small\(\)\."),
        (
            Small(),
            {"model": "vgg16"},
            r"set: the rest of a HyperModel's training is its own, got model\. Write it into",
        ),
        (Small(), {"data.folds": 3}, r"is its own, got data\.folds\."),
        (Small(), {"training.epochs": {"int": [1, 3]}}, r"settings are fixed, got training\.epochs searched"),
        (Small(), {"training.epochs": 0}, r'set=\{"training\.epochs": 0\}: `training\.epochs` must be at least 1'),
        (Small(), {"search.objective": "parameters"}, r"ranked by metrics of their training, got parameters"),
        (lambda hp: 3, {}, r"<lambda>\.build: a HyperModel builds a Keras model, got int"),
        (lambda hp: hp.None_such(), {}, r"<lambda>\.build: it builds a model .* got AttributeError: .*None_such"),
    ],
)
def test_what_cannot_be_searched_is_told_before_anything_is_written(
    search: Any, tmp_path: Path, given: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(cnnsearch.CnnSearchError, match=message):
        search(given, set=settings)
    assert not (tmp_path / "runs").exists()


def test_a_model_of_other_images_is_refused(search: Any) -> None:
    with pytest.raises(cnnsearch.CnnSearchError, match=r"it takes images of .* \(8, 8, 1\), got \(4, 4, 1\)\. Change"):
        search(lambda hp: keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]))


def test_images_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(cnnsearch.CnnSearchError, match=r"data: a HyperModel is searched on images, got none\."):
        cnnsearch.run(Small(), runs=tmp_path)


class Slow(Small):
    """One whose epochs take more than half of the search's time."""

    def fit(self, hp: Any, model: keras.Model, *args: Any, callbacks: list[Any], **kwargs: Any) -> Any:
        sleep = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: time.sleep(2.1))
        return model.fit(*args, callbacks=[sleep, *callbacks], **kwargs)


@pytest.mark.parametrize(("epochs", "ended"), [(500, "stopped_early"), (1, "completed")])
def test_neither_an_epoch_nor_a_trial_is_begun_that_would_end_too_late(search: Any, epochs: int, ended: str) -> None:
    run = search(Slow(), trials=5, time=4, set={"training.epochs": epochs})
    assert [(str(trial.status), len(trial.epochs)) for trial in run.trials] == [(ended, 1)]


def test_the_time_ends_a_training_after_its_epoch(search: Any) -> None:
    run = search(Small(), trials=5, time=0.01, set={"training.epochs": 500})
    assert [(str(trial.status), len(trial.epochs)) for trial in run.trials] == [("stopped_early", 1)]
    assert run.trials[0].reason == "the time of the search is up"
