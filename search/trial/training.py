"""One trial, in its own process: build the model, fit it, report each epoch, keep the best weights, write the model.

With `fine_tune` a training has two phases: the second one begins with the best weights of the first. With `data.folds`
all of it is done once for each fold, and the score is the mean of the folds' best values. On rungs it is done before
with less: see spaces/rungs.py. course.py has all of it in order.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from statistics import fmean

import keras

from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.model.build import build_network, create_variables, make_plain
from cnnsearch.search.model.views import seen_through
from cnnsearch.search.records import Objective
from cnnsearch.search.trial.callbacks import AveragedWeights, BestWeights, Reporter, Validation
from cnnsearch.search.trial.course import (
    Ended,
    Place,
    Stage,
    TrialJob,
    course_of,
    ends_rung,
    epochs_before,
    of_folds,
    reason_of,
    still_asked,
)
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.material import Wanted, material_of
from cnnsearch.search.trial.messages import Built, DiskFull, Done, RungDone, Trained, Verdict
from cnnsearch.search.writing import is_full_disk, write_beside
from cnnsearch.spaces.document import Training
from cnnsearch.spaces.phases import phases


def run_trial(line: Line, job: TrialJob) -> None:
    """Train one configuration, stage by stage, and report on the way.

    With folds the model of the first one is kept. It is chosen before any score is known, so its own validation score
    is no best of several; and no fold reads the test part, so that its test score is as honest as without folds.

    Raises:
        NotANumber: the loss was not finite after an epoch.
    """
    course, ended = course_of(job), list[Ended]()
    for stage, coming in zip_longest(course, course[1:]):
        model, end = _trained(line, stage, job.objective, ended)
        ended = still_asked([*ended, end], coming)
        if not end.stopped and ends_rung(stage, coming):
            ended = _judged(line, ended)
        if ended[-1].stopped:
            break
    folds = of_folds(ended, job.objective)
    scores = [end.score for end in folds if end.score is not None]
    if line.ask(Trained(reason_of(folds), fmean(scores) if scores else None)):
        if len(folds) > 1:
            model = build_network(phases(job.configuration)[-1], len(open_dataset(job.dataset).classes))
        model.set_weights(folds[0].weights)
        model = seen_through(model, job.configuration.evaluation)
        make_plain(model)
        write_model(line, job.model, model)
    line.tell(Done())


def _judged(line: Line, ended: Sequence[Ended]) -> list[Ended]:
    """The same, stopped where the parent does not let the trial climb on."""
    *before, last = ended
    verdict = line.ask(RungDone(last.place.rung)) if last.place.rung else Verdict.GO_ON
    stopped = verdict is not Verdict.GO_ON
    return [*before, replace(last, stopped=stopped, reason=str(verdict) if stopped else last.reason)]


def write_model(line: Line, path: Path, model: keras.Model) -> None:
    """Write the model; on a full disk as often as the parent wants it, for the training must not be in vain."""
    while True:
        try:
            return write_beside(path, model.save)
        except Exception as error:
            if not is_full_disk(error):
                raise
        line.ask(DiskFull())


def _trained(line: Line, stage: Stage, objective: Objective, ended: Sequence[Ended]) -> tuple[keras.Model, Ended]:
    """The whole model after a stage, with the weights of its best epoch, and how the stage ended."""
    if stage.starts_fresh:
        if ended:
            keras.backend.clear_session()  # else each fold's graphs stay to the end
        keras.utils.set_random_seed(stage.seed)
    dataset = open_dataset(stage.dataset)
    model = build_network(stage.configuration, len(dataset.classes))
    if not stage.starts_fresh:
        model.set_weights(ended[-1].weights)
    if not ended or ended[-1].place.rung != stage.place.rung:  # of larger images more weights may be made
        line.tell(Built(model.count_params(), "gpu" if keras.distribution.list_devices("gpu") else "cpu"))
    wanted = Wanted(stage.configuration, dataset, stage.train, stage.validation, stage.seed)
    return model, _fitted(line, wanted, model, stage.place, epochs_before(stage, ended), objective)


def _fitted(line: Line, wanted: Wanted, model: keras.Model, place: Place, before: int, objective: Objective) -> Ended:
    """Train a model for one stage and leave it with the weights of its best epoch."""
    training = wanted.configuration.training
    material = material_of(wanted, model, line.tell)
    create_variables(material.trained, material.train[0][1][:1])
    best = BestWeights(objective if wanted.validation else None)
    validation = None if material.validation is None else Validation(material.validated, material.validation)
    reporter = Reporter(line, place, before, lambda: material.making + validation.seconds if validation else 0.0)
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
    return Ended(place, model.get_weights(), best.score, reason, bool(reporter.ended_by), reporter.epochs)


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
