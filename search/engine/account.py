"""A trial's account with the budget of its search: the epochs that it has made, and the one set aside for it."""

from collections.abc import Sequence

from cnnsearch.search.engine.budget import EPOCHS_ARE_SPENT, Budget
from cnnsearch.search.engine.clock import TRIAL_TIME, TrialClock
from cnnsearch.search.records import Epoch


class Account:
    """What one trial has of the budget.

    Args:
        budget: of the search; an epoch is set aside in it for the trial.
        clock: of the trial.
    """

    def __init__(self, budget: Budget, clock: TrialClock) -> None:
        self._budget, self._clock = budget, clock
        self._aside = budget.least
        self.made: list[Epoch] = []
        """The epochs that count in the budget."""

    def take(self, epoch: Epoch) -> None:
        """The trial has made an epoch."""
        self._budget.take(epoch.work, self._aside)
        self.made.append(epoch)
        self._aside = 0.0

    def cut(self, seconds: float, work: float) -> str:
        """Which limit forbids an epoch of such a length, in words; where none does, it is set aside for this trial."""
        why = self._budget.ended_by(coming=seconds) or (TRIAL_TIME if self._clock.is_up else "")
        if not why:
            self._aside = work if self._budget.set_aside(work) else 0.0
            why = "" if self._aside else EPOCHS_ARE_SPENT
        return why

    def set_aside(self) -> bool:
        """Set an epoch aside where none is; false where none is left."""
        self._aside = self._aside or (self._budget.least if self._budget.set_aside() else 0.0)
        return self._aside > 0

    def put_back(self) -> None:
        """The epoch that may be set aside is not made."""
        if self._aside:
            self._budget.put_back(self._aside)
        self._aside = 0.0

    def keep(self, epochs: Sequence[Epoch] = ()) -> None:
        """Only these of the epochs made still count."""
        self._budget.forget(_work(self.made) - _work(epochs))
        self.made = [*epochs]


def _work(epochs: Sequence[Epoch]) -> float:
    return float(sum(epoch.work for epoch in epochs))
