"""SearchTuner: KerasTuner's seam for running trials. A thread serves each slot; each trial is a process of its own."""

import shutil
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras_tuner
from keras_tuner.engine.trial import Trial, TrialStatus
from optuna.exceptions import StorageInternalError

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.dataset.errors import DataError
from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.oracle import PRUNED, OptunaOracle
from cnnsearch.search.engine.processes import ChildProcess
from cnnsearch.search.engine.runner import Work, run_in_child
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.history_file import write_history
from cnnsearch.search.listeners.events import (
    Broadcast,
    EpochEnded,
    Event,
    FeaturesMade,
    Told,
    TrialBuilt,
    TrialEnded,
    TrialStarted,
    Warned,
)
from cnnsearch.search.model.hypermodel import CnnHyperModel, declare
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Epoch, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.seeds import with_seed
from cnnsearch.search.trial.failures import classify
from cnnsearch.search.trial.messages import Broken, Built, EpochDone, Making, Message, Noted, Trained, Verdict
from cnnsearch.search.trial.training import TrialJob, run_trial
from cnnsearch.search.writing import write_text
from cnnsearch.spaces.document import Configuration, Data
from cnnsearch.spaces.errors import CnnSearchError
from cnnsearch.spaces.phases import epochs_of
from cnnsearch.spaces.space import Space, configuration_yaml

NO_GPU_SUPPORT = (
    "this machine has a GPU, but Keras' backend cannot use it, and trials train on the CPU. "
    "For TensorFlow: pip install 'cnnsearch[gpu]'."
)
TIME_IS_UP = "the time of the search is up"
_POLL = 0.2
"""Seconds between two looks of the main thread, which Ctrl-C reaches."""


@dataclass(frozen=True)
class Bench:
    """What trials are run with.

    Attributes:
        run: where their files go.
        space: what they are drawn from.
        dataset_of: the decoded images for a trial's image size.
        slots: where they may run.
        budget: how long.
        checkpoints: which models stay.
        broadcast: who hears of it.
    """

    run: RunFolder
    space: Space
    dataset_of: Callable[[Data], Dataset]
    slots: tuple[Slot, ...]
    budget: Budget
    checkpoints: Checkpoints
    broadcast: Broadcast
    _said: set[Event] = field(default_factory=set)

    def say_once(self, event: Warned | Told) -> None:
        """Tell the listeners something once, however many trials meet it."""
        if event not in self._said:
            self._said.add(event)
            self.broadcast(event)


class SearchTuner(keras_tuner.Tuner):  # type: ignore[misc]
    """Runs an oracle's trials, each in a fresh process, one at a time on each slot.

    Args:
        oracle: hands out the trials and records them.
        hypermodel: the space as KerasTuner sees it.
        bench: everything else.
    """

    def __init__(self, oracle: OptunaOracle, hypermodel: CnnHyperModel, bench: Bench) -> None:
        path = bench.run.path
        super().__init__(oracle=oracle, hypermodel=hypermodel, directory=str(path.parent), project_name=path.name)
        self._bench = bench
        self._stopping = threading.Event()
        self._children: dict[str, ChildProcess] = {}

    def search(self, *fit_args: Any, **fit_kwargs: Any) -> None:  # noqa: ANN401, ARG002 - KerasTuner's signature
        """Run trials until the oracle has no more or the time is up.

        Raises:
            KeyboardInterrupt: Ctrl-C; the trials that ran are back in line, their processes are gone.
            CnnSearchError: too many trials failed in a row, or the study cannot be written.
        """
        slots = self._bench.slots
        with ThreadPoolExecutor(len(slots), thread_name_prefix="slot") as pool:
            serving = [pool.submit(self._serve, slot) for slot in slots]
            try:
                # Never thread.join with a timeout: interrupted by Ctrl-C, Python 3.11 takes a running thread for ended.
                while wait(serving, timeout=_POLL).not_done:
                    pass
            finally:
                self.stop()
                wait(serving)
        for served in serving:
            served.result()

    def stop(self) -> None:
        """End the running trials' processes; the trials go back in line."""
        self._stopping.set()
        for process in list(self._children.values()):
            process.kill()

    def _serve(self, slot: Slot) -> None:
        try:
            while not (self._stopping.is_set() or self._no_time_left()):
                trial = self.oracle.create_trial(slot.name)
                if trial.status == TrialStatus.STOPPED:
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
                self.stop()  # what ends one slot ends the search

    def _no_time_left(self) -> bool:
        """However short the time, a search makes one trial."""
        return self._bench.budget.over and bool(self.oracle.trials)

    def run_trial(self, trial: Trial, slot: Slot) -> None:
        """Run one trial to its end and record it; where the search is interrupted, put it back in line."""
        attempt = Attempt(self.oracle, trial, self._bench, slot)
        began = time.monotonic()
        try:
            broken = run_in_child(attempt.prepare(), attempt.answer, lambda child: self._ran(slot, child))
        except DataError as error:  # images that cannot be decoded at this size
            broken = Broken(*classify(error))
        except BaseException:  # not of the trial's making: a full disk, a reader that went away
            self.oracle.requeue(trial)
            raise
        finally:
            self._children.pop(slot.name, None)
        if broken and self._stopping.is_set():
            self.oracle.requeue(trial)
            return
        ending = replace(attempt.ending(broken), seconds=time.monotonic() - began)
        ending = self.oracle.conclude(trial, ending)
        self._bench.checkpoints.ended(ending)
        self._bench.broadcast(TrialEnded(ending))
        self.oracle.check_failures()

    def _ran(self, slot: Slot, child: ChildProcess) -> None:
        self._children[slot.name] = child
        if self._stopping.is_set():  # the order to stop came between two processes
            child.kill()

    def _populate_initial_space(self) -> None:
        """Nothing: the space is known, and building models would initialise a device in this process."""

    def save(self) -> None:
        """Nothing: the study is stored already."""


class Attempt:
    """One go at a trial: what its process is told, what it said, how it ended."""

    def __init__(self, oracle: OptunaOracle, trial: Trial, bench: Bench, slot: Slot) -> None:
        self._oracle, self._trial, self._bench, self._slot = oracle, trial, bench, slot
        self._number = int(trial.trial_id)
        self._parameters: int | None = None
        self._epochs: list[Epoch] = []
        self._verdict = Verdict.GO_ON
        self._reason = ""
        self._data = ""

    def prepare(self) -> Work:
        """Make the trial's folder afresh and say what is to be done."""
        bench, number = self._bench, self._number
        folder = bench.run.trial(number)
        shutil.rmtree(folder, ignore_errors=True)
        configuration = self._configuration()
        epochs = epochs_of(configuration) * (configuration.data.folds or 1)
        bench.broadcast(TrialStarted(number, self._values, self._slot.name, epochs))
        write_text(
            folder / "config.yaml", configuration_yaml(configuration, f"trial {number} of {bench.run.path.name}")
        )
        return Work(run_trial, self._job(configuration, folder), folder / "log.txt", self._slot.environment)

    @property
    def _values(self) -> dict[str, Any]:
        return declare(self._bench.space, self._trial.hyperparameters)

    def _configuration(self) -> Configuration:
        return with_seed(self._bench.space.configuration(self._values), self._number)

    def _job(self, configuration: Configuration, folder: Path) -> TrialJob:
        dataset = self._bench.dataset_of(configuration.data)
        self._data = dataset.stamp
        return TrialJob(
            configuration=configuration,
            dataset=dataset.reference(),
            train=("train",),
            validation="validation",
            objective=Objective.of(configuration.search.objective),
            seed=configuration.training.seed or 0,
            model=folder / "model.keras",
        )

    def answer(self, message: Message) -> object | None:
        """What the parent says to a message of the trial's process."""
        if isinstance(message, Built):
            self._parameters = message.parameters
            self._bench.broadcast(TrialBuilt(self._number, message.parameters))
            if self._slot.is_gpu and message.device == "cpu":
                self._bench.say_once(Warned(NO_GPU_SUPPORT))
        elif isinstance(message, Noted):
            self._bench.say_once(Warned(message.text) if message.is_doubt else Told(message.text))
        elif isinstance(message, Making):
            self._bench.broadcast(FeaturesMade(self._number, message.done, message.total))
        elif isinstance(message, EpochDone):
            return self._judge(message.epoch)
        elif isinstance(message, Trained):
            self._reason = message.reason
            return self._bench.checkpoints.wants(self._candidate())
        return None

    def _candidate(self) -> TrialRecord:
        """As `Checkpoints` will know it from the study: its score, and the folds that it has."""
        found = outcome_of(self._epochs, self._bench.checkpoints.objective)
        score, folds = (found.score, found.folds) if found else (None, ())
        return TrialRecord(
            self._number, {}, Status.RUNNING, score=score, parameters=self._parameters, folds=folds, data=self._data
        )

    def _judge(self, epoch: Epoch) -> Verdict:
        self._epochs.append(epoch)
        behind = self._oracle.report(self._trial.trial_id, epoch)
        write_history(self._bench.run.trial(self._number), self._epochs)
        self._bench.broadcast(EpochEnded(self._number, epoch))
        if self._bench.budget.over:
            self._verdict = Verdict.STOP
        elif behind:
            self._verdict = Verdict.PRUNE
        return self._verdict

    def ending(self, broken: Broken | None) -> TrialRecord:
        """How it ended, without score and time."""
        if broken:
            status, reason, message = Status.FAILED, str(broken.failure), broken.message
        elif self._verdict is Verdict.PRUNE:
            status, reason, message = Status.PRUNED, PRUNED, ""
        elif self._verdict is Verdict.STOP:
            status, reason, message = Status.STOPPED_EARLY, TIME_IS_UP, ""
        else:
            status, reason, message = Status.STOPPED_EARLY if self._reason else Status.COMPLETED, self._reason, ""
        epochs = tuple(self._epochs)
        return TrialRecord(
            self._number,
            self._values,
            status,
            reason,
            message,
            parameters=self._parameters,
            epochs=epochs,
            data=self._data,
        )
