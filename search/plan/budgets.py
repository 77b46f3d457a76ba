"""How many trials, and how much of each, the limits of a search leave."""

import math
from collections.abc import Sequence
from statistics import fmean

from cnnsearch.search.plan.estimate import Range, TrialTime, search_seconds
from cnnsearch.spaces.sections.search import Confirm


def trials_within_epochs(trials: int, epochs: int | None, made: Sequence[float]) -> int:
    """How many trials a search begins that may take so many epochs in all.

    Args:
        trials: how many it would make without that limit.
        epochs: the limit; None for none.
        made: epochs that trials like its own take.
    """
    return trials if epochs is None else min(trials, math.ceil(epochs / fmean(made)))


def within_trial_time(seconds: float, limit: float | None, epoch: float) -> float:
    """Seconds of a trial that ends with the epoch, of so many seconds, in which its limit ends."""
    return seconds if limit is None else min(seconds, limit + epoch)


def confirming(asked: Confirm | None, trials: int, seconds: Sequence[float], slots: int, error: float) -> Range | None:
    """How long it takes to train the best trials again with new seeds; None where that is not asked for.

    Args:
        trials: how many the search makes.
        seconds: of whole trials like its own; their features are there by then.
    """
    if asked is None:
        return None
    alone = [TrialTime(each, {}) for each in seconds]
    return search_seconds(alone, min(asked.top, trials) * asked.seeds, slots, error)


def time_of_trials(limit: float | None, confirm: Range | None) -> float | None:
    """What a search's time leaves for its trials: it keeps what confirming takes, but at most a half."""
    if limit is None or confirm is None:
        return limit
    return limit - min((confirm.low + confirm.high) / 2, limit / 2)
