"""One trial as its parent sees it: what its process is told, what is made of its words, how it ended."""

import time
from dataclasses import replace
from typing import Any

from keras_tuner.engine.trial import Trial

from cnnsearch.search.dataset.dataset import Dataset, DatasetReference
from cnnsearch.search.engine.account import Account
from cnnsearch.search.engine.backups import clear, stamp_of
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.bench_dialogue import BenchDialogue
from cnnsearch.search.engine.climbing import BEHIND, Rule
from cnnsearch.search.engine.clock import TRIAL_TIME
from cnnsearch.search.engine.oracle import PRUNED, OptunaOracle
from cnnsearch.search.engine.reducing import images_at_once, in_parts, retries_between
from cnnsearch.search.engine.runner import Work
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.events import (
    EpochEnded,
    FeaturesMade,
    TrialBuilt,
    TrialContinued,
    TrialShown,
    TrialStarted,
    Warned,
)
from cnnsearch.search.history_file import write_history
from cnnsearch.search.model.hypermodel import declare
from cnnsearch.search.outcome import outcome_of
from cnnsearch.search.ranking import Objectives
from cnnsearch.search.records import Epoch, Failure, Status, TrialRecord
from cnnsearch.search.seeds import with_seed
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.measuring import measures_of
from cnnsearch.search.trial.messages import Broken, Built, EpochDone, Making, Shown, Verdict
from cnnsearch.spaces.phases import epochs_of
from cnnsearch.spaces.rungs import Rung, climbed, on_rung

NO_GPU_SUPPORT = (
    "this machine has a GPU that Keras' backend cannot use, so a trial there trains on the CPU. From now on no trial "
    "begins on such a GPU; where no other is left, one at a time does. For TensorFlow: pip install 'cnnsearch[gpu]', "
    "then run the same command again."
)


class TrialDialogue(BenchDialogue):
    """What is said to the process of a trial, and what came of it; one process may follow another.

    Args:
        oracle: hands out the trial, and records it.
        trial: which.
        bench: what trials are run with.
        slot: where.
    """

    def __init__(self, oracle: OptunaOracle, trial: Trial, bench: Bench, slot: Slot) -> None:
        self._oracle, self._trial, number = oracle, trial, int(trial.trial_id)
        self._values: dict[str, Any] = declare(bench.space, trial.hyperparameters)
        asked, parts = with_seed(bench.space.configuration(self._values), number), oracle.study.parts(number)
        configuration = asked if parts is None else in_parts(asked, parts)
        super().__init__(bench, number, slot, configuration, bench.run.trial(number), bench.trial_time)
        self._retries = retries_between(asked.training, parts)
        self._is_first = True
        self._account, self._found = Account(bench.budget, self._clock), stamp_of(self.folder)
        self.is_halted = False
        """Whether its process was told to end, so that the trial goes on at another time."""
        self._rule = Rule.of(bench.space.document.search)
        self._rungs = climbed(self._configuration, self._rule.first(self._number))
        folds = self._configuration.data.folds or 1
        self._most = epochs_of(self._configuration) * (folds + max(0, len(self._rungs) - 1))
        self._dataset: Dataset | None = None

    def _forget(self) -> None:
        """Nothing is known of the coming attempt."""
        super()._forget()
        self._verdict, self._why = Verdict.GO_ON, ""
        self._began, self._start, self._counted = time.monotonic(), 0.0, 0.0

    @property
    def cut_by(self) -> str:
        """Which of the search's limits ended the trial, in words; empty where none did."""
        return self._why if self._verdict is Verdict.STOP and self._why != TRIAL_TIME else ""

    @property
    def _title(self) -> str:
        return f"trial {self._number} of {self._bench.run.path.name}"

    def prepare(self) -> Work:
        """Make the trial's folder afresh and say what is to be done; the log of earlier attempts stays."""
        bench, number = self._bench, self._number
        self._clock.stand()  # images are decoded for all trials of their size
        self._account.made = [*self._oracle.study.record(number).epochs]
        if self._is_first or not self._retries:
            clear(self.folder, goes_on=bool(self._account.made))
            self._described = None
        self._found = stamp_of(self.folder)
        bench.broadcast(TrialStarted(number, self._values, self._slot.name, self._most))
        job = self._job()
        self._clock.go_on()
        self._began, self._counted = time.monotonic(), self._clock.counted
        self._waiting.heard()
        return Work(bench.train, job, self.folder.log, self._slot.environment)

    def _job(self) -> TrialJob:
        configuration = self._configuration
        self._dataset = self._bench.pause.patiently(lambda: self._bench.images_of(configuration.data))
        return TrialJob(
            configuration=configuration,
            dataset=self._dataset.reference(),
            train=("train",),
            validation="validation",
            objective=self._objectives.epoch,
            measures=measures_of(configuration.search),
            seed=configuration.training.seed or 0,
            model=self.folder.model,
            backup=self.folder.backup,
            had=len(self._account.made),
            known=tuple(self._bench.known.values()),
            rungs=tuple((rung, self._reference_of(rung)) for rung in self._rungs),
        )

    def _reference_of(self, rung: Rung) -> DatasetReference:
        data = on_rung(self._configuration, rung).data
        dataset = self._bench.pause.patiently(lambda: self._bench.images_of(data))
        return dataset.reference().of_share(rung.share)

    @property
    def _objectives(self) -> Objectives:
        return self._bench.checkpoints.objectives

    def _making(self, making: Making) -> None:
        self._clock.makes_features() if making.done < making.total else self._clock.go_on()
        self._bench.broadcast(FeaturesMade(self._number, making.done, making.total))

    def _wants_model(self) -> bool:
        self._clock.training_ended()
        return self._bench.checkpoints.wants(self._candidate())

    def _shown(self, shown: Shown) -> None:
        self._bench.broadcast(TrialShown(self._number, shown.name, shown.told, shown.pictures))

    def _built(self, built: Built) -> None:
        self._start = self._start or time.monotonic() - self._began  # the model is built anew on each rung
        self._describe()
        self._bench.broadcast(TrialBuilt(self._number, built.parameters))
        if self._slot.is_gpu and built.device == "cpu":
            self._bench.crew.trains_on_cpu(self._slot.device)
            self._bench.say_once(Warned(NO_GPU_SUPPORT))

    def _continued(self, epochs: int) -> None:
        """Take over as many of the trial's epochs as its process goes on after."""
        pause = self._bench.pause
        kept = pause.patiently(lambda: self._oracle.keep(self._trial, epochs))
        self._account.keep(kept)
        self._epochs = [*kept]
        pause.patiently(lambda: write_history(self.folder.history, kept))
        if not kept:
            return
        if self._is_first:  # else they are of this session, whose clock goes on
            self._clock.had_before(sum(epoch.seconds for epoch in kept))
        self._bench.broadcast(TrialContinued(self._number, kept))

    def _candidate(self) -> TrialRecord:
        """As `Checkpoints` will know it from the study: its score, and the folds that it has."""
        trained = replace(self.trained(self._number, self._objectives.epoch), data=self._stamp)
        return replace(self._objectives.judged(trained), epochs=())

    def _judge(self, done: EpochDone) -> Verdict:
        epoch, experience = done.epoch, self._bench.experience
        self._clock.epoch_ended(epoch.seconds)
        experience.epoch(epoch.seconds)
        if len(self._epochs) == 1:
            experience.started(self._clock.counted - self._counted)
        behind = self._bench.pause.patiently(lambda: self._oracle.report(self._trial.trial_id, epoch))
        self._bench.pause.patiently(lambda: write_history(self.folder.history, self._epochs))
        self._count(done)
        self._bench.broadcast(EpochEnded(self._number, epoch))
        # Early stopping may leave out epochs of a phase, a fold or a rung: then the process alone knows the last one.
        is_last = done.is_last or len(self._epochs) >= self._most
        if not is_last:
            self._why = self._account.cut(epoch.seconds, epoch.work)
        if self._why:
            self._verdict = Verdict.STOP
        elif behind and not is_last:  # what is trained to its end is spared nothing
            self._verdict = Verdict.PRUNE
        self.is_halted = self._verdict is Verdict.GO_ON and self._bench.halting.is_set()
        return Verdict.HALT if self.is_halted else self._verdict

    def _judge_rung(self, rung: Rung) -> Verdict:
        """Whether a trial that has ended a rung climbs on."""
        objective = self._objectives.epoch
        found = outcome_of([epoch for epoch in self._epochs if epoch.rung == rung], objective)
        reach = self._oracle.reach
        if found is not None:
            reached = self._bench.pause.patiently(lambda: reach(self._trial.trial_id, rung, found.score))
            if self._rule.is_behind(self._number, reached, objective):
                self._verdict = Verdict.PRUNE
                return self._verdict
        self._why = self._cut_before(next(above for above in self._rungs if above.number > rung.number), rung)
        self._verdict = Verdict.STOP if self._why else self._verdict
        return self._verdict

    def _cut_before(self, coming: Rung, done: Rung) -> str:
        """Which limit forbids the next rung, in words; where none does, an epoch of it is set aside."""
        factor = coming.work / done.work
        self._clock.epochs_grow(factor)
        self._account.put_back()
        return self._account.cut(factor * self._epochs[-1].seconds, coming.work)

    def _count(self, done: EpochDone) -> None:
        """Tell the budget of an epoch, of its score, and of what the evaluation of such a model takes."""
        budget, epoch = self._bench.budget, done.epoch
        self._account.take(epoch)
        is_whole = epoch.rung is None or epoch.rung.is_last
        # A score of one fold, or on a lower rung, is no trial's score, and one beyond a constraint is none at all.
        if epoch.fold is None and is_whole and not self._breaks_a_constraint(epoch):
            budget.score(epoch.metrics.get(self._objectives.epoch.metric))
        if self._dataset is not None and len(self._dataset.rows("validation")):
            unseen = len(self._dataset.rows("test")) / len(self._dataset.rows("validation"))
            budget.keep_for_the_end(self._start + done.looked * (1 + unseen))

    def _breaks_a_constraint(self, epoch: Epoch) -> bool:
        so_far = replace(self.heard(self._number), epochs=(epoch,), best_epoch=epoch.number, rung=epoch.rung)
        return bool(self._objectives.complaint(so_far))

    @property
    def _reduced_batch(self) -> int | None:
        """Images that go through the network at once, where a lack of memory made them fewer."""
        training = self._configuration.training
        return images_at_once(training.batch_size, training.accumulate) if self._retries else None

    @property
    def _stamp(self) -> str:
        return self._dataset.stamp if self._dataset else ""

    def ending(self, broken: Broken | None) -> TrialRecord:
        """How the trial ended, without its score; its folder says what was trained, even where nothing was built."""
        self._describe()
        status, reason, message = self._ended(broken)
        return replace(
            self.heard(self._number),
            values=self._values,
            status=status,
            reason=reason,
            message=message,
            seconds=self._clock.seconds,
            data=self._stamp,
            reduced_batch=self._reduced_batch,
        )

    def _ended(self, broken: Broken | None) -> tuple[Status, str, str]:
        if broken and broken.failure is Failure.TIMEOUT:
            broken = replace(broken, message=self._waiting.complaint(len(self._epochs)))
        if broken:
            return Status.FAILED, str(broken.failure), broken.message
        if self._verdict is Verdict.PRUNE:
            return Status.PRUNED, BEHIND if self._rungs else PRUNED, ""
        if self._verdict is Verdict.STOP:
            return Status.STOPPED_EARLY, self._why, ""
        return Status.STOPPED_EARLY if self._reason else Status.COMPLETED, self._reason, ""
