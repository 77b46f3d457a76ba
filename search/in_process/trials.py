"""One trial of somebody's HyperModel, in this process: build, fit, report each epoch, keep the best weights."""

import gc
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import keras
from keras_tuner.engine.trial import Trial

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.experience import Experience
from cnnsearch.search.engine.oracle import PRUNED, OptunaOracle
from cnnsearch.search.engine.parameters import search_space_of
from cnnsearch.search.events import Audience, EpochEnded, TrialBuilt, TrialEnded, TrialStarted
from cnnsearch.search.history_file import write_history
from cnnsearch.search.in_process.asked import Asked
from cnnsearch.search.in_process.material import Part
from cnnsearch.search.in_process.watching import NoSuchMetric, Over, Watch
from cnnsearch.search.model.custom import check_fits
from cnnsearch.search.records import Epoch, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.seeds import with_seed
from cnnsearch.search.settings_file import settings_text
from cnnsearch.search.trial.callbacks import BestWeights
from cnnsearch.search.trial.failures import classify
from cnnsearch.search.trial.stopping import early_stopping, stopped_by
from cnnsearch.search.writing import write_beside, write_text
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.errors import CnnSearchError, Problem
from cnnsearch.spaces.values import Scalar

HERE = "this process"
"""The slot that all trials run on."""


@dataclass(frozen=True)
class Workshop:
    """What all trials of a search are run with.

    Attributes:
        asked: the HyperModel.
        run: where files go.
        dataset: the images.
        train, validation: two parts of them in memory.
        oracle: hands out trials and records them.
        budget: what is left for them.
        checkpoints: which models stay.
        broadcast: who hears of it.
        experience: how long its trials have taken.
    """

    asked: Asked
    run: RunFolder
    dataset: Dataset
    train: Part
    validation: Part
    oracle: OptunaOracle
    budget: Budget
    checkpoints: Checkpoints
    broadcast: Audience
    experience: Experience = field(default_factory=Experience)


def run_trial(shop: Workshop, trial: Trial) -> None:
    """Run one trial to its end and record it; where the search is interrupted, put it back in line.

    Raises:
        NoSuchMetric: no trial of this search can have a score.
        EveryTrialFailed: too many in a row failed; this one is recorded all the same.
    """
    number, began = int(trial.trial_id), time.monotonic()
    shop.broadcast(TrialStarted(number, _values(trial), HERE, shop.asked.configuration.training.epochs))
    try:
        ending = _Training(shop, trial).ending()
    except NoSuchMetric:
        shop.oracle.requeue(trial)
        raise
    except Exception as error:  # noqa: BLE001 - whatever somebody's code raises is the trial's end
        write_text(shop.run.trial(number).log, traceback.format_exc())
        failure, message = classify(error)
        ending = replace(_so_far(shop, number), status=Status.FAILED, reason=failure, message=message)
    except BaseException:
        shop.oracle.requeue(trial)
        raise
    _note_found(shop.oracle, trial)
    write_text(shop.run.trial(number).config, settings_text(_built_from(trial, _so_far(shop, number).values)))
    ended = shop.oracle.conclude(trial, replace(ending, seconds=time.monotonic() - began, data=shop.dataset.stamp))
    shop.budget.score(ended.score)
    shop.checkpoints.ended(ended)
    shop.broadcast(TrialEnded(ended))
    shop.oracle.check_failures()


def _so_far(shop: Workshop, number: int) -> TrialRecord:
    return shop.oracle.study.record(number)


def _note_found(oracle: OptunaOracle, trial: Trial) -> None:
    """Hyperparameters that a `fit` of somebody's own has named for the first time; later trials have them drawn."""
    oracle.update_space(trial.hyperparameters)
    distributions, study = search_space_of(trial.hyperparameters).distributions, oracle.study
    known = study.trials()[int(trial.trial_id)]
    values = {name: value for name, value in _values(trial).items() if name in distributions}
    if values.keys() - known.params.keys():
        study.complete(known, values, distributions, {})


def _values(trial: Trial) -> dict[str, Scalar]:
    """A trial's values under the names that they have in the study."""
    return search_space_of(trial.hyperparameters).told(trial.hyperparameters.values)


def _built_from(trial: Trial, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """A trial's values in the study under the names that its `build` knows."""
    return search_space_of(trial.hyperparameters).named(values)


class _Training:
    """A trial while it runs."""

    def __init__(self, shop: Workshop, trial: Trial) -> None:
        self._shop, self._trial = shop, trial
        self._number = int(trial.trial_id)
        self._folder = shop.run.trial(self._number)
        self._configuration = with_seed(shop.asked.configuration, self._number)
        self._epochs: list[Epoch] = []
        self._began = time.monotonic()

    def ending(self) -> TrialRecord:
        """Train it; gives how it ended."""
        hyperparameters, shop = self._trial.hyperparameters, self._shop
        model = fresh_model(shop.asked, shop.dataset, hyperparameters, self._configuration)
        shop.broadcast(TrialBuilt(self._number, model.count_params()))
        objective = shop.checkpoints.objective
        training = self._configuration.training
        watch, best = Watch(objective.metric, self._report, training.epochs), BestWeights(objective)
        stopping = early_stopping(self._configuration)
        with suppress(Over):
            self._fit(model, [watch, best, *filter(None, [stopping])])
        if not watch.epochs:
            rule = "it hands its keyword arguments on to model.fit, callbacks among them, got no epoch"
            raise CnnSearchError(str(Problem(shop.asked.key.replace(".build", ".fit"), rule, "Take **kwargs.")))
        reason, is_pruned = watch.ended_by or stopped_by(training, stopping), watch.ended_by == PRUNED
        status = Status.PRUNED if is_pruned else Status.STOPPED_EARLY if reason else Status.COMPLETED
        known = _so_far(shop, self._number)
        ending = replace(known, status=status, reason=reason, parameters=model.count_params())
        self._keep(model, best, ending)
        return ending

    def _fit(self, model: keras.Model, callbacks: list[keras.callbacks.Callback]) -> None:
        shop, training, classes = self._shop, self._configuration.training, len(self._shop.dataset.classes)
        validation = (shop.validation.images, shop.validation.targets(model, classes))
        batch = {} if shop.asked.own_batches else {"batch_size": training.batch_size}
        shop.asked.hypermodel.fit(
            self._trial.hyperparameters,
            model,
            shop.train.images,
            shop.train.targets(model, classes),
            validation_data=validation,
            epochs=training.epochs,
            callbacks=callbacks,
            verbose=0,
            **batch,
        )

    def _report(self, epoch: Epoch) -> str:
        """Record an epoch; gives why the trial would end here, or nothing."""
        shop = self._shop
        self._epochs.append(epoch)
        if len(self._epochs) == 1:
            shop.experience.started(time.monotonic() - self._began)
        is_behind = shop.oracle.report(self._trial.trial_id, epoch)
        write_history(self._folder.history, self._epochs)
        shop.broadcast(EpochEnded(self._number, epoch))
        shop.budget.take(1, aside=0.0)
        shop.budget.score(epoch.metrics[shop.checkpoints.objective.metric])
        return PRUNED if is_behind else shop.budget.ended_by(coming=epoch.seconds)

    def _keep(self, model: keras.Model, best: BestWeights, ending: TrialRecord) -> None:
        """Write the model with the weights of its best epoch, where it may be among the best."""
        if best.weights is not None and _is_kept(self._shop, replace(ending, score=best.score)):
            model.set_weights(best.weights)
            write_beside(self._folder.model, model.save)


def _is_kept(shop: Workshop, ending: TrialRecord) -> bool:
    """Whether a trial's model stays; of several objectives the front is known later."""
    return not shop.checkpoints.objectives.is_plain or shop.checkpoints.wants(ending)


def fresh_model(asked: Asked, dataset: Dataset, hyperparameters: Any, configuration: Configuration) -> keras.Model:  # noqa: ANN401
    """The compiled model that a HyperModel builds, its weights drawn from the trial's seed.

    Raises:
        CnnSearchError: it does not fit the images or their classes.
    """
    keras.backend.clear_session()  # as KerasTuner does: else every model of the search stays in memory
    gc.collect()
    keras.utils.set_random_seed(configuration.training.seed or 0)
    model = asked.hypermodel.build(hyperparameters)
    check_fits(model, asked.key, dataset.shape, len(dataset.classes))
    return model
