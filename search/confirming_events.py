"""What happens while the best trials are confirmed, as plain values."""

from dataclasses import dataclass

from cnnsearch.search.confirmed import Confirmation, Retrained
from cnnsearch.search.records import Epoch


@dataclass(frozen=True)
class ConfirmingStarted:
    """The best trials are about to be retrained: `trials`, the best of the search first, `seeds` times each.

    `retrained` are those of them that ended in an earlier session.
    """

    trials: tuple[int, ...]
    seeds: int
    retrained: tuple[Retrained, ...] = ()

    @property
    def retrainings(self) -> int:
        """How many there will be in all."""
        return len(self.trials) * self.seeds


@dataclass(frozen=True)
class RetrainingStarted:
    """A retraining's process starts on a slot; `epochs` is the most it may train, `turn` counts from 1."""

    number: int
    turn: int
    slot: str
    epochs: int


@dataclass(frozen=True)
class RetrainingWentOn:
    """A retraining finished an epoch."""

    number: int
    turn: int
    epoch: Epoch


@dataclass(frozen=True)
class RetrainingEnded:
    """A retraining ended with a score, or failed."""

    retrained: Retrained


@dataclass(frozen=True)
class ConfirmingEnded:
    """Nothing more is retrained."""

    confirmation: Confirmation


ConfirmingEvent = ConfirmingStarted | RetrainingStarted | RetrainingWentOn | RetrainingEnded | ConfirmingEnded
