"""`cnnsearch run` beside plain KerasTuner scripts: same photos, same space, same machine.

(a) RandomSearch, 20 trials of 10 epochs;
(b) Hyperband, 10 epochs at most, factor 3;
(c) identical trials: the same configurations, the same number of epochs; nothing ends one early.

    python benchmarks/versus_keras_tuner.py --data FOLDER --keep RESULTS

FOLDER has `data/dogs-vs-cats-4000.zip` (photos as `train/cat.123.jpg`). Both sides train on the same 2,000 photos and
choose their best model so far, the incumbent, by the same 500. In (a) and (b) counts what it is worth on 1,500 others:
the wall time until ours is, and stays, as good there as the one that KerasTuner ends with. Wall times begin with the
command. What RESULTS has already is not measured again, so an interrupted comparison goes on.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from both_sides import QUICK, BothSides, Setting
from data import PHOTOS, VARIABLE, paint, unpack
from incumbents import Searched, incumbents
from measured import Figure, arguments, conclude, workplace

SCRIPT = "versus_keras_tuner.py"
MIB = 2**20


def random_search(sides: BothSides, seeds: range) -> list[Figure]:
    """(a): against RandomSearch."""
    return raced("RandomSearch", sides, "random", seeds, 3)


def hyperband(sides: BothSides, seeds: range) -> list[Figure]:
    """(b): against Hyperband."""
    return raced("Hyperband", sides, "hyperband", seeds, 1.5)


def raced(title: str, sides: BothSides, tuner: str, seeds: range, times: float) -> list[Figure]:
    """How much sooner ours is as good: medians of all seeds, each beside KerasTuner's search of the same number.

    Args:
        times: how many times sooner it is to be.
    """
    theirs = [sides.theirs(tuner, seed) for seed in seeds]
    ours = [sides.ours(seed) for seed in seeds]
    reached = [mine.reached(other.accuracy) for mine, other in zip(ours, theirs, strict=True)]
    whole = median(theirs, lambda search: search.seconds)
    last = median(theirs, lambda search: incumbents(search.trials)[-1].at)
    until = statistics.median(reached)
    return [
        Figure(f"{title}: KerasTuner, its search", whole, "s"),
        Figure(f"{title}: KerasTuner, until its best trial ended", last, "s"),
        Figure(f"{title}: cnnsearch, until it is as good", until, "s"),
        Figure(f"{title}: times sooner", whole / until, at_least=times),
        *(
            Figure(f"{title}: times sooner, seed {seed}", other.seconds / seconds)
            for seed, other, seconds in zip(seeds, theirs, reached, strict=True)
        ),
        Figure(f"{title}: cnnsearch, its search", median(ours, lambda search: search.seconds), "s"),
        *in_the_end(title, "KerasTuner", theirs),
        *in_the_end(title, "cnnsearch", ours),
    ]


def in_the_end(title: str, side: str, searches: list[Searched]) -> list[Figure]:
    """What a side has in the end, and what it took: medians."""
    figures = [
        Figure(f"{title}: {side}, test accuracy in the end", median(searches, lambda search: search.accuracy)),
        Figure(f"{title}: {side}, trials", median(searches, lambda search: len(search.trials))),
        Figure(f"{title}: {side}, epochs", median(searches, lambda search: search.epochs)),
        Figure(f"{title}: {side}, memory at the end", median(searches, lambda search: search.memory / MIB), "MiB"),
    ]
    if searches[0].together:
        most = median(searches, lambda search: search.together / MIB)
        figures.append(Figure(f"{title}: {side}, most memory, its trials included", most, "MiB"))
    return figures


def identical(sides: BothSides, seeds: range) -> list[Figure]:
    """(c): the same trials on both sides, drawn anew for each seed."""
    ours = [sides.ours_whole(seed) for seed in seeds]
    theirs = [
        sides.theirs("given", seed, [mine.values[name] for name in sorted(mine.values)])
        for seed, mine in zip(seeds, ours, strict=True)
    ]
    title = f"{len(ours[0].trials)} identical trials"
    faster = [other.seconds / mine.seconds for mine, other in zip(ours, theirs, strict=True)]
    unlike = sum(abs(other.epochs - mine.epochs) for mine, other in zip(ours, theirs, strict=True))
    return [
        Figure(f"{title}: KerasTuner", median(theirs, lambda search: search.seconds), "s"),
        Figure(f"{title}: cnnsearch", median(ours, lambda search: search.seconds), "s"),
        Figure(f"{title}: times faster", statistics.median(faster), at_least=1.2),
        Figure(f"{title}: epochs that one side made and the other did not", unlike, at_most=0),
        *in_the_end(title, "KerasTuner", theirs),
        *in_the_end(title, "cnnsearch", ours),
    ]


def median(searches: list[Searched], measure: Callable[[Searched], float]) -> float:
    """Of a measure of each search."""
    return statistics.median(map(measure, searches))


MEASURES = {"random": random_search, "hyperband": hyperband, "identical": identical}


@contextmanager
def both_sides(archive: Path | None, setting: Setting, keep: Path | None) -> Iterator[BothSides]:
    """The photos of an archive, or painted ones, in their parts."""
    with workplace() as place:
        photos, parts = place.folder / "photos", place.folder / "parts"
        if archive:
            unpack(archive, photos)
        else:
            paint(photos, 2 * (setting.train + setting.validation + setting.test))
        setting.arrange(photos, parts)
        kept = keep.resolve() if keep else place.folder / "kept"
        kept.mkdir(parents=True, exist_ok=True)
        yield BothSides(setting, place, parts, kept)


def archive_of(options: argparse.Namespace) -> Path | None:
    """The real photos; None where the small form does without.

    Raises:
        SystemExit: they were not named, or are not there.
    """
    if options.data is None:
        if options.quick:
            return None
        raise SystemExit(
            f"versus_keras_tuner.py needs real photos: name their folder with --data FOLDER or in {VARIABLE}"
        )
    archive = Path(options.data).resolve() / PHOTOS
    if not archive.is_file():
        raise SystemExit(f"{SCRIPT}: there is no {archive}. Name their folder with --data FOLDER")
    return archive


def main() -> int:
    """Measure and print."""
    parser = arguments(
        "cnnsearch beside plain KerasTuner scripts: when it is as good, and how fast the same trials are."
    )
    parser.add_argument("--data", metavar="FOLDER", default=os.environ.get(VARIABLE), help=f"(default: ${VARIABLE})")
    parser.add_argument("--seeds", type=int, default=3, help="searches of each kind, whose medians count (default: 3)")
    parser.add_argument("--first-seed", type=int, default=1, metavar="SEED", help="the others follow it (default: 1)")
    parser.add_argument("--only", choices=[*MEASURES], help="one of the three")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is measured there, and go on from it")
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds: at least 1, got {options.seeds}")
    archive, setting = archive_of(options), QUICK if options.quick else Setting()
    seeds = range(options.first_seed, options.first_seed + (1 if options.quick else options.seeds))
    with both_sides(archive, setting, options.keep) as sides:
        chosen = [options.only] if options.only else [*MEASURES]
        figures = [figure for name in chosen for figure in MEASURES[name](sides, seeds)]
    return conclude("versus_keras_tuner", figures, options)


if __name__ == "__main__":
    sys.exit(main())
