"""The searches that `versus_keras_tuner.py` compares with, as a plain KerasTuner script.

    python benchmarks/plain_search.py JOB RESULT

JOB is a JSON file with the fields of `Job`, RESULT the JSON file that gets what was measured. It is what KerasTuner's
and TensorFlow's guides show: photos decoded once and then from memory, `build_model(hp)`, `tuner.search(...)`.
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from incumbents import Finished, incumbents

if TYPE_CHECKING:
    import keras
    import keras_tuner

SHUFFLED = 1000
"""Batches that are shuffled anew in each epoch, more than there are."""


@dataclass(frozen=True)
class Job:
    """What is searched.

    Attributes:
        photos: a folder with `train/<class>/`, `validation/<class>/` and `test/<class>/`.
        tuner: `random`, `hyperband`, or `given` for trials of given values.
        side: height and width of the images in pixels.
        batch_size: images in one step.
        epochs: of a trial; of Hyperband's, at most.
        trials: how many; Hyperband counts by itself.
        seed: of the search.
        began: when the script was started, in seconds since 1970.
        given: the values of each given trial.
    """

    photos: str
    tuner: str
    side: int
    batch_size: int
    epochs: int
    trials: int
    seed: int
    began: float
    given: list[dict[str, float | str]]

    def images(self, part: str) -> Any:  # noqa: ANN401 - a tf.data.Dataset
        """Batches of (batch, side, side, 3), 0-255, and labels; shuffled anew in each epoch of the training."""
        import keras
        import tensorflow as tf

        folder, size = Path(self.photos) / part, (self.side, self.side)
        loaded = keras.utils.image_dataset_from_directory(
            folder, image_size=size, batch_size=self.batch_size, seed=self.seed, shuffle=part == "train", verbose=0
        ).cache()
        return (loaded.shuffle(SHUFFLED) if part == "train" else loaded).prefetch(tf.data.AUTOTUNE)

    def build_model(self, hp: "keras_tuner.HyperParameters") -> "keras.Model":
        """A network of the space in versus.yaml, compiled."""
        import keras

        layers = keras.layers
        model = keras.Sequential([keras.Input((self.side, self.side, 3)), layers.Rescaling(1 / 255)])
        filters, growth = hp.Choice("filters", [16, 32], default=16), hp.Choice("growth", [1.0, 2.0], default=2.0)
        norm = hp.Choice("norm", ["none", "batch"], default="none")
        dropout = hp.Float("dropout", 0.0, 0.3, step=0.1, default=0.0)
        for block in range(hp.Int("blocks", 2, 4, default=3)):
            model.add(layers.Conv2D(round(filters * growth**block), 3, padding="same", use_bias=norm == "none"))
            if norm == "batch":
                model.add(layers.BatchNormalization())
            model.add(layers.Activation("relu"))
            model.add(layers.MaxPooling2D())
            if dropout:
                model.add(layers.Dropout(dropout))
        flat = hp.Choice("pooling", ["flatten", "average"], default="flatten") == "flatten"
        model.add(layers.Flatten() if flat else layers.GlobalAveragePooling2D())
        model.add(layers.Dense(hp.Choice("units", [64, 128, 256], default=128), activation="relu"))
        model.add(layers.Dropout(hp.Float("dense_dropout", 0.0, 0.5, step=0.25, default=0.25)))
        model.add(layers.Dense(2, activation="softmax"))
        model.compile(optimizer_of(hp), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def make_tuner(self) -> Any:  # noqa: ANN401 - keras_tuner has no types
        """A KerasTuner tuner that notes when each trial ended."""
        import keras_tuner

        if self.tuner == "given":
            return noting(keras_tuner.Tuner)(oracle_of(self.given), self.build_model)
        if self.tuner == "random":
            kind, settings = noting(keras_tuner.RandomSearch), {"max_trials": self.trials}
        else:
            kind, settings = noting(keras_tuner.Hyperband), {"max_epochs": self.epochs, "factor": 3}
        return kind(self.build_model, "val_accuracy", seed=self.seed, **settings)


def optimizer_of(hp: "keras_tuner.HyperParameters") -> "keras.optimizers.Optimizer":
    """Adam or SGD, each with a learning rate of its own."""
    import keras

    if hp.Choice("optimizer", ["adam", "sgd"], default="adam") == "adam":
        return keras.optimizers.Adam(hp.Float("adam_rate", 0.0001, 0.01, sampling="log", default=0.001))
    return keras.optimizers.SGD(hp.Float("sgd_rate", 0.001, 0.1, sampling="log", default=0.01), momentum=0.9)


def oracle_of(given: list[dict[str, float | str]]) -> Any:  # noqa: ANN401 - keras_tuner has no types
    """An oracle whose draws were made by the other side."""
    import keras_tuner

    class Given(keras_tuner.oracles.RandomSearchOracle):  # type: ignore[misc] # keras_tuner has no types
        """Random search without chance."""

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": given[int(trial_id)]}

    return Given("val_accuracy", max_trials=len(given), seed=0)


def noting(kind: Any) -> Any:  # noqa: ANN401 - keras_tuner has no types
    """The same tuner, which notes of each trial when it ended."""

    class Noting(kind):  # type: ignore[misc] # keras_tuner has no types
        """A tuner with notes: trial, score, time since 1970, epochs."""

        def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - KerasTuner's
            super().__init__(*arguments, **options)
            self.notes, self.made = list[tuple[str, float, float, int]](), 0

        def on_epoch_end(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - KerasTuner's
            super().on_epoch_end(*arguments, **options)
            self.made += 1

        def on_trial_end(self, trial: Any) -> None:  # noqa: ANN401 - KerasTuner's
            super().on_trial_end(trial)
            score = self.oracle.get_trial(trial.trial_id).score
            self.notes.append((trial.trial_id, score, time.time(), self.made))
            self.made = 0

    return Noting


def search(job: Job) -> dict[str, Any]:
    """Run the search, then test the weights of each incumbent; gives the fields of `Searched`."""
    tuner, train, validation = job.make_tuner(), job.images("train"), job.images("validation")
    tuner.search(train, validation_data=validation, epochs=job.epochs, verbose=0)
    memory = psutil.Process().memory_info().rss
    trials = [Finished(name, score, at - job.began, made) for name, score, at, made in tuner.notes]
    test = job.images("test")
    tested = {
        trial.trial: tuner.load_model(tuner.oracle.get_trial(trial.trial)).evaluate(test, verbose=0, return_dict=True)
        for trial in incumbents(trials)
    }
    return {
        "trials": [vars(trial) for trial in trials],
        "memory": memory,
        "together": 0,
        "tested": {name: metrics["accuracy"] for name, metrics in tested.items()},
        "values": {trial.trial: tuner.oracle.get_trial(trial.trial).hyperparameters.values for trial in trials},
    }


def main() -> int:
    """Do the job and write what was measured."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    Path(sys.argv[2]).write_text(json.dumps(search(job)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
