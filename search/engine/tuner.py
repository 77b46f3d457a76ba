"""SearchTuner: KerasTuner's seam for running trials. A thread serves each slot; each trial is a process of its own."""

import gc
import sys
from collections.abc import Sequence
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus

from cnnsearch.search.engine.attempt import Attempts
from cnnsearch.search.engine.backups import remove_backup
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.budget import TIME_IS_UP
from cnnsearch.search.engine.oracle import BREATH, OptunaOracle
from cnnsearch.search.engine.serving import Children, serve, writing_in
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import Told, TrialEnded, TrialLost
from cnnsearch.search.model.hypermodel import CnnHyperModel
from cnnsearch.search.study.shared import Lost
from cnnsearch.search.trial.messages import Broken

ALL_DONE = "all trials are done"
TOO_SHORT = "what is left of the time is too short for another trial's first epoch"
_POLL = 1.0
"""Seconds between two looks whether a trial that runs elsewhere has come back in line."""


class SearchTuner(keras_tuner.Tuner):  # type: ignore[misc]
    """Runs an oracle's trials, each in a fresh process, one at a time on each slot.

    Slots come and go as the crew wants them; one that is not wanted any more ends its trial first.

    Args:
        oracle: hands out the trials and records them.
        hypermodel: the space as KerasTuner sees it.
        bench: everything else.
    """

    def __init__(self, oracle: OptunaOracle, hypermodel: CnnHyperModel, bench: Bench) -> None:
        path = bench.run.path
        super().__init__(oracle=oracle, hypermodel=hypermodel, directory=str(path.parent), project_name=path.name)
        self._bench = bench
        self._children = Children("trials", bench.halting, bench.broadcast)
        self._are_all_told = False
        """Whether a slot has heard that no trial is to begin any more."""
        self.ended_by = ALL_DONE
        """Why the search ended, in words."""

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:  # noqa: ANN401, ARG002 - KerasTuner's signature
        """Run trials until the oracle has no more or the time is up.

        Raises:
            KeyboardInterrupt: Ctrl-C; the trials that ran are back in line, their processes are gone.
            Terminated: the order to end soon; the same, after the epochs that they were in.
            CnnSearchError: too many trials failed in a row, or the study cannot be written.
        """
        gc.freeze()  # the libraries stay: each time that the collector looked through them would halt all slots
        serve(self._wanted, self._serve, self._bench.interrupt, self.stop, self._children.halt)

    def _wanted(self) -> Sequence[Slot]:
        return () if self._children.are_ending or self._are_all_told else self._bench.crew.wanted

    def stop(self) -> None:
        """End the running trials' processes; the trials go back in line."""
        self._children.stop()

    def _serve(self, slot: Slot) -> None:
        try:
            with writing_in(self._bench.run.path):
                while self._bench.crew.wants(slot):
                    if self._children.are_ending or self._is_over():
                        self._are_all_told = True
                        return
                    trial = self._bench.pause.patiently(lambda: self.oracle.draw(slot.name))
                    if trial is None or trial.status != TrialStatus.RUNNING:
                        self._bench.budget.put_back()
                    if trial is None or trial.status == TrialStatus.IDLE:
                        self._bench.halting.wait(BREATH if trial is None else _POLL)
                        continue
                    if trial.status == TrialStatus.STOPPED:
                        self._are_all_told = True
                        return
                    self.run_trial(trial, slot)
        finally:
            if sys.exc_info()[0]:
                self._bench.interrupt()
                self.stop()  # what ends one slot ends the search

    def _is_over(self) -> bool:
        """Whether the budget has no room for another trial; where it has, its first epoch is set aside.

        However short the time, a search makes one trial. Once it has a ranked one, maybe on another machine, it begins
        none whose first epoch would end too late.
        """
        bench, budget = self._bench, self._bench.budget
        has_ranked = bench.checkpoints.has_ranked
        why = budget.ended_by(bench.experience.start if has_ranked else 0.0)
        if why == TIME_IS_UP and not (has_ranked or self.oracle.trials):
            why = ""
        if why == TIME_IS_UP and not budget.ended_by():
            bench.say_once(Told(TOO_SHORT))
        if not why and budget.set_aside():
            return False
        if why and not self.oracle.is_complete:
            self.ended_by = why
        return True

    def run_trial(self, trial: Trial, slot: Slot) -> None:
        """Run one trial to its end and record it; where the search is interrupted, put it back in line."""
        try:
            self._run_to_its_end(trial, slot)
        except Lost:
            number = int(trial.trial_id)
            self.oracle.forget(trial)
            remove_backup(self._bench.run.trial(number))  # whoever has it now begins it anew
            self._bench.broadcast(TrialLost(number))

    def _run_to_its_end(self, trial: Trial, slot: Slot) -> None:
        attempts = Attempts(self.oracle, trial, self._bench, slot)
        try:
            broken = self._run(attempts, slot)
            while broken and not self._children.are_ending and attempts.another(broken):
                broken = self._run(attempts, slot)
        except BaseException:  # not of the trial's making: a full disk, a reader that went away
            self.oracle.requeue(trial)
            raise
        finally:
            attempts.close()
        if attempts.is_halted or (broken and (self._children.are_ending or attempts.is_put_off(broken))):
            attempts.interrupted()
            self.oracle.requeue(trial)
            return
        ended, artifacts = attempts.ending(broken), self._bench.artifacts
        if artifacts:
            self._bench.pause.patiently(lambda: artifacts.keep(ended.number, attempts.folder))
        ending = self._bench.pause.patiently(lambda: self.oracle.conclude(trial, ended))
        if ending.is_whole:
            self._bench.budget.score(ending.score)
        self.ended_by = attempts.cut_by or self.ended_by
        behind = self._bench.checkpoints.ended(ending)
        if artifacts:
            artifacts.drop_models(behind)
        self._bench.broadcast(TrialEnded(ending))
        attempts.remove_backup()
        self.oracle.check_failures()

    def _run(self, attempts: Attempts, slot: Slot) -> Broken | None:
        crew = self._bench.crew
        return self._children.run(slot, attempts, lambda child: crew.runs(slot, child.pid), attempts.patience)

    def _populate_initial_space(self) -> None:
        """Nothing: the space is known, and building models would initialise a device in this process."""

    def save(self) -> None:
        """Nothing: the study is stored already."""
