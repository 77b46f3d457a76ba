"""How long confirming takes, measured from the trials themselves, and the share of a search's time kept for it."""

from collections.abc import Callable, Sequence

from cnnsearch.search.engine.budget import EPOCHS_ARE_SPENT, TARGET_IS_REACHED, TIME_IS_UP, Budget
from cnnsearch.search.engine.clock import TRIAL_TIME
from cnnsearch.search.events import EndedElsewhere, Event, RunStarted, TrialEnded
from cnnsearch.search.ranking import Objectives, rank, trained_as_the_first
from cnnsearch.search.records import Status, TrialRecord
from cnnsearch.spaces.sections.search import Confirm

_CUT = (TIME_IS_UP, EPOCHS_ARE_SPENT, TARGET_IS_REACHED, TRIAL_TIME)
"""Reasons of trials that might have gone on."""


def was_cut_short(trial: TrialRecord) -> bool:
    """Whether a trial's last training might have gone on; who is pruned on a rung has ended it."""
    return (trial.status is Status.PRUNED and trial.rung is None) or trial.reason in _CUT


def seconds_of(trial: TrialRecord, most: int) -> float:
    """Seconds that a trial's retraining takes: those of the trial, or of `most` epochs where it was cut short."""
    seconds = trial.seconds or 0.0
    return seconds * most / max(1, len(trial.epochs)) if was_cut_short(trial) else seconds


def confirming_seconds(each: Sequence[float], slots: int, seeds: int) -> float:
    """Seconds for so many retrainings of trials of these seconds, side by side; no shorter than the longest."""
    return max(sum(each) * seeds / slots, *each) if each else 0.0


def seeds_within(left: float, each: Sequence[float], slots: int, seeds: int) -> int:
    """How many seeds there is time for, of those asked for; one at least, if any is."""
    fit = [count for count in range(1, seeds + 1) if confirming_seconds(each, slots, count) < left]
    return max(fit, default=min(1, seeds))


class ConfirmingReserve:
    """A listener that has the budget keep as much time as confirming the best trials so far would take.

    Args:
        budget: whose time it is.
        asked: how many trials, how many seeds.
        slots: gives how many retrainings would run side by side now.
        most: epochs that a trial makes at most, over all its folds.
    """

    def __init__(self, budget: Budget, asked: Confirm, slots: Callable[[], int], most: int) -> None:
        self._budget, self._asked, self._slots, self._most = budget, asked, slots, most
        self._objectives: Objectives | None = None
        self._best: list[TrialRecord] = []

    def __call__(self, event: Event) -> None:
        """Take note of ended trials, whichever machine they ran on."""
        if isinstance(event, RunStarted):
            self._objectives = event.ranked_by
            self._among_the_best(*event.finished)
        elif isinstance(event, TrialEnded | EndedElsewhere):
            self._among_the_best(event.trial)

    def _among_the_best(self, *ended: TrialRecord) -> None:
        if self._objectives is None or self._budget.limits.seconds is None:
            return
        known = {trial.number: trial for trial in (*self._best, *ended)}  # one may be told at the start and again
        self._best = rank(known, self._objectives)[: self._asked.top]
        each = [seconds_of(trial, self._most) for trial in trained_as_the_first(self._best)]
        self._budget.keep_for_confirming(confirming_seconds(each, self._slots(), self._asked.seeds))
