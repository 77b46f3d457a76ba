"""The next batches are gathered while a step runs, in order, and nothing goes on after a training."""

import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
import pytest

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.feeding import pixels
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data


@pytest.fixture
def dataset(folder, pets, tmp_path: Path) -> Dataset:
    return prepare_dataset(Data(source=str(folder(pets)), image_size=[4, 4]), tmp_path / "cache")


@pytest.fixture
def model() -> keras.Model:
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


class Watched(Batches):
    """Tells when the second batch of an epoch was gathered."""

    second = threading.Event()

    def __getitem__(self, index):
        batch = super().__getitem__(index)
        if self._begun and index == 1:
            self.second.set()
        return batch


def test_a_batch_is_gathered_while_the_step_before_it_runs(dataset: Dataset, model: keras.Model) -> None:
    batches, ahead = Watched(dataset, ["train"], 4), []

    class Slow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 0:  # the thread that steps stands here until another has gathered the next batch
                ahead.append(batches.second.wait(60))

    model.fit(batches, epochs=1, callbacks=[Slow()], shuffle=False, verbose=0)
    assert ahead == [True]


class BrokenOff(Exception):
    """What ends a training in its middle."""


class End(keras.callbacks.Callback):
    """Ends a training in its first step, as a pruned trial ends or as a failing one does."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self._fails = fails

    def on_train_batch_end(self, batch, logs=None):
        if self._fails:
            raise BrokenOff("in the first step")
        self.model.stop_training = True


@pytest.mark.parametrize("fails", [False, True])
def test_a_training_that_ends_in_its_middle_leaves_no_thread(
    dataset: Dataset, model: keras.Model, *, fails: bool
) -> None:
    before = set(threading.enumerate())
    batches = Batches(dataset, ["train"], 2)
    with pytest.raises(BrokenOff, match="in the first step") if fails else nullcontext():
        model.fit(batches, epochs=3, callbacks=[End(fails=fails)], shuffle=False, verbose=0)
    # TensorFlow's own threads show here as dummies when they call Python; they belong to its pool
    left = {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}
    assert left <= before


def test_streamed_images_train_the_same_model(
    dataset: Dataset, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, trained = model.get_weights(), []
    for kind in (pixels.Held, pixels.Streamed):
        batches = Batches(dataset, ["train"], 4, seed=3)
        batches._pixels = kind(dataset.images)
        model.set_weights(start)
        model.fit(batches, epochs=3, shuffle=False, verbose=0)
        trained.append([weight.tobytes() for weight in model.get_weights()])
    assert trained[0] == trained[1]


SHADES = """
import sys
from pathlib import Path
import keras, numpy
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.dataset.prepare import prepare_dataset
from cnnsearch.spaces.document import Data
dataset = prepare_dataset(Data(source=sys.argv[1], image_size=[4, 4]), Path(sys.argv[2]))
inputs = keras.Input((4, 4, 3))
model = keras.Model(inputs, keras.layers.Flatten()(inputs))
batches = Batches(dataset, ["train"], 4, seed=3)
seen = []
for epoch in (0, 2):
    batches.epoch = epoch
    seen.append(model.predict(batches, verbose=0).astype("uint8"))
layers = [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
classifier = keras.Sequential([inputs, *layers])
classifier.compile("sgd", "sparse_categorical_crossentropy")
batches.epoch = 2
losses = classifier.fit(batches, initial_epoch=2, epochs=4, shuffle=False, verbose=0).history["loss"]
numpy.save(sys.argv[3], seen)
sys.exit(not (keras.backend.backend() == sys.argv[4] and len(losses) == 2 and numpy.isfinite(losses).all()
    and batches.epoch == 4))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_every_backend_is_fed_the_same_images_in_the_same_order(
    folder, pets, dataset: Dataset, tmp_path: Path, backend: str
) -> None:
    pytest.importorskip(backend)
    source, out = folder(pets), tmp_path / "seen.npy"
    command = [sys.executable, "-c", SHADES, str(source), str(tmp_path / "cache"), str(out), backend]
    subprocess.run(command, check=True, timeout=250, env=os.environ | {"KERAS_BACKEND": backend})
    expected = Batches(dataset, ["train"], 4, seed=3)
    for epoch, images in zip((0, 2), np.load(out), strict=True):
        expected.epoch = epoch
        assert np.array_equal(images, dataset.images[expected.rows].reshape(len(images), -1))
