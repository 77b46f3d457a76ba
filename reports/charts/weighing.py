"""Which parameters of a study matter, over all trials and within each branch; the numbers behind several charts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cnnsearch.reports.charts.dimensions import Dimension
from cnnsearch.reports.charts.ped_anova import importances
from cnnsearch.reports.charts.results import Results
from cnnsearch.reports.wording import short_names, value_text
from cnnsearch.search.records import TrialRecord
from cnnsearch.spaces.parameters import Condition

LEAST = 10
"""From fewer trials nothing is said."""
_TOP, _LEAST_TOP = 0.1, 5
"""The best are a tenth of the trials, or five: with fewer the outcome is a matter of luck."""


@dataclass(frozen=True)
class Weighing:
    """What matters among some trials.

    Attributes:
        name: which these are: `all trials`, or the branch that they took.
        trials: how many.
        top: how many of them count as the best.
        shares: of each parameter that all of them have, by name, the largest first.
    """

    name: str
    trials: int
    top: int
    shares: dict[str, float]


def weigh_all(results: Results, dimensions: Sequence[Dimension]) -> dict[str, float]:
    """The share of every parameter over all ranked trials, also of those that only some have; none from too few."""
    trials = results.ranked
    return importances(dimensions, best_of(results, trials), trials) if len(trials) >= LEAST else {}


def weighings(results: Results, dimensions: Sequence[Dimension]) -> list[Weighing]:
    """Over all trials, then over those of each branch, the ones with most trials first; none from too few trials."""
    parts = list(dict.fromkeys(((), *(dimension.conditions for dimension in dimensions))))
    found = [each for part in parts if (each := _weighing(results, dimensions, part))]
    return sorted(found, key=lambda each: -each.trials)


def _weighing(results: Results, dimensions: Sequence[Dimension], conditions: tuple[Condition, ...]) -> Weighing | None:
    trials = [trial for trial in results.ranked if all(condition.holds(trial.values) for condition in conditions)]
    shared = [each for each in dimensions if all(each.name in trial.values for trial in trials)]
    if len(trials) < LEAST or len(shared) < 2:
        return None
    top = best_of(results, trials)
    shares = importances(shared, top, trials)
    return Weighing(_branch(conditions), len(trials), len(top), shares) if any(shares.values()) else None


def best_of(results: Results, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The best of ranked trials: a tenth, at least five, and whatever is as good as the last of these."""
    count = max(math.ceil(_TOP * len(trials)), min(_LEAST_TOP, len(trials)))
    while count < len(trials) and results.objectives.is_plain and trials[count].score == trials[count - 1].score:
        count += 1
    return list(trials[:count])


def _branch(conditions: tuple[Condition, ...]) -> str:
    """`model = scratch, blocks = 3/4/5`."""
    if not conditions:
        return "all trials"
    names = short_names([condition.parent for condition in conditions])
    last = {condition.parent: condition for condition in conditions}.values()
    return ", ".join(f"{names[each.parent]} = {'/'.join(map(value_text, each.values))}" for each in last)
