"""One trial as its parent sees it: what its processes are told, what they said, how it ended.

A trial that runs out of memory has another attempt, whose batches go through the network in twice as many parts.
"""

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_tuner.engine.trial import Trial

from cnnsearch.search.dataset.dataset import Dataset
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.budget import EPOCHS_ARE_SPENT
from cnnsearch.search.engine.clock import TRIAL_TIME, TrialClock
from cnnsearch.search.engine.oracle import PRUNED, OptunaOracle
from cnnsearch.search.engine.runner import Work
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.history_file import write_history
from cnnsearch.search.listeners.events import (
    EpochEnded,
    FeaturesMade,
    Told,
    TrialBuilt,
    TrialRetried,
    TrialStarted,
    Warned,
)
from cnnsearch.search.model.hypermodel import declare
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.records import Epoch, Failure, Objective, Status, TrialRecord
from cnnsearch.search.seeds import with_seed
from cnnsearch.search.trial.messages import Broken, Built, DiskFull, EpochDone, Making, Message, Noted, Trained, Verdict
from cnnsearch.search.trial.training import TrialJob, run_trial
from cnnsearch.search.writing import write_text
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.phases import epochs_of
from cnnsearch.spaces.space import configuration_yaml

NO_GPU_SUPPORT = (
    "this machine has a GPU, but Keras' backend cannot use it, and trials train on the CPU. "
    "For TensorFlow: pip install 'cnnsearch[gpu]'."
)
RETRIES = 3
"""Further attempts at a trial that runs out of memory."""


class Attempts:
    """All goes at one trial."""

    def __init__(self, oracle: OptunaOracle, trial: Trial, bench: Bench, slot: Slot) -> None:
        self._oracle, self._trial, self._bench, self._slot = oracle, trial, bench, slot
        self._number = int(trial.trial_id)
        self._clock = TrialClock(bench.trial_time, lambda: bench.pause.seconds)
        self._retries = 0
        self._configuration = with_seed(bench.space.configuration(self._values), self._number)
        self._most = epochs_of(self._configuration) * (self._configuration.data.folds or 1)
        self._dataset: Dataset | None = None
        self._has_set_aside, self._is_waiting = True, False
        self._forget()

    def _forget(self) -> None:
        """Nothing is known of the coming attempt."""
        self._parameters: int | None = None
        self._built_as: Built | None = None
        self._epochs: list[Epoch] = []
        self._verdict, self._why = Verdict.GO_ON, ""
        self._reason = ""
        self._began, self._start = time.monotonic(), 0.0

    @property
    def cut_by(self) -> str:
        """Which of the search's limits ended the trial, in words; empty where none did."""
        return self._why if self._verdict is Verdict.STOP and self._why != TRIAL_TIME else ""

    @property
    def _values(self) -> dict[str, Any]:
        return declare(self._bench.space, self._trial.hyperparameters)

    @property
    def _folder(self) -> Path:
        return self._bench.run.trial(self._number)

    def prepare(self) -> Work:
        """Make the trial's folder afresh and say what is to be done; the log of earlier attempts stays."""
        bench, number = self._bench, self._number
        if not self._retries:
            shutil.rmtree(self._folder, ignore_errors=True)
        bench.broadcast(TrialStarted(number, self._values, self._slot.name, self._most))
        self._write_configuration()
        job = self._job()
        self._began = time.monotonic()
        return Work(run_trial, job, self._folder / "log.txt", self._slot.environment)

    def _job(self) -> TrialJob:
        configuration = self._configuration
        self._dataset = self._bench.pause.patiently(lambda: self._bench.dataset_of(configuration.data))
        return TrialJob(
            configuration=configuration,
            dataset=self._dataset.reference(),
            train=("train",),
            validation="validation",
            objective=Objective.of(configuration.search.objective),
            seed=configuration.training.seed or 0,
            model=self._folder / "model.keras",
        )

    def patience(self) -> float | None:
        """Seconds that the trial's process may still go on without a word."""
        return self._clock.patience()

    def answer(self, message: Message) -> object | None:
        """What the parent says to a message of the trial's process."""
        if isinstance(message, Built):
            self._built(message)
        elif isinstance(message, Noted):
            self._bench.say_once(Warned(message.text) if message.is_doubt else Told(message.text))
        elif isinstance(message, Making):
            self._bench.broadcast(FeaturesMade(self._number, message.done, message.total))
        elif isinstance(message, EpochDone):
            return self._judge(message)
        elif isinstance(message, Trained):
            self._clock.training_ended()
            self._reason = message.reason
            return self._bench.checkpoints.wants(self._candidate())
        elif isinstance(message, DiskFull):
            return self._wait()
        return None

    def _wait(self) -> bool:
        """Let some time pass until the process tries once more to write its model."""
        if not self._is_waiting:
            self._bench.pause.begin()
        self._is_waiting = True
        self._bench.pause.wait()
        return True

    def _go_on(self) -> None:
        if self._is_waiting:
            self._bench.pause.end()
        self._is_waiting = False

    def _built(self, message: Built) -> None:
        self._parameters = message.parameters
        self._settle(message)
        self._start = time.monotonic() - self._began
        self._bench.broadcast(TrialBuilt(self._number, message.parameters))
        if self._slot.is_gpu and message.device == "cpu":
            self._bench.say_once(Warned(NO_GPU_SUPPORT))

    def _settle(self, built: Built) -> None:
        """Have what was `auto` for this device in the trial's configuration, so that a retraining does the same."""
        self._built_as = built
        self._configuration = settled(self._configuration, built)
        self._write_configuration()

    def _write_configuration(self) -> None:
        text = configuration_yaml(self._configuration, f"trial {self._number} of {self._bench.run.path.name}")
        self._bench.pause.patiently(lambda: write_text(self._folder / "config.yaml", text))

    def _candidate(self) -> TrialRecord:
        """As `Checkpoints` will know it from the study: its score, and the folds that it has."""
        found = outcome_of(self._epochs, self._bench.checkpoints.objective)
        score, folds = (found.score, found.folds) if found else (None, ())
        return TrialRecord(
            self._number, {}, Status.RUNNING, score=score, parameters=self._parameters, folds=folds, data=self._stamp
        )

    def _judge(self, done: EpochDone) -> Verdict:
        epoch = done.epoch
        self._epochs.append(epoch)
        self._clock.epoch_ended(epoch.seconds)
        behind = self._bench.pause.patiently(lambda: self._oracle.report(self._trial.trial_id, epoch))
        self._bench.pause.patiently(lambda: write_history(self._folder, self._epochs))
        self._count(done)
        self._bench.broadcast(EpochEnded(self._number, epoch))
        if len(self._epochs) < self._most:
            self._why = self._cut(epoch)
        if self._why:
            self._verdict = Verdict.STOP
        elif behind:
            self._verdict = Verdict.PRUNE
        return self._verdict

    def _count(self, done: EpochDone) -> None:
        """Tell the budget of an epoch, of its score, and of what the evaluation of such a model takes."""
        budget, epoch = self._bench.budget, done.epoch
        budget.take()
        self._has_set_aside = False
        if epoch.fold is None:  # one fold's score is no trial's score
            budget.score(epoch.metrics.get(self._bench.checkpoints.objective.metric))
        if self._dataset is not None and len(self._dataset.rows("validation")):
            unseen = len(self._dataset.rows("test")) / len(self._dataset.rows("validation"))
            budget.keep_for_the_end(self._start + done.looked * (1 + unseen))

    def _cut(self, epoch: Epoch) -> str:
        """Which limit forbids the next epoch, in words; where none does, the epoch is set aside for this trial."""
        budget = self._bench.budget
        why = budget.ended_by(coming=epoch.seconds) or (TRIAL_TIME if self._clock.is_up else "")
        if not why:
            self._has_set_aside = budget.set_aside()
            why = "" if self._has_set_aside else EPOCHS_ARE_SPENT
        return why

    def smaller(self, broken: Broken) -> bool:
        """Make another attempt of a trial that ran out of memory, with smaller parts; gives whether there is one."""
        training = self._configuration.training
        parts = more_parts(training.batch_size, training.accumulate)
        if broken.failure is not Failure.OOM or self._retries >= RETRIES or parts is None or not self._set_aside():
            return False
        self._retries += 1
        reduced = training.model_copy(update={"accumulate": parts})
        self._configuration = self._configuration.model_copy(update={"training": reduced})
        event = TrialRetried(self._number, str(broken.failure), broken.message, self._reduced_batch or 1, parts)
        self._bench.broadcast(event)
        with suppress(OSError), (self._folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"\n--- {event.text} ---\n\n")
        self._begin_again()
        return True

    def with_room(self, broken: Broken) -> bool:
        """Wait until there is room where a full disk ended a process; gives whether there is another attempt."""
        if broken.failure is not Failure.DISK or not self._set_aside() or not self._bench.pause.until_room():
            return False
        self._begin_again()
        return True

    def _begin_again(self) -> None:
        self._bench.pause.patiently(lambda: self._oracle.begin_again(self._trial))
        self._bench.budget.forget(len(self._epochs))
        self._clock.begin_again()
        self._forget()

    def _set_aside(self) -> bool:
        self._has_set_aside = self._has_set_aside or self._bench.budget.set_aside()
        return self._has_set_aside

    def close(self) -> None:
        """The trial makes no further epoch, and waits for nothing."""
        self._go_on()
        if self._has_set_aside:
            self._bench.budget.put_back()
            self._has_set_aside = False

    def forgotten(self) -> None:
        """The trial goes back in line: nothing that it did counts."""
        self._bench.budget.forget(len(self._epochs))

    @property
    def _reduced_batch(self) -> int | None:
        """Images that go through the network at once, where a lack of memory made them fewer."""
        training = self._configuration.training
        return -(-training.batch_size // training.accumulate) if self._retries else None

    @property
    def _stamp(self) -> str:
        return self._dataset.stamp if self._dataset else ""

    def ending(self, broken: Broken | None) -> TrialRecord:
        """How the trial ended, without its score."""
        status, reason, message = self._ended(broken)
        return TrialRecord(
            self._number,
            self._values,
            status,
            reason,
            message,
            seconds=self._clock.seconds,
            parameters=self._parameters,
            epochs=tuple(self._epochs),
            data=self._stamp,
            reduced_batch=self._reduced_batch,
            precision=self._built_as.precision if self._built_as else "",
            jit=self._built_as.jit if self._built_as else None,
        )

    def _ended(self, broken: Broken | None) -> tuple[Status, str, str]:
        if broken and broken.failure is Failure.TIMEOUT:
            broken = replace(broken, message=self._clock.complaint(len(self._epochs)))
        if broken:
            return Status.FAILED, str(broken.failure), broken.message
        if self._verdict is Verdict.PRUNE:
            return Status.PRUNED, PRUNED, ""
        if self._verdict is Verdict.STOP:
            return Status.STOPPED_EARLY, self._why, ""
        return Status.STOPPED_EARLY if self._reason else Status.COMPLETED, self._reason, ""


def settled(configuration: Configuration, built: Built) -> Configuration:
    """The configuration with the precision and the compilation that its trial's process has chosen."""
    chosen = {"precision": built.precision, "jit": built.jit}
    training = configuration.training.model_copy(update=chosen)
    return configuration.model_copy(update={"training": training})


def more_parts(batch_size: int, parts: int) -> int | None:
    """The next number of parts for batches that are too large: twice as many; None where each has one image."""
    return min(2 * parts, batch_size) if parts < batch_size else None
