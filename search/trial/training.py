"""One trial, in its own process: build the model, fit it, report each epoch, keep the best weights, write the model.

With `fine_tune` a training has two phases: the second one begins with the best weights of the first. With `data.folds`
all of it is done once for each fold, and the score is the mean of the folds' best values.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import keras

from cnnsearch.search.dataset.dataset import DatasetReference, open_dataset
from cnnsearch.search.devices.facts import device_facts
from cnnsearch.search.model.build import build_network, create_variables, make_plain
from cnnsearch.search.model.precision import with_jit, with_precision
from cnnsearch.search.model.views import seen_through
from cnnsearch.search.records import Objective
from cnnsearch.search.seeds import fold_seed
from cnnsearch.search.trial.callbacks import AveragedWeights, BestWeights, Place, Reporter, Validation
from cnnsearch.search.trial.data_parallel import on_all_devices
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.material import Wanted, material_of
from cnnsearch.search.trial.messages import Built, DiskFull, Done, Trained
from cnnsearch.search.writing import is_full_disk, write_beside
from cnnsearch.spaces.document import Configuration, Training
from cnnsearch.spaces.phases import phases


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
    """How one training, or one phase of it, ended.

    Attributes:
        weights: of the whole model in its best epoch.
        score: of its best epoch.
        reason: why it ended before its last epoch, or nothing.
        stopped: whether the parent ended it, and with it the trial.
        epochs: how many its fold has had so far.
    """

    weights: list[Any]
    score: float | None
    reason: str
    stopped: bool
    epochs: int


@on_all_devices
def run_trial(line: Line, job: TrialJob) -> None:
    """Train one configuration and report on the way; with folds, once on each of them, from fresh weights.

    With folds the model of the first one is kept. It is chosen before any score is known, so its own validation score
    is no best of several; and no fold reads the test part, so that its test score is as honest as without folds.

    Raises:
        NotANumber: the loss was not finite after an epoch.
    """
    job = replace(job, configuration=with_precision(job.configuration, device_facts()))
    folds = job.configuration.data.folds if job.validation else None
    ended: list[_Ended] = []
    for fold in [None] if folds is None else range(1, folds + 1):
        if ended:
            keras.backend.clear_session()  # else each fold's graphs stay to the end
        model, end = _trained(line, job, fold)
        ended.append(end if not ended else replace(end, weights=[]))
        if end.stopped:
            break
    scores = [end.score for end in ended if end.score is not None]
    if line.ask(Trained(_reason(ended), fmean(scores) if scores else None)):
        if len(ended) > 1:
            model = build_network(phases(job.configuration)[-1], len(open_dataset(job.dataset).classes))
        model.set_weights(ended[0].weights)
        model = seen_through(model, job.configuration.evaluation)
        make_plain(model)
        write_model(line, job.model, model)
    line.tell(Done())


def built(model: keras.Model, configuration: Configuration) -> Built:
    """What the parent is told of a network, and of its training's settings where they said `auto`."""
    training = configuration.training
    return Built(model.count_params(), device_facts().kind, training.precision, jit=training.jit is True)


def write_model(line: Line, path: Path, model: keras.Model) -> None:
    """Write the model; on a full disk as often as the parent wants it, for the training must not be in vain."""
    while True:
        try:
            return write_beside(path, model.save)
        except Exception as error:
            if not is_full_disk(error):
                raise
        line.ask(DiskFull())


def _trained(line: Line, job: TrialJob, fold: int | None) -> tuple[keras.Model, _Ended]:
    """A model trained on all of a trial's data, or on one fold of it, from 1, in all its phases; and how it ended."""
    seed = job.seed if fold is None else fold_seed(job.seed, fold)
    keras.utils.set_random_seed(seed)
    reference = job.dataset if fold is None else job.dataset.of_fold(fold - 1)
    dataset = open_dataset(reference.without_test())
    course = phases(job.configuration)
    ended: list[_Ended] = []
    for number, phase in enumerate(course, start=1):
        model = build_network(phase, len(dataset.classes))
        configuration = with_jit(phase, model, device_facts())
        if ended:
            model.set_weights(ended[-1].weights)
        elif fold in (None, 1):
            line.tell(built(model, configuration))
        wanted = Wanted(configuration, dataset, job.train, job.validation, seed)
        place = Place(fold, number if len(course) > 1 else None, ended[-1].epochs if ended else 0)
        ended.append(_phase(line, wanted, model, place, job.objective))
        if ended[-1].stopped:
            break
    return model, _best(ended, job.objective)


def _best(ended: list[_Ended], objective: Objective) -> _Ended:
    """How a training of several phases ended: with the weights and the score of the best of them."""
    best = ended[0]
    for end in ended[1:]:
        if end.score is None or objective.better(end.score, best.score):
            best = end
    return replace(ended[-1], weights=best.weights, score=best.score)


def _phase(line: Line, wanted: Wanted, model: keras.Model, place: Place, objective: Objective) -> _Ended:
    """Train a model for one phase and leave it with the weights of its best epoch."""
    training = wanted.configuration.training
    material = material_of(wanted, model, line.tell)
    create_variables(material.trained, material.train[0][1][:1])
    best = BestWeights(objective if wanted.validation else None)
    validation = None if material.validation is None else Validation(material.validated, material.validation)
    reporter = Reporter(line, place, lambda: material.making + validation.seconds if validation else 0.0)
    stopping = _early_stopping(training) if wanted.validation else None
    averaged = AveragedWeights() if training.ema is not None else None
    material.trained.fit(
        material.fed.data,
        steps_per_epoch=material.fed.steps,
        epochs=training.epochs,
        callbacks=[each for each in (averaged, validation, reporter, best, stopping) if each],
        shuffle=False,  # Batches has its own order, drawn anew for each epoch from the seed
        verbose=0,
    )
    if best.weights is not None:
        material.trained.set_weights(best.weights)
    reason = reporter.ended_by or _stopped_by(training, stopping)
    return _Ended(model.get_weights(), best.score, reason, bool(reporter.ended_by), reporter.epochs)


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
