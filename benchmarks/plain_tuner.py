"""The search that `transfer.py` compares with, as a plain KerasTuner script: the frozen backbone is in the model.

    python benchmarks/plain_tuner.py JOB RESULT

JOB is a JSON file with the fields of `Job`, RESULT the JSON file that gets what was measured. The photos are decoded
once and then come from memory, ahead of the training; each of them goes through the backbone in each epoch.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import keras_tuner

BEGAN = time.perf_counter()
STEPS = 40
"""Training steps of a head that are timed, after as many that warm up."""


@dataclass(frozen=True)
class Job:
    """What is searched.

    Attributes:
        photos: a folder with `train/<class>/` and `validation/<class>/`.
        backbone: MobileNet or VGG16, as keras.applications calls it.
        weights: `imagenet`, a file of weights, or None for random ones.
        side: height and width of the images in pixels.
        batch_size: images in one step.
        epochs: of each trial.
        trials: the values of each: units, dropout, learning_rate.
        parts: batches by which the backbone alone is timed, in place of the trials; 0 to run the trials.
    """

    photos: str
    backbone: str
    weights: str | None
    side: int
    batch_size: int
    epochs: int
    trials: list[dict[str, float]]
    parts: int = 0

    def images(self, part: str) -> Any:  # noqa: ANN401 - a tf.data.Dataset
        """Batches of (batch, side, side, 3), 0-255, and labels."""
        import keras
        import tensorflow as tf

        folder, size = Path(self.photos) / part, (self.side, self.side)
        loaded = keras.utils.image_dataset_from_directory(
            folder, image_size=size, batch_size=self.batch_size, seed=0, verbose=0
        )
        return loaded.cache().prefetch(tf.data.AUTOTUNE)

    def frozen(self) -> "keras.Model":
        """The backbone, without its top."""
        import keras

        settings: dict[str, Any] = {"alpha": 0.25} if self.backbone == "MobileNet" else {}
        build = getattr(keras.applications, self.backbone)
        shape = (self.side, self.side, 3)
        network: keras.Model = build(include_top=False, weights=self.weights, input_shape=shape, **settings)
        network.trainable = False
        return network

    def model(self, hp: "keras_tuner.HyperParameters") -> "keras.Model":
        """From images, 0-255, to probabilities, compiled."""
        import keras

        images, network = keras.Input((self.side, self.side, 3)), self.frozen()
        preprocess = getattr(keras.applications, self.backbone.lower()).preprocess_input
        return headed(images, network(preprocess(images), training=False), hp)


def headed(images: "keras.KerasTensor", maps: "keras.KerasTensor", hp: "keras_tuner.HyperParameters") -> "keras.Model":
    """A compiled classifier of two classes with the head that is searched."""
    import keras

    units = hp.Choice("units", [64, 128, 256, 512])
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    hidden = keras.layers.Dense(units, activation="relu")(pooled)
    dropped = keras.layers.Dropout(hp.Float("dropout", 0.0, 0.5, step=0.1))(hidden)
    model = keras.Model(images, keras.layers.Dense(2, activation="softmax")(dropped))
    rate = hp.Float("learning_rate", 0.0003, 0.003, sampling="log")
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def search(job: Job) -> dict[str, Any]:
    """Run the trials; gives the seconds until the first one, those of each, and the best validation accuracy."""
    import keras_tuner

    class Given(keras_tuner.oracles.RandomSearchOracle):  # type: ignore[misc] # keras_tuner has no types
        """Random search whose draws were made by the other side."""

        def populate_space(self, trial_id: str) -> dict[str, Any]:
            return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": job.trials[int(trial_id)]}

    class Timed(keras_tuner.Tuner):  # type: ignore[misc] # keras_tuner has no types
        """A tuner that notes the seconds of each trial."""

        seconds: list[float] = []  # noqa: RUF012 - one tuner in one process

        def run_trial(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - KerasTuner's
            began = time.perf_counter()
            history = super().run_trial(*arguments, **options)
            self.seconds.append(time.perf_counter() - began)
            return history

    tuner = Timed(Given("val_accuracy", max_trials=len(job.trials), seed=0), job.model, directory=job.photos)
    train, validation = job.images("train"), job.images("validation")
    start = time.perf_counter() - BEGAN
    tuner.search(train, validation_data=validation, epochs=job.epochs, verbose=0)
    scores = [trial.score for trial in tuner.oracle.trials.values()]
    return {"start": start, "trials": Timed.seconds, "accuracy": max(scores)}


def parts(job: Job) -> dict[str, Any]:
    """Time what the trials consist of.

    Gives the seconds until the first trial could begin (`start`), until one is built (`build`), for an image in the
    backbone (`forward`), and for a batch's training step of the head alone on feature maps (`step`).
    """
    import keras
    import keras_tuner
    import numpy as np

    train = job.images("train")
    job.images("validation")
    start = time.perf_counter() - BEGAN
    began = time.perf_counter()
    network = job.frozen()
    build = time.perf_counter() - began
    images, labels = next(iter(train.unbatch().batch(job.batch_size)))
    maps = network.predict_on_batch(images)  # the first call traces
    forward = seconds(lambda: network.predict_on_batch(images), job.parts) / len(images)
    hp = keras_tuner.HyperParameters()
    hp.values = dict(job.trials[0])
    features = keras.Input(maps.shape[1:])
    head = headed(features, features, hp)
    targets = np.asarray(labels)
    seconds(lambda: head.train_on_batch(maps, targets), STEPS)
    step = seconds(lambda: head.train_on_batch(maps, targets), STEPS)
    return {"start": start, "build": build, "forward": forward, "step": step}


def seconds(work: Callable[[], object], times: int) -> float:
    """The median time of some work."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> int:
    """Do the job and write what was measured."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    job = Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    measured = parts(job) if job.parts else search(job)
    Path(sys.argv[2]).write_text(json.dumps(measured), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
