"""Which sampler and which pruner find a good configuration in the fewest epochs: simulated searches on tabulated
problems, of which every configuration was trained once (see tabulated/).
"""

import argparse
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from kept import Kept
from measured import Figure, arguments, conclude
from simulated import Course, searched
from tabulated.table import PROBLEMS, Table, read

from cnnsearch.spaces.document import Search
from cnnsearch.spaces.sections.pruners import Pruner
from cnnsearch.spaces.sections.samplers import Sampler

LOOKS = (10, 30, 100)
"""Behind so many trials the regret is read."""
GOOD = 0.02
"""The share of all configurations that counts as good."""
MOST = 100
"""A search spends as many epochs as so many whole trials at most, except where it has had fewer trials."""
WANTS = {"cmaes": "cmaes"}
"""The samplers that are left out where a library is missing."""
SAMPLERS = tuple(name for name in Sampler.kinds() if name not in WANTS or find_spec(WANTS[name]))
QUICK = ("none", "patient")
"""The pruners of the small form."""
CHANCE = ("random", "none")
"""What all others are compared with."""


@dataclass(frozen=True)
class Way:
    """A sampler and a pruner on a problem."""

    problem: str
    sampler: str
    pruner: str

    @property
    def name(self) -> str:
        """All three."""
        return f"{self.problem}-{self.sampler}-{self.pruner}"


@dataclass(frozen=True)
class Found:
    """What one search came to.

    Attributes:
        regret: behind 10, 30 and 100 trials, how far its best validation accuracy was from the best there is.
        spent: the epochs of so many trials.
        good: epochs until it had a validation accuracy as only good configurations have it; None where it never had.
        tested: epochs until its best one had a test accuracy as the median of the good ones has it; None for never.
    """

    regret: tuple[float, ...]
    spent: tuple[int, ...]
    good: int | None
    tested: int | None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """From a JSON file."""
        return cls(**{**fields, "regret": tuple(fields["regret"]), "spent": tuple(fields["spent"])})


@dataclass(frozen=True)
class Marks:
    """What counts as good in a table: a validation accuracy, and a test accuracy."""

    score: float
    test: float

    @classmethod
    def of(cls, table: Table) -> "Marks":
        """Those of the best few configurations."""
        score = table.scores[max(0, round(GOOD * len(table.trained)) - 1)]
        good = [t.test for t in table.trained.values() if t.test is not None and (t.score or 0.0) >= score]
        return cls(score, statistics.median_low(good))


def tried(way: Way, seeds: Sequence[int], looks: Sequence[int]) -> list[Found]:
    """The searches of these seeds."""
    table = _table(way.problem)
    marks, most = Marks.of(table), MOST * max(len(t.epochs) for t in table.trained.values())
    sampler, pruner = Sampler.model_validate(way.sampler), _pruner(way.pruner)

    def goes_on(course: Course) -> bool:
        if len(course.ends) < looks[-1]:
            return True
        is_found = course.epochs_to(marks.score) and course.epochs_to_test(marks.test)
        return not is_found and course.epochs < most

    return [_found(searched(table, sampler, pruner, seed, goes_on), table, marks, looks) for seed in seeds]


@cache
def _table(problem: str) -> Table:
    return read(problem)


def _pruner(name: str) -> Pruner:
    """By its name; a threshold at twice what guessing gives among ten classes."""
    return Pruner.model_validate({"threshold": {"lower": 0.2}} if name == "threshold" else name)


def _found(course: Course, table: Table, marks: Marks, looks: Sequence[int]) -> Found:
    spent = tuple(course.ends[min(look, len(course.ends)) - 1] for look in looks)
    regret = tuple(table.scores[0] - course.best[end - 1] for end in spent)
    return Found(regret, spent, course.epochs_to(marks.score), course.epochs_to_test(marks.test))


def median(values: Sequence[int | None]) -> float | None:
    """The median, where what never came counts as later than all; None where that is the median."""
    middle = statistics.median_high(float("inf") if value is None else value for value in values)
    return None if middle == float("inf") else middle


def rows(found: Mapping[Way, Sequence[Found]], problem: str) -> list[str]:
    """One problem's searches as the lines of a Markdown table, fewest epochs first."""
    ways = [way for way in found if way.problem == problem]
    chance = next((way for way in ways if (way.sampler, way.pruner) == CHANCE), None)
    base = median([each.good for each in found[chance]]) if chance else None
    looks = len(next(iter(found.values()))[0].regret)
    titles = ["sampler", "pruner", *(f"regret, {look} trials" for look in LOOKS[:looks])]
    lines = [[*titles, "epochs of these", "epochs to a good one", "times fewer", "epochs, by test accuracy"]]
    lines.append(["---"] * len(lines[0]))
    ranked = sorted(ways, key=lambda way: median([each.good for each in found[way]]) or float("inf"))
    lines += [_row(way, found[way], base) for way in ranked]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _row(way: Way, found: Sequence[Found], base: float | None) -> list[str]:
    good, tested = median([each.good for each in found]), median([each.tested for each in found])
    regret = [f"{100 * statistics.fmean(at):.2f}" for at in zip(*(each.regret for each in found), strict=True)]
    spent = statistics.median(each.spent[-1] for each in found)
    ratio = f"{base / good:.1f}" if base and good else "-"
    return [way.sampler, way.pruner, *regret, f"{spent:.0f}", _epochs(good), ratio, _epochs(tested)]


def _epochs(count: float | None) -> str:
    return "more" if count is None else f"{count:.0f}"


def figures(found: Mapping[Way, Sequence[Found]]) -> list[Figure]:
    """How many times fewer epochs the default needs than chance without a pruner."""
    (sampler,), (pruner,) = Search().sampler.taken(), Search().pruner.taken()
    made = []
    for problem in dict.fromkeys(way.problem for way in found):
        default, chance = found.get(Way(problem, sampler, pruner)), found.get(Way(problem, *CHANCE))
        for name, kind in (("a good configuration", "good"), ("its test accuracy", "tested")):
            spent = [median([getattr(each, kind) for each in ways]) for ways in (default, chance) if ways]
            times = spent[1] / spent[0] if len(spent) == 2 and spent[0] and spent[1] else float("nan")
            words = f"{problem}: {sampler} with {pruner}, times fewer epochs to {name} than random without pruner"
            made.append(Figure(words, times, at_least=2 if kind == "good" else None))
    return made


def ways(options: argparse.Namespace) -> list[Way]:
    """What is to be tried."""
    pruners = options.pruner or (QUICK if options.quick else Pruner.kinds())
    return [
        Way(problem, sampler, pruner)
        for problem in options.problem or PROBLEMS
        for sampler in options.sampler or (("random", "gp") if options.quick else SAMPLERS)
        for pruner in pruners
    ]


def main() -> int:
    """Search, compare, print."""
    parser = arguments("Which sampler and which pruner find a good configuration in the fewest epochs.")
    parser.add_argument("--problem", action="append", choices=PROBLEMS, help="this one only; may be repeated")
    parser.add_argument("--sampler", action="append", choices=SAMPLERS, help="this one only; may be repeated")
    parser.add_argument("--pruner", action="append", choices=Pruner.kinds(), help="this one only; may be repeated")
    parser.add_argument("--seeds", type=int, help="searches of each (50, or 2 with --quick)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED", help="the others follow it (0)")
    parser.add_argument("--processes", type=int, default=2, help="side by side (2)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is measured there, and go on from it")
    options = parser.parse_args()
    found = _all(ways(options), options)
    for problem in dict.fromkeys(way.problem for way in found):
        print(f"\n{problem}\n", *rows(found, problem), "", sep="\n")
    searches = [asdict(way) | {"searches": [asdict(each) for each in those]} for way, those in found.items()]
    return conclude("samplers", figures(found), options, searches=searches)


def _all(ways: Sequence[Way], options: argparse.Namespace) -> dict[Way, list[Found]]:
    first, count = options.first_seed, options.seeds or (2 if options.quick else 50)
    seeds, looks = range(first, first + count), LOOKS[:2] if options.quick else LOOKS
    kept = Kept(options.keep, {"seeds": [*seeds], "looks": [*looks]})
    found = {way: [Found.of(each) for each in known["searches"]] for way in ways if (known := kept.get(way.name))}
    with ProcessPoolExecutor(options.processes, mp_context=get_context("forkserver")) as pool:
        begun = {pool.submit(tried, way, seeds, looks): way for way in ways if way not in found}
        for done in as_completed(begun):
            way = begun[done]
            found[way] = done.result()
            kept.put(way.name, {"searches": [asdict(each) for each in found[way]]})
            print(f"{len(found)} of {len(ways)}: {way.name}", file=sys.stderr, flush=True)
    return {way: found[way] for way in ways}


if __name__ == "__main__":
    sys.exit(main())
