"""A worker among the others of its study: what they have done counts here, too, and one of them does the final part."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.engine.budget import Budget
from cnnsearch.search.engine.checkpoints import Checkpoints
from cnnsearch.search.engine.oracle import OptunaOracle
from cnnsearch.search.events import Audience, EndedElsewhere, Told, Warned
from cnnsearch.search.ranking import rank
from cnnsearch.search.records import TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.sharing.final_part import FinalPart
from cnnsearch.search.sharing.meeting import Meeting
from cnnsearch.search.study.artifacts import Artifacts
from cnnsearch.search.study.heartbeats import Heartbeats
from cnnsearch.search.study.owners import worker_of
from cnnsearch.search.study.shared import GRACE, INTERVAL, OWNER, Shared
from cnnsearch.search.study.stored_trial import epochs_of
from cnnsearch.search.writing import write_text

_POLL = 1.0
"""Seconds between two looks at what the others do."""
_HEAD_START = 10.0
"""Seconds that whoever has the best model is ahead of those who have not, where nobody else could export it."""


class Company:
    """Whom a search is made with: nobody but this process, unless its study is shared.

    Attributes:
        oracle: over its study.
        halting: set where trials are to end with the epoch that they are in.
        artifacts: where what trials leave is kept for other machines; None for nowhere.
    """

    def __init__(self, oracle: OptunaOracle, artifacts: Artifacts | None = None) -> None:
        self.oracle = oracle
        self.halting = threading.Event()
        self.artifacts = artifacts
        self.failed = False
        """Whether this process ended for its trials' failures: with others about, it leaves the rest to them."""

    def epochs(self) -> float:
        """Epochs that all trials of the study have had, as far as this process does not know it by itself."""
        return 0.0

    @contextmanager
    def present(self, budget: Budget, checkpoints: Checkpoints, broadcast: Audience) -> Iterator[None]:  # noqa: ARG002
        """Within it, this worker shows that it lives, and hears of what the others have done."""
        yield

    def stop_waiting(self) -> None:
        """This worker ends: it waits for no database."""

    @contextmanager
    def final_part(self, broadcast: Audience, *, confirms: bool) -> Iterator[bool]:  # noqa: ARG002
        """Within it, this worker does the final part, where it is the one."""
        yield True

    def bring_best(self, written: Callable[[TrialRecord], str], broadcast: Audience) -> bool:  # noqa: ARG002
        """Have the best trial's model in this worker's folder; false where it lies on another machine.

        Then its configuration is there, as the text that `written` gives.
        """
        return True


def company_of(meeting: Meeting | None, oracle: OptunaOracle, run: RunFolder, *, begins: bool) -> Company:
    """Whom a search is made with.

    Raises:
        CnnSearchError: the place for artifacts cannot be used.
    """
    if meeting is None:
        return Company(oracle)
    place = meeting.link.artifacts
    artifacts = Artifacts(place, oracle.study, meeting.storage) if place else None
    return SharedCompany(meeting, oracle, run, artifacts, begins=begins)


class _EpochsMade:
    """The epochs that a study's trials have had, by their work; those of ended trials never change, so are read once.

    Any thread may ask.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: dict[int, float] = {}

    def of(self, trials: Sequence[FrozenTrial]) -> float:
        """Of all trials together."""
        ended = [trial for trial in trials if trial.state.is_finished()]
        with self._lock:
            self._ended |= {trial.number: _work_of(trial) for trial in ended if trial.number not in self._ended}
            made = sum(self._ended[trial.number] for trial in ended)
        return made + sum(_work_of(trial) for trial in trials if not trial.state.is_finished())


def _work_of(trial: FrozenTrial) -> float:
    return sum(epoch.work for epoch in epochs_of(trial))


class SharedCompany(Company):
    """The other workers of a shared study, for one search.

    Args:
        meeting: the study.
        oracle: over it.
        run: this worker's folder.
        artifacts: where models of all machines go; None for nowhere.
        begins: whether this is `cnnsearch run`, which waits for whoever does the final part.
    """

    def __init__(
        self, meeting: Meeting, oracle: OptunaOracle, run: RunFolder, artifacts: Artifacts | None, *, begins: bool
    ) -> None:
        super().__init__(oracle, artifacts)
        self._meeting, self._run, self._begins = meeting, run, begins
        self._made = _EpochsMade()

    # Before and while trials run.

    def epochs(self) -> float:
        trials = self.oracle.study.trials()
        ongoing = self.oracle.ongoing_trials.copy()  # other slots begin and end trials meanwhile
        own = {int(trial.trial_id) for trial in ongoing.values()}
        elsewhere = sum(trial.state is TrialState.RUNNING and trial.number not in own for trial in trials)
        return self._made.of(trials) + elsewhere

    @contextmanager
    def present(self, budget: Budget, checkpoints: Checkpoints, broadcast: Audience) -> Iterator[None]:
        storage = self._meeting.storage
        if isinstance(storage, Shared):
            storage.tell_with(lambda text: broadcast.at_once(Warned(text)))

        def heard(event: EndedElsewhere) -> None:
            record = event.trial
            if record.costs_nothing or f"{record.number:04d}" in self.oracle.trials:
                return
            checkpoints.ended(record)
            if record.is_whole:
                budget.score(record.score)
            broadcast.at_once(event)  # who draws, or shows that this worker lives, waits for no full disk

        def requeued(number: int) -> None:
            broadcast.at_once(Told(f"trial {number}: its worker shows no life, so it is in line again"))

        if self.oracle.rivals:
            self.oracle.rivals.heard = heard
        with Heartbeats(self.oracle.study, requeued=requeued, interval=INTERVAL, grace=GRACE):
            yield

    def stop_waiting(self) -> None:
        if isinstance(self._meeting.storage, Shared):
            self._meeting.storage.stop_waiting()

    # The final part.

    @contextmanager
    def final_part(self, broadcast: Audience, *, confirms: bool) -> Iterator[bool]:
        if self.failed:
            yield False
            return
        ended = self._when_all_ended(broadcast)
        kind = f"{sum(trial.state.is_finished() for trial in ended)} trials"
        final = FinalPart(self._meeting.link, self._meeting.storage, kind)
        if not (confirms or self._has_best()):
            self.halting.wait(_HEAD_START)
        if not self._claimed(final, broadcast):
            yield False
            return
        try:
            yield True
        except BaseException:
            final.give_back()
            raise
        if not final.done(self._run.path):
            broadcast(Told(f"another worker has done the final part, too: {final.where()}"))

    def _when_all_ended(self, broadcast: Audience) -> Sequence[FrozenTrial]:
        is_told = False
        while True:
            trials = self.oracle.study.trials()
            running = [trial for trial in trials if trial.state is TrialState.RUNNING]
            if not running or self.halting.is_set():
                return trials
            if not is_told:
                broadcast(Told(f"waits for what runs elsewhere: {_named(running)}"))
                is_told = True
            self.halting.wait(_POLL)

    def _has_best(self) -> bool:
        """Whether the best trial's model is within reach of this machine."""
        best = self._best()
        return best is None or self.artifacts is not None or self._run.trial(best.number).model.is_file()

    def _best(self) -> TrialRecord | None:
        return next(iter(rank(self.oracle.study.records(), self.oracle.study.objectives)), None)

    def _claimed(self, final: FinalPart, broadcast: Audience) -> bool:
        is_told = False
        while not self.halting.is_set():
            if final.claim():
                return True
            if final.is_done or not self._begins:
                verb = "was done by" if final.is_done else "is done by"
                broadcast(Told(f"the final part {verb} {final.where()}"))
                return False
            if not is_told:
                broadcast(Told(f"waits for the final part, which is done by {final.where()}"))
                is_told = True
            final.sweep(GRACE)
            self.halting.wait(_POLL)
        return False

    def bring_best(self, written: Callable[[TrialRecord], str], broadcast: Audience) -> bool:
        best = self._best()
        if best is None:
            return True
        folder = self._run.trial(best.number)
        if folder.model.is_file() or (self.artifacts and self.artifacts.fetch(best.number, folder)):
            return True
        write_text(folder.config, written(best))
        owner = worker_of(self.oracle.study.trials()[best.number].system_attrs.get(OWNER))
        host = owner.partition(":")[0] or "another machine"
        why = "it is not in search.artifacts" if self.artifacts else "no search.artifacts is named to bring it here"
        broadcast(
            Warned(
                f"the best trial is {best.number}, whose model lies on {host} in its run folder; {why}. "
                f"To have it here: cnnsearch retrain {folder.config}"
            )
        )
        return False


def _named(trials: Sequence[FrozenTrial]) -> str:
    numbers = ", ".join(str(trial.number) for trial in trials[:5])
    more = f" and {len(trials) - 5} more" if len(trials) > 5 else ""
    return f"trial {numbers}" if len(trials) == 1 else f"trials {numbers}{more}"
