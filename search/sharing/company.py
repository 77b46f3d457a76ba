"""A worker among the others of its study: what they have done counts here, too, and one of them does the final part."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.listeners.events import Broadcast, EndedElsewhere, Told, Warned
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.sharing.final_part import FinalPart
from cnnsearch.search.sharing.meeting import Meeting
from cnnsearch.search.study.artifacts import MODEL, Artifacts
from cnnsearch.search.study.heartbeats import Heartbeats
from cnnsearch.search.study.shared import GRACE, INTERVAL, OWNER, Shared
from cnnsearch.search.study.stored_trial import epochs_of

_POLL = 1.0
"""Seconds between two looks at what the others do."""
_HEAD_START = 10.0
"""Seconds that whoever has the best model is ahead of those who have not, where nobody else could export it."""


class Company:
    """The other workers of a shared study, for one search.

    Args:
        meeting: the study.
        oracle: over it.
        run: this worker's folder.
        artifacts: where models of all machines go; None for nowhere.
        begins: whether this is `cnnsearch run`, which waits for whoever does the final part.
        halted: set where this worker is to end.
    """

    def __init__(
        self,
        meeting: Meeting,
        oracle: OptunaOracle,
        run: RunFolder,
        artifacts: Artifacts | None,
        halted: threading.Event,
        *,
        begins: bool,
    ) -> None:
        self._meeting, self._oracle, self._run = meeting, oracle, run
        self._artifacts, self._halted, self._begins = artifacts, halted, begins
        self._final: FinalPart | None = None

    # Before and while trials run.

    def epochs(self) -> float:
        """Epochs that all trials of the study have had, and one for each that runs elsewhere."""
        trials = self._oracle.study.trials()
        own = {int(trial.trial_id) for trial in self._oracle.ongoing_trials.values()}
        elsewhere = sum(trial.state is TrialState.RUNNING and trial.number not in own for trial in trials)
        return sum(epoch.work for trial in trials for epoch in epochs_of(trial)) + elsewhere

    @contextmanager
    def present(
        self, budget: Budget, checkpoints: Checkpoints, broadcast: Broadcast, interval: float = INTERVAL
    ) -> Iterator[None]:
        """Within it, this worker shows that it lives, and hears of what the others have done."""
        storage = self._meeting.storage
        if isinstance(storage, Shared):
            storage.tell_with(lambda text: broadcast(Warned(text)))

        def heard(record: TrialRecord) -> None:
            if record.costs_nothing or f"{record.number:04d}" in self._oracle.trials:
                return
            checkpoints.ended(record)
            if record.is_whole:
                budget.score(record.score)
            broadcast(EndedElsewhere(record))

        def requeued(number: int) -> None:
            broadcast(Told(f"trial {number}: its worker shows no life, so it is in line again"))

        self._oracle.heard(heard)
        with Heartbeats(self._oracle.study, requeued=requeued, interval=interval, grace=interval * GRACE / INTERVAL):
            yield

    def stop_waiting(self) -> None:
        """This worker ends: it waits for no database."""
        if isinstance(self._meeting.storage, Shared):
            self._meeting.storage.stop_waiting()

    # The final part.

    def finishes(self, broadcast: Broadcast, *, confirms: bool) -> bool:
        """Whether this worker is the one who does the final part; waits for trials that still run elsewhere."""
        ended = self._when_all_ended(broadcast)
        kind = f"{sum(trial.state.is_finished() for trial in ended)} trials"
        self._final = FinalPart(self._meeting.link, self._meeting.storage, kind)
        if not (confirms or self._has_best()):
            self._halted.wait(_HEAD_START)
        return self._claimed(self._final, broadcast)

    def _when_all_ended(self, broadcast: Broadcast) -> Sequence[FrozenTrial]:
        is_told = False
        while True:
            trials = self._oracle.study.trials()
            running = [trial for trial in trials if trial.state is TrialState.RUNNING]
            if not running or self._halted.is_set():
                return trials
            if not is_told:
                broadcast(Told(f"waits for what runs elsewhere: {_named(running)}"))
                is_told = True
            self._halted.wait(_POLL)

    def _has_best(self) -> bool:
        """Whether the best trial's model is within reach of this machine."""
        best = next(iter(rank(self._oracle.study.records(), self._oracle.study.objectives)), None)
        return best is None or self._artifacts is not None or (self._run.trial(best.number) / MODEL).is_file()

    def _claimed(self, final: FinalPart, broadcast: Broadcast) -> bool:
        is_told = False
        while not self._halted.is_set():
            if final.claim():
                return True
            if final.is_done or not self._begins:
                verb = "was done by" if final.is_done else "is done by"
                broadcast(Told(f"the final part {verb} {final.where()}"))
                return False
            if not is_told:
                broadcast(Told(f"waits for the final part, which is done by {final.where()}"))
                is_told = True
            final.sweep()
            self._halted.wait(_POLL)
        return False

    def bring_best(self, trials: Sequence[TrialRecord], broadcast: Broadcast) -> bool:
        """Have the best trial's model in this worker's folder; false where it lies on another machine."""
        best = next(iter(rank(list(trials), self._oracle.study.objectives)), None)
        if best is None:
            return True
        folder = self._run.trial(best.number)
        if (folder / MODEL).is_file() or (self._artifacts and self._artifacts.fetch(best.number, folder)):
            return True
        owner = str(self._oracle.study.trial(best.number).system_attrs.get(OWNER) or "")
        host = owner.partition(":")[0] or "another machine"
        why = "it is not in search.artifacts" if self._artifacts else "no search.artifacts is named to bring it here"
        broadcast(
            Warned(
                f"the best trial is {best.number}, whose model lies on {host} in its run folder; {why}. "
                f"To have it here: cnnsearch retrain {folder / 'config.yaml'}"
            )
        )
        return False

    def finished(self) -> None:
        """The final part is done."""
        if self._final:
            self._final.done(self._run.path)

    def unfinished(self) -> None:
        """The final part was interrupted: another worker may do it."""
        if self._final:
            self._final.give_back()


def _named(trials: Sequence[FrozenTrial]) -> str:
    numbers = ", ".join(str(trial.number) for trial in trials[:5])
    more = f" and {len(trials) - 5} more" if len(trials) > 5 else ""
    return f"trial {numbers}" if len(trials) == 1 else f"trials {numbers}{more}"
