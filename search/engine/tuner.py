"""SearchTuner: KerasTuner's seam for running trials. A thread serves each slot; each trial is a process of its own."""

import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from optuna.exceptions import StorageInternalError

from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.engine.attempt import Attempts
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.budget import TIME_IS_UP
from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.engine.processes import ChildProcess
from cnnsearch.search.engine.runner import run_in_child
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.listeners.events import TrialEnded
from cnnsearch.search.model.hypermodel import CnnHyperModel
from cnnsearch.search.trial.failures import classify
from cnnsearch.search.trial.messages import Broken
from cnnsearch.spaces.errors import CnnSearchError

_MOST_SLOTS = 1024
"""Threads are made for those that serve only."""
ALL_DONE = "all trials are done"
_POLL = 0.2
"""Seconds between two looks of the main thread, which Ctrl-C reaches."""


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
        self._stopping, self._is_ending = threading.Event(), threading.Event()
        self._children: dict[str, ChildProcess] = {}
        self.ended_by = ALL_DONE
        """Why the search ended, in words."""

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:  # noqa: ANN401, ARG002 - KerasTuner's signature
        """Run trials until the oracle has no more or the time is up.

        Raises:
            KeyboardInterrupt: Ctrl-C; the trials that ran are back in line, their processes are gone.
            CnnSearchError: too many trials failed in a row, or the study cannot be written.
        """
        serving: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(_MOST_SLOTS, thread_name_prefix="slot") as pool:
            try:
                self._call_up(serving, pool)
                # Never thread.join with a timeout: interrupted by Ctrl-C, Python 3.11 takes a running thread for ended.
                while wait(serving.values(), timeout=_POLL).not_done:
                    self._call_up(serving, pool)
            except BaseException:
                self._bench.pause.stop()
                raise
            finally:
                self.stop()
                wait(serving.values())
        for served in serving.values():
            served.result()

    def _call_up(self, serving: dict[str, Future[None]], pool: ThreadPoolExecutor) -> None:
        """Have every slot serve that is wanted and does not; none any more where the search is over for one of them."""
        if self._stopping.is_set() or self._is_ending.is_set():
            return
        for slot in self._bench.crew.wanted:
            before = serving.get(slot.name)
            if before is None or (before.done() and before.exception() is None):
                serving[slot.name] = pool.submit(self._serve, slot)

    def stop(self) -> None:
        """End the running trials' processes; the trials go back in line."""
        self._stopping.set()
        for process in list(self._children.values()):
            process.kill()

    def _serve(self, slot: Slot) -> None:
        try:
            while self._bench.crew.wants(slot):
                if self._stopping.is_set() or self._is_over():
                    self._is_ending.set()
                    return
                trial = self._bench.pause.patiently(lambda: self.oracle.create_trial(slot.name))
                if trial.status == TrialStatus.STOPPED:
                    self._bench.budget.put_back()
                    self._is_ending.set()
                    return
                self.run_trial(trial, slot)
        except BrokenPipeError:  # nobody reads our lines any more
            raise
        except (OSError, StorageInternalError) as error:
            cause = str(error.__cause__ or error).splitlines()[0]
            raise CnnSearchError(
                f"{self._bench.run.path}: the run's files must be writable, got {cause}. "
                "Make room, then run the same command again: the finished trials are kept."
            ) from error
        finally:
            if sys.exc_info()[0]:
                self._bench.pause.stop()
                self.stop()  # what ends one slot ends the search

    def _is_over(self) -> bool:
        """Whether the budget has no room for another trial; where it has, its first epoch is set aside.

        However short the time, a search makes one trial.
        """
        budget = self._bench.budget
        why = budget.ended_by()
        if why == TIME_IS_UP and not self.oracle.trials:
            why = ""
        if not why and budget.set_aside():
            return False
        if why and not self.oracle.is_complete:
            self.ended_by = why
        return True

    def run_trial(self, trial: Trial, slot: Slot) -> None:
        """Run one trial to its end and record it; where the search is interrupted, put it back in line."""
        attempts = Attempts(self.oracle, trial, self._bench, slot)
        try:
            broken = self._run(attempts, slot)
            while broken and not self._stopping.is_set() and (attempts.smaller(broken) or attempts.with_room(broken)):
                broken = self._run(attempts, slot)
        except BaseException:  # not of the trial's making: a full disk, a reader that went away
            self.oracle.requeue(trial)
            raise
        finally:
            attempts.close()
        if broken and self._stopping.is_set():
            attempts.forgotten()
            self.oracle.requeue(trial)
            return
        ended = attempts.ending(broken)
        ending = self._bench.pause.patiently(lambda: self.oracle.conclude(trial, ended))
        self._bench.budget.score(ending.score)
        self.ended_by = attempts.cut_by or self.ended_by
        self._bench.checkpoints.ended(ending)
        self._bench.broadcast(TrialEnded(ending))
        self.oracle.check_failures()

    def _run(self, attempts: Attempts, slot: Slot) -> Broken | None:
        try:
            work = attempts.prepare()
            return run_in_child(work, attempts.answer, lambda child: self._ran(slot, child), attempts.patience)
        except DataError as error:  # images that cannot be decoded at this size
            return Broken(*classify(error))
        finally:
            self._children.pop(slot.name, None)

    def _ran(self, slot: Slot, child: ChildProcess) -> None:
        self._children[slot.name] = child
        self._bench.crew.runs(slot, child.pid)
        if self._stopping.is_set():  # the order to stop came between two processes
            child.kill()

    def _populate_initial_space(self) -> None:
        """Nothing: the space is known, and building models would initialise a device in this process."""

    def save(self) -> None:
        """Nothing: the study is stored already."""
