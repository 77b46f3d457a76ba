"""One trial, in its own process: build the model, fit it, report each epoch, keep the best weights, write the model.

With `fine_tune` a training has two phases: the second one begins with the best weights of the first. With `data.folds`
all of it is done once for each fold, and the score is the mean of the folds' best values. On rungs it is done before
with less: see spaces/rungs.py. course.py has all of it in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from statistics import fmean

import keras

from cnnsearch.search.dataset.dataset import open_dataset
from cnnsearch.search.devices.facts import device_facts
from cnnsearch.search.devices.threads import limit_threads
from cnnsearch.search.model.build import build_network, create_variables, make_plain, set_last_weights
from cnnsearch.search.model.precision import with_jit, with_precision
from cnnsearch.search.model.views import seen_through
from cnnsearch.search.trial.backup import Running, State, Unfit
from cnnsearch.search.trial.callbacks import AveragedWeights, BestWeights, Reporter, Validation
from cnnsearch.search.trial.course import (
    Ended,
    Stage,
    TrialJob,
    course_of,
    ends_rung,
    epochs_before,
    of_folds,
    reason_of,
    still_asked,
)
from cnnsearch.search.trial.data_parallel import on_all_devices
from cnnsearch.search.trial.keeping import Halted, Keeper, Vault, Watching, take_up
from cnnsearch.search.trial.line import Line
from cnnsearch.search.trial.material import Material, Wanted, material_of
from cnnsearch.search.trial.measuring import OutOfLimits, tell_built
from cnnsearch.search.trial.messages import Continued, Done, PhaseBegun, RungDone, Trained, Verdict
from cnnsearch.search.trial.room import when_there_is_room
from cnnsearch.search.trial.stopping import early_stopping, stopped_by
from cnnsearch.search.trial.whole import Whole
from cnnsearch.search.writing import write_beside


@dataclass(frozen=True)
class _Trial:
    """What a trial has at hand in each of its stages."""

    line: Line
    job: TrialJob
    vault: Vault


@dataclass(frozen=True, eq=False)
class Left:
    """The model that a trial leaves, and the stage that it is of: its images are those that it was chosen by."""

    model: keras.Model
    stage: Stage


def run_trial(line: Line, job: TrialJob) -> None:
    """Train one configuration, and say that all is done.

    Raises:
        NotANumber: the loss was not finite after an epoch.
    """
    train(line, job)
    line.tell(Done())


@on_all_devices
def train(line: Line, job: TrialJob) -> Left | None:
    """Train one configuration, stage by stage, and report on the way, unless its model breaks a constraint as it is.

    Gives the model where it is written.

    With folds the model of the first one is kept. It is chosen before any score is known, so its own validation score
    is no best of several; and no fold reads the test part, so that its test score is as honest as without folds.

    Raises:
        NotANumber: the loss was not finite after an epoch.
    """
    limit_threads(job.configuration.training.threads)
    job = replace(job, configuration=with_precision(job.configuration, device_facts()))
    trial = _Trial(line, job, Vault(line, job))
    try:
        whole, ended = _walked(trial)
    except (Halted, OutOfLimits):
        return None
    folds = of_folds(ended, job.objective)
    scores = [end.score for end in folds if end.score is not None]
    if not line.ask(Trained(reason_of(folds), fmean(scores) if scores else None)):
        return None
    course = course_of(job)
    model = whole.model if len(ended) == 1 else _fresh(course[len(ended) - 1])
    set_last_weights(model, folds[0].weights or [])
    model = seen_through(model, job.configuration.evaluation)
    make_plain(model)
    write_model(line, job.model, model)
    return Left(model, next(stage for stage in course if stage.place == folds[0].place))


def _judged(line: Line, ended: Sequence[Ended]) -> list[Ended]:
    """The same, stopped where the parent does not let the trial climb on."""
    *before, last = ended
    verdict = line.ask(RungDone(last.place.rung)) if last.place.rung else Verdict.GO_ON
    stopped = verdict is not Verdict.GO_ON
    return [*before, replace(last, stopped=stopped, reason=str(verdict) if stopped else last.reason)]


def write_model(line: Line, path: Path, model: keras.Model) -> None:
    """Write the model, where the disk is full, when there is room."""
    when_there_is_room(line, lambda: write_beside(path, model.save))


def _walked(trial: _Trial) -> tuple[Whole, list[Ended]]:
    """The network of the last stage, and how each stage ended; what a backup has behind it is not walked again.

    Raises:
        Halted: the parent wants the trial to go on at another time.
        OutOfLimits: its model breaks a constraint as it is.
    """
    state = trial.vault.found()
    try:
        if state is not None:
            return _walked_from(trial, state.ended, state.running)
    except Unfit as unfit:
        trial.vault.tell_of(unfit)
    if trial.job.had:
        trial.line.tell(Continued(0))
    return _walked_from(trial, (), None)


def _walked_from(trial: _Trial, before: Sequence[Ended], running: Running | None) -> tuple[Whole, list[Ended]]:
    course, ended = course_of(trial.job), [*before]
    for asked, coming in [*zip_longest(course, course[1:])][len(before) :]:
        if not asked.starts_fresh:
            trial.line.tell(PhaseBegun())
        whole = _begun(trial.job, asked, ended)
        stage = replace(asked, configuration=with_jit(asked.configuration, whole.trained, device_facts()))
        # Of larger images more weights may be made.
        if len(ended) == len(before) or ended[-1].place.rung != stage.place.rung:
            tell_built(trial.line, whole, stage.configuration, trial.job.measures)
        end = _fitted(trial, stage, whole, ended, running)
        ended, running = still_asked([*ended, end], coming), None
        if not end.stopped and ends_rung(stage, coming):
            ended = _judged(trial.line, ended)
        if ended[-1].stopped:
            break
    return whole, ended


def _fresh(stage: Stage) -> keras.Model:
    """The network of a stage as it was before: what one stage has learned must not stay beside what another has."""
    return build_network(stage.configuration, len(open_dataset(stage.dataset).classes))


def _begun(job: TrialJob, stage: Stage, ended: Sequence[Ended]) -> Whole:
    """The network as a stage begins with it."""
    if stage.starts_fresh and ended:
        keras.backend.clear_session()  # else each fold's graphs stay to the end
    keras.utils.set_random_seed(stage.seed)
    classes = len(open_dataset(stage.dataset).classes)
    # A later phase begins with the whole network of the one before, and a latency is that of the whole network.
    is_whole = stage.place.phase is not None or job.measures.latency
    whole = Whole(stage.configuration, classes, () if is_whole else job.known)
    if not stage.starts_fresh:
        set_last_weights(whole.model, ended[-1].weights or [])
    return whole


def _fitted(trial: _Trial, stage: Stage, whole: Whole, ended: Sequence[Ended], running: Running | None) -> Ended:
    """Train a network for one stage, or what is left of it, and leave it with the weights of its best epoch.

    Raises:
        Unfit: the state that it was to go on from is of another model.
        Halted: the parent wants the trial to go on at another time.
    """
    training = stage.configuration.training
    begun = running.epoch if running else 0
    dataset = open_dataset(stage.dataset)
    wanted = Wanted(stage.configuration, dataset, stage.train, stage.validation, stage.seed, begun)
    material = material_of(wanted, whole, trial.line.tell)
    create_variables(material.trained, material.train[0][1][:1])
    if running is not None:
        take_up(material.trained, running)
        trial.line.tell(Continued(State(tuple(ended), running).epochs))
    watching = _watching(trial, stage, material, epochs_before(stage, ended))
    material.trained.fit(
        material.fed.data,
        steps_per_epoch=material.fed.steps,
        epochs=training.epochs,
        initial_epoch=training.epochs if running and running.is_over else begun,
        callbacks=[*watching.in_turn, Keeper(trial.vault, ended, watching, running)],
        shuffle=False,  # Batches has its own order, drawn anew for each epoch from the seed
        verbose=0,
    )
    best, reporter = watching.best, watching.reporter
    if best.weights is not None:
        material.trained.set_weights(best.weights)
    material.follow()
    reason = reporter.ended_by or stopped_by(training, watching.stopping)
    return Ended(
        stage.place, whole.weights(material.trained), best.score, reason, bool(reporter.ended_by), reporter.epochs
    )


def _watching(trial: _Trial, stage: Stage, material: Material, before: int) -> Watching:
    """The callbacks of a stage whose fold has had so many epochs."""
    training = stage.configuration.training
    looks = None if material.validation is None else (material.validated, material.validation, material.follow)
    validation = Validation(*looks) if looks else None
    looked = lambda: material.making + validation.seconds if validation else 0.0  # noqa: E731
    last = training.epochs if stage.place == course_of(trial.job)[-1].place else None
    return Watching(
        averaged=AveragedWeights() if training.ema is not None else None,
        validation=validation,
        reporter=Reporter(trial.line, stage.place, before, looked, last),
        best=BestWeights(trial.job.objective if stage.validation else None),
        stopping=early_stopping(stage.configuration) if stage.validation else None,
    )
