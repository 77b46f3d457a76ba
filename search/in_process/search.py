"""A whole search of somebody's HyperModel, in this process: from its first build to an ended study and a best model."""

import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import TrialStatus

from cnnsearch.search.best import best_of, export_model, mend_export
from cnnsearch.search.chosen_run import ChosenRun, SearchIdentity, choose, counts, keep_summary
from cnnsearch.search.dataset.change import Summary
from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.datasets import Datasets
from cnnsearch.search.engine.budget import TIME_IS_UP, Budget, Limits
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.failing import EveryTrialFailed
from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.engine.parameters import search_space_of
from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.engine.slots import CPU, Slot
from cnnsearch.search.engine.tuner import ALL_DONE
from cnnsearch.search.environment import environment
from cnnsearch.search.evaluating import with_fewer_at_once
from cnnsearch.search.events import Listener, RunEnded, Warned
from cnnsearch.search.explaining.explain import explain
from cnnsearch.search.exporting import trained_model
from cnnsearch.search.in_process.asked import Asked
from cnnsearch.search.in_process.material import Part
from cnnsearch.search.in_process.trials import HERE, Workshop, fresh_model, run_trial
from cnnsearch.search.listeners.broadcast import Broadcast
from cnnsearch.search.model.custom import check_fits, explored
from cnnsearch.search.prepared import doubts_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.request import Request
from cnnsearch.search.run import Result
from cnnsearch.search.run_folder import ModelFolder, RunFolder
from cnnsearch.search.run_lock import held
from cnnsearch.search.run_state import RunState
from cnnsearch.search.run_status import read_summary, spent_seconds
from cnnsearch.search.study.database import sqlite_url
from cnnsearch.search.telling import started, telling_of_its_end, writers_of
from cnnsearch.search.trial.evaluation import EvaluationJob, evaluate
from cnnsearch.search.trial.failures import classify
from cnnsearch.search.trial.messages import Broken
from cnnsearch.search.writing import clear_temporary, write_json, write_text
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.rungs import comparing


@dataclass(frozen=True)
class _Prepared:
    """A search after all checks: what, on what, where."""

    asked: Asked
    dataset: Dataset
    hyperparameters: keras_tuner.HyperParameters
    chosen: ChosenRun
    identity: str

    @property
    def run(self) -> RunFolder:
        """Its folder."""
        return self.chosen.run

    @property
    def objectives(self) -> Objectives:
        """What its trials are ranked by."""
        return Objectives.of(self.asked.space.document.search)


def search_hypermodel(asked: Asked, request: Request, listener: Listener) -> Result:
    """Search a HyperModel; goes on with an unfinished run of the same one, settings and data where there is one.

    Args:
        request: where; its space is that of `asked`.

    Raises:
        CnnSearchError: the images, the HyperModel or the run's folder do not allow it (then nothing is written), or its
            models do not measure what they are ranked by.
        KeyboardInterrupt: Ctrl-C; the study is consistent and the same request goes on.
    """
    if request.resume is not None:
        rule = f"a HyperModel's run goes on where the same one is searched again, got {request.resume}"
        raise CnnSearchError(str(Problem("resume", rule, "Leave it out, and give the run's name and runs.")))
    datasets = request.datasets or Datasets(request.cache)
    dataset = datasets.first_of(asked.space)
    hyperparameters = _explored(asked, dataset)
    wanted = SearchIdentity(
        asked.identity(hyperparameters), Summary.of(dataset.summary()), asked.space.document.search.trials
    )
    chosen = choose(request, wanted)
    prepared = _Prepared(asked, dataset, hyperparameters, chosen, wanted.identity)
    with held(chosen.run):
        clear_temporary(chosen.run.path)
        mend_export(chosen.run.best)
        if chosen.change:
            keep_summary(chosen.run)
        if chosen.change or not chosen.continued:
            write_json(chosen.run.environment, environment([Slot(HERE)]))
        if chosen.change or not chosen.continued or read_summary(chosen.run) is None:
            write_json(chosen.run.dataset, dataset.summary())
        return _searched(prepared, listener)


def _explored(asked: Asked, dataset: Dataset) -> keras_tuner.HyperParameters:
    """The HyperModel's parameters; each model that is built on the way must fit the images."""
    if isinstance(getattr(asked.hypermodel, "dataset", dataset), Dataset):  # what is called so may be its own
        asked.hypermodel.dataset = dataset

    def build(hyperparameters: keras_tuner.HyperParameters) -> None:
        try:
            model = asked.hypermodel.build(hyperparameters)
            check_fits(model, asked.key, dataset.shape, len(dataset.classes))
        except CnnSearchError:
            raise
        except Exception as error:  # somebody's own code raises anything
            line = (str(error).strip() or type(error).__name__).splitlines()[0]
            rule = f"it builds a model for images {dataset.shape}, got {type(error).__name__}: {line}"
            raise CnnSearchError(str(Problem(asked.key, rule, "The error above it says where."))) from error

    return explored(build)


def _searched(prepared: _Prepared, listener: Listener) -> Result:
    run, objectives, oracle = prepared.run, prepared.objectives, _oracle(prepared)
    known = oracle.study.records()
    finished = tuple(trial for trial in known if counts(trial))
    budget = _budget(prepared, known, finished)
    checkpoints = Checkpoints(run, objectives, prepared.asked.space.document.keep.checkpoints)
    for trial in finished:
        checkpoints.ended(trial)
    with ExitStack() as files:
        parameters = [parameter for parameter, _ in search_space_of(prepared.hyperparameters).plan]
        writers = writers_of(run, prepared.identity, budget, parameters, objectives, files)
        broadcast = Broadcast((*writers, listener))
        train, validation = (Part.of(prepared.dataset, name) for name in ("train", "validation"))
        shop = Workshop(
            prepared.asked, run, prepared.dataset, train, validation, oracle, budget, checkpoints, broadcast
        )
        shop.experience.recall(finished)
        broadcast(started(prepared.chosen, budget, objectives, (HERE,), finished))
        for doubt in (*prepared.chosen.warnings, *doubts_of(prepared.dataset)):
            broadcast(Warned(doubt))
        with telling_of_its_end(broadcast):
            failure, ended_by = _tune(shop)
            best = _finish(prepared, oracle, broadcast)
        broadcast(RunEnded(RunState.FAILED if failure else RunState.FINISHED, str(failure or ended_by)))
    return Result(run, oracle.study.records(), objectives.epoch, best, failure)


def _oracle(prepared: _Prepared) -> OptunaOracle:
    configuration = prepared.asked.configuration
    search = configuration.search
    oracle = OptunaOracle(
        objective=prepared.objectives,
        max_trials=prepared.chosen.trials,
        hyperparameters=prepared.hyperparameters,
        seed=search.seed,
        storage=sqlite_url(prepared.run.study),
        sampler=search.sampler,
        pruner=pruner_of(comparing(search), configuration.training.epochs),
        max_consecutive_failed_trials=search.max_failures_in_a_row,
    )
    oracle.verbose = 0
    oracle.reload()  # what a `fit` of its own named in an earlier session
    return oracle


def _budget(prepared: _Prepared, known: Sequence[TrialRecord], finished: Sequence[TrialRecord]) -> Budget:
    search = prepared.asked.space.document.search
    limits = Limits(search.time, search.epochs, search.stop_at, prepared.objectives.epoch)
    before = spent_seconds(prepared.run) if prepared.chosen.continued else 0.0
    budget = Budget(limits, before, sum(len(trial.epochs) for trial in known))
    for trial in finished:
        budget.score(trial.score)
    return budget


def _tune(shop: Workshop) -> tuple[EveryTrialFailed | None, str]:
    """Run the trials, one after the other; gives why they ended, however short the time, after one at least."""
    oracle = shop.oracle
    while True:
        why = shop.budget.ended_by(shop.experience.start if shop.checkpoints.has_ranked else 0.0)
        if why and not (why == TIME_IS_UP and not oracle.trials):
            return None, ALL_DONE if oracle.is_complete else why
        trial = oracle.create_trial("tuner0")
        if trial.status == TrialStatus.STOPPED:
            return None, oracle.exhausted or ALL_DONE
        try:
            run_trial(shop, trial)
        except EveryTrialFailed as failure:
            return failure, str(failure)


def _finish(prepared: _Prepared, oracle: OptunaOracle, say: Listener) -> ModelFolder | None:
    """Export the best trial's model, evaluated here on validation and test part."""
    run, dataset, objectives = prepared.run, prepared.dataset, prepared.objectives
    best = best_of(run, oracle.study.records(), objectives)
    if best is None:
        return None
    trained = trained_model(run, best, dataset, objectives)
    asks = partial(_evaluated, prepared, best, say)
    export_model(run.best, replace(trained, metrics=objectives.metrics), ("validation", "test"), CPU, asks, say)
    return run.best


def _evaluated(prepared: _Prepared, best: TrialRecord, say: Listener, job: EvaluationJob) -> Broken | None:
    """Ask the best model, built again: so layers of somebody's own need not be known to Keras."""
    hyperparameters = prepared.hyperparameters.copy()
    hyperparameters.values = search_space_of(hyperparameters).named(best.values)

    def ask(job: EvaluationJob) -> Broken | None:
        try:
            model: Any = fresh_model(prepared.asked, prepared.dataset, hyperparameters, prepared.asked.configuration)
            if model.optimizer is not None:
                model.optimizer.build(model.trainable_variables)  # else Keras warns that the file has more of it
            model.load_weights(job.model)
            evaluate(model, job)
        except Exception as error:  # noqa: BLE001 - whatever somebody's code raises, the model stays
            write_text(ModelFolder(job.model.parent).log, traceback.format_exc())
            return Broken(*classify(error))
        for left_out in explain(model, job):
            say(Warned(left_out))
        return None

    return with_fewer_at_once(job, ask, say)
