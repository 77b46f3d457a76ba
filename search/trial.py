"""One trial, in its own process: build the model, fit it, report each epoch, keep the best weights, write the model."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from cnnsearch.search.dataset.dataset import Dataset, DatasetReference, open_dataset
from cnnsearch.search.dataset.feeding import Batches
from cnnsearch.search.failures import NotANumber
from cnnsearch.search.line import Line
from cnnsearch.search.messages import Built, Done, EpochDone, Trained, Verdict
from cnnsearch.search.model.build import build_model, create_variables
from cnnsearch.search.records import Epoch, Objective
from cnnsearch.search.run_folder import write_beside
from cnnsearch.spaces.document import Configuration, Training

EVALUATION_BATCH = 128
"""Images in a batch where no gradient is kept."""


@dataclass(frozen=True)
class TrialJob:
    """What a trial's process is told.

    Attributes:
        configuration: what is trained.
        dataset: where the decoded images lie.
        train: the parts that are trained on.
        validation: the part measured after every epoch; None trains without one.
        objective: what the best epoch is chosen by; with no validation part the last epoch is kept.
        seed: of weights, dropout, augmentation and the order of the images.
        model: where the trained model goes.
    """

    configuration: Configuration
    dataset: DatasetReference
    train: tuple[str, ...]
    validation: str | None
    objective: Objective
    seed: int
    model: Path


def run_trial(line: Line, job: TrialJob) -> None:
    """Train one configuration and report on the way.

    Raises:
        NotANumber: the loss was not finite after an epoch.
    """
    configuration = job.configuration
    keras.utils.set_random_seed(job.seed)
    dataset = open_dataset(job.dataset)
    training = configuration.training
    batches = Batches(dataset, job.train, training.batch_size, seed=job.seed, shuffle=True)
    model = build_model(configuration, classes=len(dataset.classes), steps_per_epoch=len(batches))
    line.tell(Built(model.count_params(), "gpu" if keras.distribution.list_devices("gpu") else "cpu"))
    create_variables(model)
    best = BestWeights(job.objective if job.validation else None)
    reporter = Reporter(line)
    stopping = _early_stopping(training) if job.validation else None
    model.fit(
        batches,
        validation_data=_validation(dataset, job.validation),
        epochs=training.epochs,
        callbacks=[callback for callback in (reporter, best, stopping) if callback],
        shuffle=False,  # Batches has its own order, drawn anew for each epoch from the seed
        verbose=0,
    )
    reason = reporter.ended_by or _stopped_by(training, stopping)
    if line.ask(Trained(reason, best.score)):
        best.restore(model)
        write_beside(job.model, lambda beside: model.save(beside, include_optimizer=False))
    line.tell(Done())


def _validation(dataset: Dataset, part: str | None) -> Batches | None:
    return Batches(dataset, (part,), EVALUATION_BATCH, shuffle=False) if part else None


def _early_stopping(training: Training) -> keras.callbacks.EarlyStopping | None:
    rule = training.early_stopping
    if rule is None:
        return None
    return keras.callbacks.EarlyStopping(
        monitor=rule.monitor,
        mode=Objective.of(rule.monitor).direction,
        patience=rule.patience,
        min_delta=rule.min_delta,
    )


def _stopped_by(training: Training, stopping: keras.callbacks.EarlyStopping | None) -> str:
    if training.early_stopping is None or stopping is None:
        return ""
    if (
        not 0 < stopping.stopped_epoch < training.epochs - 1
    ):  # counted from 0; at the last epoch there is nothing to stop
        return ""
    return f"no better {training.early_stopping.monitor} for {training.early_stopping.patience} epochs"


class Reporter(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells the parent of each epoch and obeys its verdict."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self._began = time.monotonic()
        self.ended_by = ""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the epoch's clock."""
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report an epoch.

        Raises:
            NotANumber: its loss is not finite.
        """
        metrics = {name: float(value) for name, value in (logs or {}).items()}
        metrics.setdefault("learning_rate", float(self.model.optimizer.learning_rate))
        for name in ("loss", "val_loss"):
            if not math.isfinite(metrics.get(name, 0.0)):
                raise NotANumber(f"{name} is {metrics[name]} after epoch {epoch + 1}")
        verdict = self._line.ask(EpochDone(Epoch(epoch + 1, metrics, time.monotonic() - self._began)))
        if verdict is not Verdict.GO_ON:
            self.ended_by = str(verdict)
            self.model.stop_training = True


class BestWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the weights of the best epoch in memory; without an objective the last epoch's weights simply stay."""

    def __init__(self, objective: Objective | None) -> None:
        super().__init__()
        self._objective = objective
        self._weights: list[Any] | None = None
        self.score: float | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Copy the weights where this epoch is the best so far."""
        if self._objective is None:
            return
        score = (logs or {}).get(self._objective.metric)
        if score is not None and math.isfinite(score) and self._objective.better(score, self.score):
            self.score = float(score)
            self._weights = self.model.get_weights()

    def restore(self, model: keras.Model) -> None:
        """Put the best epoch's weights back."""
        if self._weights is not None:
            model.set_weights(self._weights)
