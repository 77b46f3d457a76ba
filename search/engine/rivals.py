"""Other workers that draw trials of the same study at the same time, and what has become of theirs."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum

from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.engine.parameters import SearchSpace
from cnnsearch.search.events import EndedElsewhere
from cnnsearch.search.records import Failure, Status, TrialRecord
from cnnsearch.search.study.owners import worker_of
from cnnsearch.search.study.shared import OWNER, SAME_DRAW, TOO_LATE
from cnnsearch.search.study.stored_trial import record_of
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.values import Scalar


class Next(Enum):
    """What a worker is to do that has nothing to do."""

    DRAW = "draw"
    WAIT = "wait"
    """All trials are begun, and some are still running elsewhere: one of them may come back in line."""
    END = "end"


class Beaten(Exception):
    """A trial that was just written is none: another worker was faster.

    Attributes:
        number: of the trial.
        why: what the other one did.
    """

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number, self.why = number, why


class Rivals:
    """What is known of the trials of a study that several workers share.

    Args:
        study: theirs and ours.
        most: how many trials it shall have; None for no bound.
        undoes: whether the study's storage takes back what was written in a step that raised.
    """

    def __init__(self, study: TrialStudy, most: int | None, *, undoes: bool) -> None:
        self._study, self._most, self._undoes = study, most, undoes
        self._told: set[int] = set()
        self._free: set[int] = set()
        self._fresh: list[TrialRecord] = []
        self._untold: list[EndedElsewhere] = []
        self._looked = 0.0
        self._settled = 0
        """All trials below this number have ended, and are told: among ten thousand nobody looks at them again."""
        self._unkeyed: list[FrozenTrial] = []
        self._ended_with: defaultdict[str, set[int]] = defaultdict(set)
        """The numbers of ended trials by their configuration, as far as that is not to be tried again."""
        self.heard: Callable[[EndedElsewhere], None] = lambda _: None
        """Told of every trial that has ended, whoever ran it, once."""

    def look(self) -> Sequence[FrozenTrial]:
        """All trials, in the order of their numbers."""
        trials, now = self._study.trials(), time.time()
        new = [trial for trial in self.open(trials) if trial.number not in self._told and trial.state.is_finished()]
        news = [record_of(trial, self._study.objectives) for trial in new]
        self._told.update(record.number for record in news)
        self._free.update(record.number for record in news if record.costs_nothing)
        self._fresh += news
        self._untold += [
            EndedElsewhere(record, worker_of(trial.system_attrs.get(OWNER)), self._ended(trial, now))
            for trial, record in zip(new, news, strict=True)
        ]
        self._unkeyed += new
        while self._settled in self._told:
            self._settled += 1
        self._looked = now
        return trials

    def open(self, trials: Sequence[FrozenTrial]) -> Sequence[FrozenTrial]:
        """Those among all trials that may not have ended yet, as far as is known."""
        return trials[self._settled :]

    def _ended(self, trial: FrozenTrial, now: float) -> float:
        """When a trial ended, by a clock that may be off: after the last look, and before this one."""
        told = trial.datetime_complete.timestamp() if trial.datetime_complete else now
        return min(max(told, self._looked), now)

    def fresh(self) -> list[TrialRecord]:
        """The trials that have ended since this was asked for the last time."""
        self.look()
        found, self._fresh = self._fresh, []
        return found

    def turn(self, *, exhausted: bool = False) -> Next:
        """Whether there is a trial to take; `exhausted` says that no new one can be drawn."""
        trials = self.look()
        while self._untold:
            self.heard(self._untold.pop(0))
        left = self.open(trials)
        if any(trial.state is TrialState.WAITING for trial in left):
            return Next.DRAW
        if not exhausted and (self._most is None or self._begun(len(trials)) < self._most):
            return Next.DRAW
        return Next.WAIT if any(trial.state is TrialState.RUNNING for trial in left) else Next.END

    @property
    def is_full(self) -> bool:
        """Whether as many trials are begun as the study shall have."""
        return self._most is not None and self._begun(len(self.look())) >= self._most

    def _begun(self, below: int) -> int:
        """How many of the trials under a number cost one of the budget."""
        return below - sum(number < below for number in self._free)

    def give_way(self, space: SearchSpace, number: int, values: Mapping[str, Scalar], *, is_new: bool) -> None:
        """To be called when a trial is written, in the same step.

        A new trial gives way to those of lower numbers, which were there before it; one that waited in line without
        values, to all.

        Raises:
            Beaten: there are enough trials without it, or another one has its configuration.
        """
        why = self._complaint(space, number, values, is_new=is_new)
        if why:
            raise Beaten(number, why)

    def withdraw(self, beaten: Beaten) -> None:
        """Have a trial that gave way cost nothing, where the storage has not taken it back."""
        if not self._undoes:
            self._study.tell(TrialRecord(beaten.number, {}, Status.FAILED, Failure.IMPOSSIBLE, beaten.why))

    def _complaint(self, space: SearchSpace, number: int, values: Mapping[str, Scalar], *, is_new: bool) -> str:
        trials = self.look()
        if is_new and self._most is not None and self._begun(number) >= self._most:
            return TOO_LATE
        same = self._with_key(space, space.key(values), trials)
        if any(other < number or (other != number and not is_new) for other in same):
            return SAME_DRAW
        return ""

    def _with_key(self, space: SearchSpace, key: str, trials: Sequence[FrozenTrial]) -> Iterator[int]:
        """The numbers of the trials that have a configuration and keep it."""
        for trial in self._unkeyed:
            if trial.params and not self._may_be_repeated(trial):
                self._ended_with[space.key(trial.params)].add(trial.number)
        self._unkeyed.clear()
        yield from self._ended_with.get(key, ())
        going_on = (trial for trial in self.open(trials) if not trial.state.is_finished())
        yield from (trial.number for trial in going_on if trial.params and space.key(trial.params) == key)

    def _may_be_repeated(self, trial: FrozenTrial) -> bool:
        """Whether its process died without a word: somebody may have killed it, so its configuration is tried anew."""
        failed = trial.state is TrialState.FAIL
        return failed and record_of(trial, self._study.objectives).reason == Failure.CRASH
