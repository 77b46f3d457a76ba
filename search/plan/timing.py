"""What runs in a child process to time one model: a few real training steps and a look at validation images."""

import statistics
import time
from dataclasses import dataclass

import keras

from cnnsearch.search.dataset.dataset import DatasetReference, open_dataset
from cnnsearch.search.model.build import build_model, create_variables
from cnnsearch.search.trial.batches import training_batches, validation_batches
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done, Timed
from cnnsearch.spaces.document import Configuration

_LEAST = 3
"""Steps that are made however long they take; the first of them, which is traced, does not count."""
_EPOCHS = 3
"""Where epochs are short, as many are timed whole; the first of them does not count."""


@dataclass(frozen=True)
class TimeJob:
    """What the process is told.

    Attributes:
        configuration: of the model; its weights are random.
        dataset: where the decoded images lie.
        validation_batch: validation images in a batch.
        seconds: how long it may go on after the first step.
    """

    configuration: Configuration
    dataset: DatasetReference
    validation_batch: int
    seconds: float


def run_timing(line: Line, job: TimeJob) -> None:
    """Train the model for some steps, as a trial would, and tell how long they took."""
    began = time.monotonic()
    configuration, dataset = job.configuration, open_dataset(job.dataset.without_test())
    keras.utils.set_random_seed(0)
    batches = training_batches(configuration, dataset, ("train",), seed=0)
    validation = validation_batches(configuration, dataset, "validation", job.validation_batch)
    model = build_model(configuration, classes=len(dataset.classes), steps_per_epoch=len(batches))
    create_variables(model, batches[0][1][:1])
    watch = StopWatch(job.seconds)
    ready = time.monotonic() - began
    model.fit(batches, validation_data=validation, epochs=_EPOCHS, callbacks=[watch], shuffle=False, verbose=0)
    while len(watch.looks) < 2:  # a single one was traced
        model.evaluate(validation, callbacks=[watch], verbose=0)
    images = min(job.validation_batch, len(dataset.rows("validation")))
    step, look = _typical(watch.steps), _typical(watch.looks)
    line.tell(
        Timed(
            start=ready + max(0.0, watch.steps[0] - step) + max(0.0, watch.looks[0] - look),
            step=step,
            forward=look / images,
            epoch=statistics.median(watch.epochs) if watch.epochs else None,
            device="gpu" if keras.distribution.list_devices("gpu") else "cpu",
        )
    )
    line.tell(Done())


def _typical(seconds: list[float]) -> float:
    """The median without the first, which was traced."""
    return statistics.median(seconds[1:])


class StopWatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Times steps, validation batches and whole epochs, and ends the training when its time is over.

    Attributes:
        steps: seconds of each training step, the waiting for its images included.
        looks: seconds of each validation batch.
        epochs: seconds of each whole epoch but the first.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.steps: list[float] = []
        self.looks: list[float] = []
        self.epochs: list[float] = []
        self._seconds, self._deadline = seconds, 0.0
        self._mark = self._epoch_began = 0.0
        self._cut = False

    def _lap(self) -> float:
        """Seconds since the last lap."""
        now = time.monotonic()
        seconds, self._mark = now - self._mark, now
        return seconds

    def _late(self, done: list[float], least: int) -> bool:
        return len(done) >= least and time.monotonic() > self._deadline

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clocks."""
        self._lap()
        self._epoch_began = self._mark

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Note a step."""
        self.steps.append(self._lap())
        if len(self.steps) == 1:
            self._deadline = self._mark + self._seconds
        if self._late(self.steps, _LEAST):
            self._cut = self.model.stop_training = True

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        self._lap()

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Note a validation batch."""
        self.looks.append(self._lap())
        if self._late(self.looks, 2):
            self._cut = self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note an epoch that nothing cut short and no tracing made longer."""
        if epoch and not self._cut:
            self.epochs.append(time.monotonic() - self._epoch_began)
