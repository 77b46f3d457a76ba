"""What a search holds for its best model at each moment, and how good that is on photos that chose nothing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Finished:
    """A trial that has ended.

    Attributes:
        trial: its name.
        score: its best validation accuracy; the weights of that epoch are kept.
        at: seconds from the command's start to the trial's end.
        epochs: that it made.
    """

    trial: str
    score: float
    at: float
    epochs: int


@dataclass(frozen=True)
class Searched:
    """What a search did.

    Attributes:
        trials: in the order of their ends.
        memory: bytes that the command's own process held at the end (RSS).
        together: bytes that it held at most together with its trials' processes (PSS); 0 where it has none.
        tested: of each trial that was an incumbent, the accuracy on the test photos.
        values: of each trial, in the plain script's names.
    """

    trials: tuple[Finished, ...]
    memory: int
    together: int
    tested: Mapping[str, float]
    values: Mapping[str, Mapping[str, float | str]]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """From a JSON file."""
        trials = tuple(Finished(**trial) for trial in fields["trials"])
        return cls(**{**fields, "trials": trials})

    @property
    def seconds(self) -> float:
        """From the command's start to the last trial's end."""
        return self.trials[-1].at

    @property
    def epochs(self) -> int:
        """Of all trials together."""
        return sum(trial.epochs for trial in self.trials)

    @property
    def accuracy(self) -> float:
        """On the test photos, of the model that the search ends with."""
        return self.tested[incumbents(self.trials)[-1].trial]

    def reached(self, accuracy: float) -> float:
        """Seconds until the incumbent's test accuracy is as good as this and stays so; infinite where it never does."""
        since = math.inf
        for trial in incumbents(self.trials):
            good = self.tested[trial.trial] >= accuracy
            since = min(since, trial.at) if good else math.inf
        return since


def incumbents(trials: Sequence[Finished]) -> list[Finished]:
    """The trials that were better than all before them, the first one first."""
    best, found = -math.inf, list[Finished]()
    for trial in trials:
        if trial.score > best:
            best = trial.score
            found.append(trial)
    return found
