"""What runs in a child process to time one phase of a training: a few real steps and a look at validation images.

Where the training is fed with features, the steps are made on random ones, and the making of real ones is timed for
itself: a plan writes none to disk.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from cnnsearch.search.dataset.dataset import Dataset, DatasetReference, open_dataset
from cnnsearch.search.dataset.feeding.batches import Batches
from cnnsearch.search.devices.facts import device_facts
from cnnsearch.search.devices.threads import limit_threads
from cnnsearch.search.features.features import Features
from cnnsearch.search.features.feeding import EveryView, OneView
from cnnsearch.search.features.store import BATCH
from cnnsearch.search.model.build import build_for_steps, build_network, compile_model, create_variables
from cnnsearch.search.model.copies import copies_of, copy_names, has_lasting_features
from cnnsearch.search.model.cut import Cut, cut
from cnnsearch.search.model.loss import loss_and_metric
from cnnsearch.search.model.precision import with_jit, with_precision
from cnnsearch.search.model.views import mean_over_views, seen_through, views_of
from cnnsearch.search.trial.batches import training_batches, validation_batches
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Done, Timed
from cnnsearch.spaces.document import Backbone, Configuration, branch_of

_LEAST = 3
"""Steps that are made however long they take; the first of them, which is traced, does not count."""
_EPOCHS = 3
"""Where epochs are short, as many are timed whole; the first of them does not count."""
_FEW = 2
"""Images that show how many can be made into features in the time there is."""


_RANDOM = 64
"""Images that have random features of their own; all others have the same ones again."""


@dataclass(frozen=True)
class TimeJob:
    """What the process is told.

    Attributes:
        configuration: of the phase; its weights are random.
        dataset: where the decoded images lie.
        validation_batch: validation images in a batch.
        seconds: how long it may go on after the first step.
    """

    configuration: Configuration
    dataset: DatasetReference
    validation_batch: int
    seconds: float


@dataclass(frozen=True, eq=False)
class _Running:
    """What a phase runs: the compiled models that learn and are measured, and what each of them is fed."""

    trained: keras.Model
    train: Batches
    validated: keras.Model
    validation: Batches


def run_timing(line: Line, job: TimeJob) -> None:
    """Train the model for some steps, as a trial would, and tell how long they took."""
    began = time.monotonic()
    limit_threads(job.configuration.training.threads)
    dataset, device = open_dataset(job.dataset.without_test()), device_facts()
    keras.utils.set_random_seed(0)
    configuration = with_precision(job.configuration, device)
    model = build_network(configuration, classes=len(dataset.classes))
    configuration = with_jit(configuration, model, device)
    job = replace(job, configuration=configuration)
    parts = cut(model) if has_lasting_features(configuration) else None
    running = _running(job, dataset, model, parts)
    create_variables(running.trained, running.train[0][1][:1])
    looks = Looks(running.validated, running.validation, job.seconds)
    watch = StopWatch(job.seconds, looks)
    ready = time.monotonic() - began
    running.trained.fit(running.train, epochs=_EPOCHS, callbacks=[looks, watch], shuffle=False, verbose=0)
    while len(looks.seconds) < 2:  # a single one was traced
        looks.look()
    views = min(job.validation_batch, len(dataset.rows("validation"))) * configuration.evaluation.views
    step, look = _typical(watch.steps), _typical(looks.seconds)
    line.tell(
        Timed(
            start=ready + max(0.0, watch.steps[0] - step) + max(0.0, looks.seconds[0] - look),
            step=step,
            forward=look / views,
            epoch=statistics.median(watch.epochs) if watch.epochs else None,
            making=_making(configuration, parts, dataset, job.seconds) if parts else None,
            device=device.kind,
        )
    )
    line.tell(Done())


def _running(job: TimeJob, dataset: Dataset, model: keras.Model, parts: Cut | None) -> _Running:
    configuration, evaluation, batch = job.configuration, job.configuration.evaluation, job.validation_batch
    if parts is None:
        train = training_batches(configuration, dataset, ("train",), seed=0)
        validation = validation_batches(configuration, dataset, "validation", batch)
        trained = build_for_steps(configuration, len(dataset.classes), model) or model
        running = _Running(trained, train, seen_through(model, evaluation), validation)
    else:
        copies, views = copy_names(configuration.augment), [view.name for view in views_of(evaluation)]
        learned, looked = (_random_features(configuration, parts, dataset, names) for names in (copies, views))
        train = training_batches(configuration, dataset, ("train",), 0, OneView(learned, 0))
        validation = validation_batches(configuration, dataset, "validation", batch, EveryView(looked))
        seen = mean_over_views(parts.rest, len(views)) if len(views) > 1 else parts.rest
        running = _Running(parts.rest, train, seen, validation)
    compile_model(running.trained, configuration, len(dataset.classes), len(train))
    if not running.validated.compiled:
        loss, accuracy = loss_and_metric(configuration, len(dataset.classes))
        running.validated.compile(loss=loss, metrics=[accuracy], jit_compile=configuration.training.jit)
    return running


def _random_features(configuration: Configuration, parts: Cut, dataset: Dataset, views: Sequence[str]) -> Features:
    """Features of all images in these views, of few random numbers: what they are does not change how long it takes."""
    _, section = branch_of(configuration.model)
    precision = section.features if isinstance(section, Backbone) else "float32"
    shape = (_RANDOM, *parts.rest.input_shape[1:])
    values = np.random.default_rng(0).random(shape, np.float32).astype(precision)
    places = np.arange(len(dataset.labels)) % _RANDOM
    return Features(tuple(views), (values,) * len(views), places)


def _typical(seconds: list[float]) -> float:
    """The median without the first, which was traced."""
    return statistics.median(seconds[1:])


def _making(configuration: Configuration, parts: Cut, dataset: Dataset, limit: float) -> float:
    """Seconds that the features of one image take, of a copy that is changed as the training wants it."""
    copy = copies_of(configuration.augment, dataset.shape)[-1]
    rows = dataset.rows("train")

    def seconds(images: int, limit: float) -> float:
        """Of one image in such a batch; of two batches at least the first one, which is traced, does not count."""
        pixels, taken, began = dataset.images[rows[:images]], list[float](), time.monotonic()
        while len(taken) < 2 or time.monotonic() - began < limit / 2:
            mark = time.monotonic()
            parts.frozen.predict_on_batch(copy.apply(pixels))
            taken.append(time.monotonic() - mark)
        return _typical(taken) / len(pixels)

    return seconds(min(BATCH, max(_FEW, int(limit / 3 / seconds(_FEW, 0.0)))), limit)


class Looks(keras.callbacks.Callback):  # type: ignore[misc]
    """Measures a model after each epoch of another one, as a trial does, and times each validation batch.

    Attributes:
        seconds: of each batch.
    """

    def __init__(self, validated: keras.Model, batches: Batches, limit: float) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.is_cut = False
        self._validated, self._batches, self._limit = validated, batches, limit

    def look(self) -> None:
        """Measure once, unless it takes too long."""
        laps = _Laps(self.seconds, time.monotonic() + self._limit)
        self._validated.evaluate(self._batches, callbacks=[laps], verbose=0)
        self.is_cut = laps.is_cut

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Measure."""
        self.look()


class _Laps(keras.callbacks.Callback):  # type: ignore[misc]
    """Adds the seconds of each validation batch to a list, and ends the measuring when its time is over."""

    def __init__(self, seconds: list[float], deadline: float) -> None:
        super().__init__()
        self.is_cut = False
        self._seconds, self._deadline, self._mark = seconds, deadline, 0.0

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        self._mark = time.monotonic()

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Note a validation batch."""
        now = time.monotonic()
        self._seconds.append(now - self._mark)
        self._mark = now
        if len(self._seconds) > 1 and now > self._deadline:
            self.is_cut = self.model.stop_evaluating = True


class StopWatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Times steps and whole epochs, and ends the training when its time is over.

    It comes behind `Looks`, so that an epoch counts its validation.

    Attributes:
        steps: seconds of each training step, the waiting for its images included.
        epochs: seconds of each whole epoch but the first.
    """

    def __init__(self, seconds: float, looks: Looks) -> None:
        super().__init__()
        self.steps: list[float] = []
        self.epochs: list[float] = []
        self._looks = looks
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

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Note an epoch that nothing cut short and no tracing made longer."""
        if epoch and not self._cut and not self._looks.is_cut:
            self.epochs.append(time.monotonic() - self._epoch_began)
