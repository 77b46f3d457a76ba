"""OptunaOracle: KerasTuner's seam for search algorithms, on an Optuna study.

It serves our own SearchTuner and any KerasTuner script alike. KerasTuner's own state files are not used: what is known
lies in the study, so the same storage and study name go on where a killed search stopped.
"""

import random
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage, InMemoryStorage

from cnnsearch.search.engine.draws import Draws, Outline, Refused, Reject
from cnnsearch.search.engine.failing import FailuresInARow
from cnnsearch.search.engine.keras_objectives import check_methods, keras_objective, keras_status, objectives_of
from cnnsearch.search.engine.keras_state import StateInStudy
from cnnsearch.search.engine.keras_trials import ended_trial, ending_of, note_metrics, running_trial
from cnnsearch.search.engine.parameters import search_space_of
from cnnsearch.search.engine.pruners import pruner_of
from cnnsearch.search.engine.rivals import Next, Rivals
from cnnsearch.search.engine.samplers.named import sampler_of
from cnnsearch.search.ranking import Objectives, rank, settled
from cnnsearch.search.records import Epoch, TrialRecord
from cnnsearch.search.study.database import open_storage
from cnnsearch.search.study.quiet import quiet_optuna
from cnnsearch.search.study.shared import Lost
from cnnsearch.search.study.storage import StudyStorage
from cnnsearch.search.study.study import STUDY_NAME, TrialStudy
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.rungs import Rung
from cnnsearch.spaces.sections.pruners import Pruner
from cnnsearch.spaces.sections.samplers import Sampler
from cnnsearch.spaces.values import Scalar

PRUNED = "behind the others at the same epoch"
"""The reason that stands beside a pruned trial."""
BREATH = 0.001
"""Seconds between two draws: else whoever draws would have the oracle again before those who wait for it."""


class OptunaOracle(StateInStudy):
    """A KerasTuner oracle whose trials are an Optuna study's.

    Args:
        objective: a metric's name or a `keras_tuner.Objective`; a list of several gives a Pareto front. Or our own
            `Objectives`, which know constraints, too.
        max_trials: how many trials the study gets at most, those of earlier sessions included; None for no bound.
        hyperparameters: the space, where it is known beforehand; otherwise KerasTuner finds it by building the model.
        seed: makes the draws repeatable (with one trial at a time).
        storage: a database URL such as `sqlite:///my.db` or an Optuna storage; None keeps the study in memory.
        study_name: the study's name in the storage.
        sampler: a name that `search.sampler` may have, such as `gp` or `evolution`, or an Optuna sampler.
        pruner: a name that `search.pruner` may have, such as `asha` or `median`, or an Optuna pruner. A plain
            KerasTuner tuner needs `PruningCallback` for it.
        start_from: values tried first, whole or in part; what they leave open is drawn.
        reject: says of drawn values why their model cannot exist; such draws cost no trial.
        outline: says of drawn values how many weights their model has and how many bytes these take; draws that break
            a constraint on one of them cost no trial.
        max_consecutive_failed_trials: the search ends when so many trials in a row failed; None for never.
        max_retries_per_trial: how often a trial that raised is run again before it counts as failed.
        goes_on: says of an interrupted trial, by its number, whether it will go on after the epochs that it has had.
        shared: other workers draw from the same study at the same time; `max_trials` counts theirs, too.

    Raises:
        CnnSearchError: an unknown sampler or pruner, one that cannot rank by several objectives, a database that does
            not open.
    """

    def __init__(
        self,
        objective: "str | keras_tuner.Objective | Sequence[str | keras_tuner.Objective] | Objectives | None" = None,
        max_trials: int | None = None,
        hyperparameters: keras_tuner.HyperParameters | None = None,
        allow_new_entries: bool = True,
        tune_new_entries: bool = True,
        seed: int | None = None,
        *,
        storage: str | BaseStorage | None = None,
        study_name: str = STUDY_NAME,
        sampler: str | Mapping[str, Any] | Sampler | BaseSampler = "gp",
        pruner: str | Mapping[str, Any] | Pruner | BasePruner = "none",
        start_from: Sequence[Mapping[str, Scalar]] = (),
        reject: Reject | None = None,
        outline: Outline | None = None,
        max_consecutive_failed_trials: int | None = 5,
        max_retries_per_trial: int = 0,
        goes_on: Callable[[int], bool] = lambda _: False,
        shared: bool = False,
    ) -> None:
        ours = objective if isinstance(objective, Objectives) else None
        super().__init__(
            objective=keras_objective(ours) if ours else objective,
            max_trials=max_trials,
            hyperparameters=hyperparameters,
            allow_new_entries=allow_new_entries,
            tune_new_entries=tune_new_entries,
            seed=seed,
            max_retries_per_trial=max_retries_per_trial,
            max_consecutive_failed_trials=max_consecutive_failed_trials or sys.maxsize,
        )
        self.seed = random.randrange(2**31) if seed is None else seed  # KerasTuner takes a seed of 0 for none
        self._lock = threading.RLock()
        self.ongoing_trials: dict[str, Trial] = {}
        self._failures = FailuresInARow(max_consecutive_failed_trials)
        self._pruned: set[str] = set()
        objectives = ours or objectives_of(self.objective)
        check_methods(objectives, sampler, pruner_of(pruner))
        backend = _opened(storage)
        self.study = TrialStudy.open(backend, objectives, name=study_name, pruner=pruner_of(pruner))
        self.rivals = Rivals(self.study, max_trials, undoes=isinstance(backend, StudyStorage)) if shared else None
        """Other workers of the same study; None where there are none."""
        self._draws = Draws(self.study, sampler_of(sampler), self.seed, reject, outline, self.rivals)
        self._space, self._declared = search_space_of(self.hyperparameters), len(self.hyperparameters.space)
        self.exhausted: str | None = None
        """What to say where there was nothing more to draw before the budget was spent."""
        self._goes_on = goes_on
        self.study.requeue_running(goes_on)
        self._recall()
        for start in start_from[:max_trials]:
            self.study.enqueue(start)

    def _recall(self) -> None:
        """Take over the ended trials of earlier sessions."""
        space = search_space_of(self.all_found())
        for record in self.study.records():
            if record.status.ended and not record.costs_nothing:
                named = replace(record, values=space.named(record.values))
                trial = ended_trial(named, self.hyperparameters, self.study.objectives)
                self.trials[trial.trial_id] = trial
                self.start_order.append(trial.trial_id)
                self.end_order.append(trial.trial_id)

    # KerasTuner's decorated versions of the next three lock for ever when something raises in them: not called.

    def create_trial(self, tuner_id: str) -> Trial:
        """The next trial for a tuner, or one of status STOPPED when there is none."""
        while (trial := self.draw(tuner_id)) is None:
            time.sleep(BREATH)
        return trial

    def draw(self, tuner_id: str) -> Trial | None:
        """The same; None after a draw whose model cannot exist or breaks a constraint, so that there is to be another.

        Others may want the oracle meanwhile, and whoever asks may have come to want no trial any more.
        """
        with self._lock:
            if tuner_id in self.ongoing_trials:
                return self.ongoing_trials[tuner_id]
            self.tuner_ids.add(tuner_id)
            trial = self._retried() or self._drawn()
            if trial is None:
                return None
            if trial.status != TrialStatus.RUNNING:
                self.tuner_ids.discard(tuner_id)
                return trial
            self.ongoing_trials[tuner_id] = trial
            self._display.on_trial_begin(trial)
            return trial

    def _retried(self) -> Trial | None:
        if not self._retry_queue:
            return None
        trial = self.trials[self._retry_queue.pop(0)]
        self.study.begin_again(int(trial.trial_id))
        trial.status, trial.message, trial.metrics = TrialStatus.RUNNING, None, type(trial.metrics)()
        return trial

    def _drawn(self) -> Trial | None:
        if self.rivals is None:
            if self.is_complete:
                return self._none()
        elif self.rivals.turn(exhausted=self.exhausted is not None) is not Next.DRAW:
            return self._none()
        if len(self.hyperparameters.space) != self._declared:  # KerasTuner found more by building a model
            self._space, self._declared = search_space_of(self.hyperparameters), len(self.hyperparameters.space)
        drawn = self._draws.possible(self._space)
        if isinstance(drawn, Refused):
            return None
        if drawn is None:
            if self.rivals is None or self.rivals.turn() is Next.DRAW:
                self.exhausted = self._draws.exhausted
            return self._none()
        self.exhausted = None
        trial = running_trial(drawn.number, self._space.named(drawn.values), self.hyperparameters)
        self.trials[trial.trial_id] = trial
        self.start_order.append(trial.trial_id)
        return trial

    def _none(self) -> Trial:
        """There is no trial; where one may come back in line that runs elsewhere, its status is IDLE, else STOPPED."""
        waits = self.rivals is not None and self.rivals.turn(exhausted=True) is not Next.END
        status = TrialStatus.IDLE if waits else TrialStatus.STOPPED
        return Trial(hyperparameters=self.hyperparameters.copy(), trial_id="", status=status)

    def report(self, trial_id: str, epoch: Epoch) -> bool:
        """Record a finished epoch of a running trial; gives whether the pruner would end it here."""
        with self._lock:
            trial = self.trials[trial_id]
            if trial_id not in {running.trial_id for running in self.ongoing_trials.values()}:
                raise CnnSearchError(
                    f"trial {trial_id}: only a running trial reports epochs, got status {trial.status}."
                )
            return self.study.report(int(trial_id), epoch)

    def reach(self, trial_id: str, rung: Rung, value: float) -> dict[int, float]:
        """Record the best value of a running trial on a rung; gives that of all trials there, by their numbers."""
        with self._lock:
            return self.study.reach(int(trial_id), rung, value)

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> Trial:
        """Record metrics of a trial, as KerasTuner's own tuners do at a trial's end."""
        with self._lock:
            self._check_objective_found(metrics)
            note_metrics(self.trials[trial_id], metrics, step, self.study.objectives)
            if not self.study.record(int(trial_id)).epochs:  # a pruning callback reported them one by one
                whole = {name: float(value) for name, value in metrics.items()}
                self.study.report(int(trial_id), Epoch(step, whole, seconds=0.0))
            return self.trials[trial_id]

    def end_trial(self, trial: Trial) -> None:
        """Record how KerasTuner's tuner ended a trial.

        Raises:
            EveryTrialFailed: too many in a row failed; the trial is recorded all the same.
        """
        with self._lock:
            self.update_space(trial.hyperparameters)
            self._run_times[trial.trial_id] += 1
            if self._retry(trial):
                self._leave(trial.trial_id)
                return
            record = self.study.record(int(trial.trial_id))
            pruned = PRUNED if trial.trial_id in self._pruned else ""
            self.conclude(trial, ending_of(trial, record, self.study.objective, pruned))
            self.check_failures()

    def conclude(self, trial: Trial, ending: TrialRecord) -> TrialRecord:
        """Record a trial's ending, its score taken from its epochs; gives the whole record.

        A trial that ended well without any finite score failed all the same.
        """
        with self._lock:
            ending = settled(ending, self.study.objectives)
            self.study.tell(ending)
            self._draws.ended(ending)
            stored = self.trials[trial.trial_id]
            stored.status = keras_status(ending)
            stored.message = ending.message or None
            stored.score, stored.best_step = ending.score, ending.best_epoch or 0
            self.end_order.append(trial.trial_id)
            self._leave(trial.trial_id)
            self._display.on_trial_end(stored)
            self._failures.ended(ending)
            return ending

    def _leave(self, trial_id: str) -> None:
        self.ongoing_trials = {tuner: t for tuner, t in self.ongoing_trials.items() if t.trial_id != trial_id}

    def check_failures(self) -> None:
        """To be called when a trial's ending is recorded and told to all who want to know.

        Raises:
            EveryTrialFailed: too many in a row failed.
        """
        with self._lock:
            self._failures.check()

    def begin_again(self, trial: Trial, parts: int | None = None) -> None:
        """From now on the epochs that a running trial has reported count no more; its batches may have more parts."""
        with self._lock:
            self.study.begin_again(int(trial.trial_id), parts)

    def get_best_trials(self, num_trials: int = 1) -> list[Trial]:
        """The best trials; of several objectives, those of the Pareto front first."""
        ranked = rank(self.study.records(), self.study.objectives)
        known = [self.trials.get(f"{record.number:04d}") for record in ranked]
        return [trial for trial in known if trial is not None and trial.status == TrialStatus.COMPLETED][:num_trials]

    def keep(self, trial: Trial, epochs: int) -> tuple[Epoch, ...]:
        """A running trial goes on after so many of the epochs that it has reported; gives these."""
        with self._lock:
            return self.study.keep(int(trial.trial_id), epochs)

    @property
    def is_complete(self) -> bool:
        """Whether there are as many trials as there may be."""
        if self.rivals:
            return self.rivals.is_full
        return self.max_trials is not None and len(self.trials) >= self.max_trials

    def requeue(self, trial: Trial) -> None:
        """Put a running trial that was interrupted back in line."""
        with self._lock:
            number = int(trial.trial_id)
            with suppress(Lost):  # then it is in line already
                self.study.requeue(number, goes_on=self._goes_on(number))
            self.forget(trial)

    def forget(self, trial: Trial) -> None:
        """A running trial is no longer this worker's."""
        with self._lock:
            self.study.drop(int(trial.trial_id))
            self._leave(trial.trial_id)
            self.trials.pop(trial.trial_id, None)

    def prune(self, tuner_id: str, epoch: Epoch) -> bool:
        """Record a finished epoch of the trial that this tuner runs; true where the pruner ends it."""
        with self._lock:
            trial_id = self.ongoing_trials[tuner_id].trial_id
            behind = self.report(trial_id, epoch)
            if behind:
                self._pruned.add(trial_id)
            return behind


def _opened(storage: str | BaseStorage | None) -> BaseStorage:
    quiet_optuna()
    if storage is None:
        return InMemoryStorage()
    return open_storage(storage) if isinstance(storage, str) else storage
