"""Other workers that draw trials of the same study at the same time, and what has become of theirs."""

from collections.abc import Callable, Sequence
from enum import Enum

from optuna.trial import FrozenTrial, TrialState

from cnnsearch.search.engine.parameters import SearchSpace
from cnnsearch.search.records import Failure, TrialRecord
from cnnsearch.search.study.stored_trial import record_of
from cnnsearch.search.study.study import TrialStudy
from cnnsearch.spaces.values import Scalar


class Turn(Enum):
    """What a worker is to do that has nothing to do."""

    DRAW = "draw"
    WAIT = "wait"
    """All trials are begun, and some are still running elsewhere: one of them may come back in line."""
    END = "end"


class Rivals:
    """What is known of the trials of a study that several workers share.

    Args:
        study: theirs and ours.
        most: how many trials it shall have; None for no bound.
    """

    def __init__(self, study: TrialStudy, most: int | None) -> None:
        self._study, self._most = study, most
        self._told: set[int] = set()
        self._free: set[int] = set()
        self._fresh: list[TrialRecord] = []
        self._keys: dict[int, str] = {}
        self.heard: Callable[[TrialRecord], None] = lambda _: None
        """Told of every trial that has ended, whoever ran it, once."""

    def look(self) -> tuple[Sequence[FrozenTrial], list[TrialRecord]]:
        """All trials, and those that have ended since the last look."""
        trials = self._study.trials()
        news = [
            record_of(trial, self._study.objectives)
            for trial in trials
            if trial.state.is_finished() and trial.number not in self._told
        ]
        self._told.update(record.number for record in news)
        self._free.update(record.number for record in news if record.costs_nothing)
        self._fresh += news
        for record in news:
            self.heard(record)
        return trials, news

    def fresh(self) -> list[TrialRecord]:
        """The trials that have ended since this was asked for the last time."""
        self.look()
        found, self._fresh = self._fresh, []
        return found

    def turn(self, *, exhausted: bool = False) -> Turn:
        """Whether there is a trial to take; `exhausted` says that no new one can be drawn."""
        trials, _ = self.look()
        if any(trial.state is TrialState.WAITING for trial in trials):
            return Turn.DRAW
        if not exhausted and (self._most is None or self._begun(len(trials)) < self._most):
            return Turn.DRAW
        return Turn.WAIT if any(trial.state is TrialState.RUNNING for trial in trials) else Turn.END

    def _begun(self, below: int) -> int:
        """How many of the trials under a number cost one of the budget."""
        return below - sum(number < below for number in self._free)

    def complaint(self, space: SearchSpace, number: int, values: dict[str, Scalar], *, is_new: bool) -> str:
        """Why a trial that was just written is none: another worker was faster. Empty where it may go on.

        A new trial gives way to those of lower numbers, which were there before it; one that waited in line without
        values, to all.
        """
        trials, _ = self.look()
        if is_new and self._most is not None and self._begun(number) >= self._most:
            return "other workers have begun the last trials"
        key = space.key(values)
        others = trials[:number] if is_new else [trial for trial in trials if trial.number != number]
        same = (other for other in others if other.params and not self._may_be_repeated(other))
        if any(self._key(space, other) == key for other in same):
            return "another worker drew the same configuration"
        return ""

    def _key(self, space: SearchSpace, trial: FrozenTrial) -> str:
        if not trial.state.is_finished():
            return space.key(trial.params)
        if trial.number not in self._keys:
            self._keys[trial.number] = space.key(trial.params)
        return self._keys[trial.number]

    def _may_be_repeated(self, trial: FrozenTrial) -> bool:
        """Whether its process died without a word: somebody may have killed it, so its configuration is tried anew."""
        failed = trial.state is TrialState.FAIL
        return failed and record_of(trial, self._study.objectives).reason == Failure.CRASH
