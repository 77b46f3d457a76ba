"""What the charts of a study are drawn from: its trials ranked, and how each is called and valued in a picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cnnsearch.reports.charts.frame import Key
from cnnsearch.reports.charts.numerals import four_digits
from cnnsearch.reports.charts.scales import Duration, Linear, finite, linear_over
from cnnsearch.reports.charts.spans import Span
from cnnsearch.reports.wording import status_name
from cnnsearch.search.ranking import Objectives, rank
from cnnsearch.search.records import Objective, Status, TrialRecord
from cnnsearch.spaces.parameters import Parameter

_BEYOND = 5
"""Values that are worse than the best by so many times what the median is are put at the edge of the axis."""
_SHOWN = 0.9
"""This share of all values has its true place in any case."""


@dataclass(frozen=True)
class Results:
    """A study as charts see it.

    Attributes:
        trials: all of them, by number.
        objectives: what they are ranked by.
        parameters: those of the space, a parent before its children; none where the space is not known.
        spans: when and where trials ran; none where nobody noted it.
    """

    trials: tuple[TrialRecord, ...]
    objectives: Objectives
    parameters: tuple[Parameter, ...] = ()
    spans: tuple[Span, ...] = ()

    @cached_property
    def ranked(self) -> tuple[TrialRecord, ...]:
        """The trials with a score, the best first."""
        return tuple(rank(list(self.trials), self.objectives))

    @property
    def best(self) -> TrialRecord | None:
        """The first of the ranking."""
        return self.ranked[0] if self.ranked else None

    @property
    def main(self) -> Objective:
        """What is drawn upward: the only objective, or the first of several."""
        return self.objectives.all[0]

    def value(self, trial: TrialRecord) -> float | None:
        """A trial's finite value of the main objective; None where it has none."""
        if self.objectives.is_plain:
            found = trial.score
        else:
            found = trial.objective_values[0] if trial.objective_values else None
        return next(iter(finite([found])), None)

    def told(self, trial: TrialRecord) -> str:
        """A trial in a tooltip: `trial 7: val_accuracy 0.9312, completed`."""
        value = self.value(trial)
        score = "" if value is None else f"{self.main.metric} {four_digits(value)}, "
        return f"trial {trial.number}: {score}{status_name(trial.status)}"

    @cached_property
    def beginning(self) -> float:
        """When the first trial started, in seconds since the epoch; 0 where nobody noted it."""
        return min((span.start for span in self.spans), default=0.0)

    @cached_property
    def scale(self) -> Linear:
        """Where the values of the main objective lie; far worse ones are put at its end."""
        return scale_of([self.value(trial) for trial in self.ranked], self.main)

    @cached_property
    def beyond(self) -> str:
        """How many values lie beyond the scale, in a sentence; empty where none does."""
        values = finite(self.value(trial) for trial in self.ranked)
        return beyond_told(sum(not self.scale.low <= value <= self.scale.high for value in values))


def beyond_told(count: int) -> str:
    """A sentence for values that have no true place; empty for none."""
    return f"{count:,} far worse are drawn at the edge." if count else ""


def scale_of(values: Iterable[float | None], objective: Objective) -> Linear:
    """A scale for values of an objective, which a few very bad ones do not make useless for the others."""
    gains = sorted(map(objective.gain, finite(values)), reverse=True)
    if not gains:
        return linear_over([])
    median, tenth = gains[len(gains) // 2], gains[min(len(gains) - 1, int(len(gains) * _SHOWN))]
    worst = min(tenth, gains[0] - _BEYOND * (gains[0] - median))
    return linear_over(objective.gain(gain) for gain in (gains[0], max(worst, gains[-1])))


def clock(seconds: Sequence[float]) -> Duration:
    """A scale of wall time from the run's beginning."""
    return Duration(0.0, max([value for value in finite(seconds) if value > 0], default=1.0) * 1.02)


def sentences(*parts: str) -> str:
    """Those that say something, one after the other."""
    return " ".join(part for part in parts if part)


def status_keys(trials: Iterable[TrialRecord]) -> list[Key]:
    """A legend of how these trials stand, in the order of the statuses."""
    there = {trial.status for trial in trials}
    return [Key(kind_of(status), status_name(status)) for status in Status if status in there]


def kind_of(status: Status) -> str:
    """The classes of a trial's marks: pruned ones are pale."""
    return f"{status} faint" if status is Status.PRUNED else str(status)
