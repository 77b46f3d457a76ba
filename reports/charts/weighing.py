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
from cnnsearch.spaces.values import Branch

LEAST = 10
"""From fewer trials nothing is said."""
_TOP, _LEAST_TOP = 0.1, 5
"""The best are a tenth of the trials, or five: with fewer the outcome is a matter of luck."""


@dataclass(frozen=True)
class Weighing:
    """What matters among some trials.

    Attributes:
        name: which these are: `all 40 trials`, `12 trials with optimizer = sgd`.
        trials: how many.
        top: how many of them count as the best.
        shares: of each parameter that differs among them, by name, the largest first.
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
    branches = {each.name for each in results.parameters if isinstance(each.domain, Branch)}
    within = {each.name: tuple(c for c in each.conditions if c.parent in branches) for each in dimensions}
    found = []
    for part in dict.fromkeys(((), *within.values())):
        inside = [each for each in dimensions if set(within[each.name]) <= set(part)]
        found += [each] if (each := _weighing(results, inside, part)) else []
    return sorted(found, key=lambda each: -each.trials)


def _weighing(results: Results, inside: Sequence[Dimension], part: tuple[Condition, ...]) -> Weighing | None:
    """Of the trials in a part of the space, by the parameters there that differ among them."""
    trials = [trial for trial in results.ranked if all(condition.holds(trial.values) for condition in part)]
    varied = [each for each in inside if len({trial.values[each.name] for trial in each.active(trials)}) > 1]
    if len(trials) < LEAST or len(varied) < 2:
        return None
    top = best_of(results, trials)
    shares = importances(varied, top, trials)
    return Weighing(_branch(part, len(trials)), len(trials), len(top), shares) if any(shares.values()) else None


def best_of(results: Results, trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The best of ranked trials: a tenth, at least five, and whatever is as good as the last of these."""
    count = max(math.ceil(_TOP * len(trials)), min(_LEAST_TOP, len(trials)))
    while count < len(trials) and results.objectives.is_plain and trials[count].score == trials[count - 1].score:
        count += 1
    return list(trials[:count])


def _branch(conditions: tuple[Condition, ...], trials: int) -> str:
    """`all 40 trials`, `12 trials with optimizer = sgd`."""
    if not conditions:
        return f"all {trials:,} trials"
    names = short_names([condition.parent for condition in conditions])
    told = ", ".join(f"{names[each.parent]} = {'/'.join(map(value_text, each.values))}" for each in conditions)
    return f"{trials:,} trials with {told}"
