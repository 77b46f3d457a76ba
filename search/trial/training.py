"""One trial, in its own process: build the model, fit it, report each epoch, keep the best weights, write the model.

With `data.folds` it does so once for each fold, and its score is the mean of the folds' best values.
"""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import keras
import numpy as np

from cnnsearch.search.dataset.dataset import DatasetReference, open_dataset
from cnnsearch.search.model.build import build_model, create_variables, make_plain
from cnnsearch.search.records import Epoch, Objective
from cnnsearch.search.seeds import fold_seed
from cnnsearch.search.trial.batches import training_batches, validation_batches
from cnnsearch.search.trial.failures import NotANumber
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.messages import Built, Done, EpochDone, Trained, Verdict
from cnnsearch.search.writing import write_beside
from cnnsearch.spaces.document import Configuration, Training


@dataclass(frozen=True)
class TrialJob:
    """What a trial's process is told.

    Attributes:
        configuration: what is trained.
        dataset: where the decoded images lie; those of the test part are out of the trial's reach.
        train: the parts that are trained on.
        validation: the part measured after every epoch; None trains without one.
        objective: what the best epoch is chosen by; with no validation part the last epoch is kept.
        seed: of weights, dropout, augmentation and the order of the images; later folds draw theirs from it.
        model: where the trained model goes.
    """

    configuration: Configuration
    dataset: DatasetReference
    train: tuple[str, ...]
    validation: str | None
    objective: Objective
    seed: int
    model: Path


@dataclass(frozen=True)
class _Ended:
    """How one training ended.

    Attributes:
        weights: of its best epoch; None where those in the model are the ones to keep.
        score: of its best epoch.
        reason: why it ended before its last epoch, or nothing.
        stopped: whether the parent ended it, and with it the trial.
        steps: in an epoch.
    """

    weights: list[Any] | None
    score: float | None
    reason: str
    stopped: bool
    steps: int


def run_trial(line: Line, job: TrialJob) -> None:
    """Train one configuration and report on the way; with folds, once on each of them, from fresh weights.

    With folds the model of the first one is kept. It is chosen before any score is known, so its own validation score
    is no best of several; and no fold reads the test part, so that its test score is as honest as without folds.

    Raises:
        NotANumber: the loss was not finite after an epoch.
    """
    folds = job.configuration.data.folds if job.validation else None
    ended: list[_Ended] = []
    for fold in [None] if folds is None else range(1, folds + 1):
        if ended:
            keras.backend.clear_session()  # else each fold's graphs stay to the end
        model, end = _trained(line, job, fold)
        ended.append(end if not ended else replace(end, weights=None))
        if end.stopped:
            break
    scores = [end.score for end in ended if end.score is not None]
    if line.ask(Trained(_reason(ended), fmean(scores) if scores else None)):
        if len(ended) > 1:
            model = build_model(job.configuration, len(open_dataset(job.dataset).classes), ended[0].steps)
        if ended[0].weights is not None:
            model.set_weights(ended[0].weights)
        make_plain(model)
        write_beside(job.model, model.save)
    line.tell(Done())


def _trained(line: Line, job: TrialJob, fold: int | None) -> tuple[keras.Model, _Ended]:
    """A model trained on all of a trial's data, or on one fold of it, from 1."""
    configuration, training = job.configuration, job.configuration.training
    seed = job.seed if fold is None else fold_seed(job.seed, fold)
    keras.utils.set_random_seed(seed)
    reference = job.dataset if fold is None else job.dataset.of_fold(fold - 1)
    dataset = open_dataset(reference.without_test())
    batches = training_batches(configuration, dataset, job.train, seed)
    model = build_model(configuration, classes=len(dataset.classes), steps_per_epoch=len(batches))
    if fold in (None, 1):
        line.tell(Built(model.count_params(), "gpu" if keras.distribution.list_devices("gpu") else "cpu"))
    create_variables(model, batches[0][1][:1])
    best = BestWeights(job.objective if job.validation else None)
    averaged = AveragedWeights() if training.ema is not None else None
    reporter = Reporter(line, fold)
    stopping = _early_stopping(training) if job.validation else None
    model.fit(
        batches,
        validation_data=validation_batches(configuration, dataset, job.validation) if job.validation else None,
        epochs=training.epochs,
        callbacks=[callback for callback in (averaged, reporter, best, stopping) if callback],
        shuffle=False,  # Batches has its own order, drawn anew for each epoch from the seed
        verbose=0,
    )
    reason = reporter.ended_by or _stopped_by(training, stopping)
    return model, _Ended(best.weights, best.score, reason, bool(reporter.ended_by), len(batches))


def _reason(ended: list[_Ended]) -> str:
    """Why a trial ended: what its parent said, else what stopped its training; with folds, in how many of them."""
    if len(ended) == 1 or ended[-1].stopped:
        return ended[-1].reason
    reasons = [end.reason for end in ended if end.reason]
    return f"{reasons[0]} in {len(reasons)} of {len(ended)} folds" if reasons else ""


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

    def __init__(self, line: Line, fold: int | None = None) -> None:
        super().__init__()
        self._line, self._fold = line, fold
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
                of_fold = "" if self._fold is None else f" of fold {self._fold}"
                raise NotANumber(f"{name} is {metrics[name]} after epoch {epoch + 1}{of_fold}")
        verdict = self._line.ask(EpochDone(Epoch(epoch + 1, metrics, time.monotonic() - self._began, self._fold)))
        if verdict is not Verdict.GO_ON:
            self.ended_by = str(verdict)
            self.model.stop_training = True


class AveragedWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Puts the running mean of the weights, which the optimizer keeps, in the model from an epoch's end to the next.

    So validation and every callback after this one see the averaged weights, and training goes on from its own. At the
    end of training the averaged weights stay. Keras' SwapEMAWeights swaps by additions, whose rounding errors stay in
    the weights that training goes on with, and leaves these in the model where a training ends before its last epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._own: list[Any] | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Put the training's own weights back."""
        if self._own is not None:
            for variable, value in zip(self.model.trainable_variables, self._own, strict=True):
                variable.assign(value)
        self._own = None

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Average before the validation, which comes before an epoch's end."""
        self._average()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Average where there was no validation."""
        self._average()

    def _average(self) -> None:
        if self._own is None:
            variables = self.model.trainable_variables
            self._own = [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
            self.model.optimizer.finalize_variable_values(variables)


class BestWeights(keras.callbacks.Callback):  # type: ignore[misc]
    """Keeps the weights of the best epoch in memory; without an objective the last epoch's weights simply stay."""

    def __init__(self, objective: Objective | None) -> None:
        super().__init__()
        self._objective = objective
        self.weights: list[Any] | None = None
        self.score: float | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Copy the weights where this epoch is the best so far."""
        if self._objective is None:
            return
        score = (logs or {}).get(self._objective.metric)
        if score is not None and math.isfinite(score) and self._objective.better(score, self.score):
            self.score = float(score)
            self.weights = self.model.get_weights()
