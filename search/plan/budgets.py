"""How many trials, and how much of each, the limits of a search leave."""

import math
from collections.abc import Sequence
from statistics import fmean


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
