"""One retraining of a trial with a new seed, as its parent sees it: no pruner looks at it; time alone may end it."""

from cnnsearch.search.confirmed import Retrained
from cnnsearch.search.confirming_events import RetrainingStarted, RetrainingWentOn
from cnnsearch.search.engine.backups import clear, stamp_of
from cnnsearch.search.engine.bench import Bench
from cnnsearch.search.engine.bench_dialogue import BenchDialogue
from cnnsearch.search.engine.runner import Work
from cnnsearch.search.engine.slots import Slot
from cnnsearch.search.history_file import read_history, write_history
from cnnsearch.search.outcome import phases_to_best
from cnnsearch.search.records import Epoch
from cnnsearch.search.trial.course import TrialJob
from cnnsearch.search.trial.messages import Broken, Built, EpochDone, Verdict
from cnnsearch.spaces.document import Configuration
from cnnsearch.spaces.phases import epochs_of
from cnnsearch.spaces.rungs import Rung, on_rung


def all_epochs_of(configuration: Configuration) -> int:
    """How many epochs a configuration trains at most, over all its folds."""
    return epochs_of(configuration) * (configuration.data.folds or 1)


class RetrainingDialogue(BenchDialogue):
    """What is said to a retraining's process, and what came of it.

    Args:
        bench: what trials are run with.
        number, turn: which trial, and which of its retrainings, from 1.
        configuration: what the trial was drawn as, the new seed included.
        slot: where.
        rung: the one that the trial came to, whose training is made again; None where there are none.
    """

    def __init__(
        self,
        bench: Bench,
        number: int,
        turn: int,
        configuration: Configuration,
        slot: Slot,
        rung: Rung | None = None,
    ) -> None:
        super().__init__(bench, number, slot, configuration, bench.run.retraining(number, turn))
        self._turn, self._rung = turn, rung
        self._most = all_epochs_of(configuration)
        self._stamp = ""
        self._had: tuple[Epoch, ...] = ()
        self.is_halted = False
        """Whether its process was told to end, so that it goes on at another time."""
        self.is_late = False
        """Whether the search's time ended it: what it measured is no whole training."""

    def prepare(self) -> Work:
        """Make its folder afresh, but for what it can go on from, and say what is to be done."""
        bench = self._bench
        self._forget()
        self._had = () if stamp_of(self.folder) is None else read_history(self.folder.history)
        clear(self.folder, goes_on=bool(self._had))
        self._described = None
        bench.broadcast(RetrainingStarted(self._number, self._turn, self._slot.name, self._most))
        rung, configuration = self._rung, self._configuration
        trained = on_rung(configuration, rung) if rung else configuration
        dataset = bench.pause.patiently(lambda: bench.images_of(trained.data))
        self._stamp = dataset.stamp
        job = TrialJob(
            configuration=trained,
            dataset=dataset.reference().of_share(rung.share if rung else 1.0),
            train=("train",),
            validation="validation",
            objective=bench.checkpoints.objective,
            seed=configuration.training.seed or 0,
            model=self.folder.model,
            backup=self.folder.backup,
            had=len(self._had),
            known=tuple(bench.known.values()),
        )
        self._waiting.heard()
        return Work(bench.train, job, self.folder.log, self._slot.environment)

    @property
    def _title(self) -> str:
        return f"trial {self._number} of {self._bench.run.path.name} with another seed, retraining {self._turn}"

    def _built(self, built: Built) -> None:  # noqa: ARG002 - its trial has told of the network
        self._describe()

    def _continued(self, epochs: int) -> None:
        """Take over as many of its epochs as its process goes on after."""
        self._epochs = [*self._had[:epochs]]
        self._bench.pause.patiently(lambda: write_history(self.folder.history, self._epochs))

    def _judge(self, done: EpochDone) -> Verdict:
        bench = self._bench
        bench.pause.patiently(lambda: write_history(self.folder.history, self._epochs))
        self._clock.epoch_ended(done.epoch.seconds)
        bench.broadcast(RetrainingWentOn(self._number, self._turn, done.epoch))
        self.is_late = len(self._epochs) < self._most and done.epoch.seconds >= bench.budget.left
        self.is_halted = not self.is_late and bench.halting.is_set()
        return Verdict.STOP if self.is_late else Verdict.HALT if self.is_halted else Verdict.GO_ON

    def _wants_model(self) -> bool:
        self._clock.training_ended()
        return not self.is_late

    @property
    def is_put_off(self) -> bool:
        """Whether the search's time ended the wait for its process, which need not hang."""
        return self._waiting.is_put_off

    def ending(self, broken: Broken | None) -> Retrained:
        """How it ended; one that breaks a constraint has no score. Its folder says what was trained."""
        self._describe()
        objectives = self._bench.checkpoints.objectives
        record = objectives.judged(self.trained(self._number, objectives.epoch))
        return Retrained(
            trial=self._number,
            turn=self._turn,
            seed=self._configuration.training.seed or 0,
            score=None if broken else record.score,
            epoch=None if broken else record.best_epoch,
            epochs=len(self._epochs),
            seconds=record.seconds or 0.0,
            phases=phases_to_best(record, objectives.epoch),
            reason=str(broken.failure) if broken else record.reason,
            message=broken.message if broken else "",
            data=self._stamp,
        )
