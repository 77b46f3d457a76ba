"""How busy the search keeps many slots whose trials only sleep: what the parent does between them is all that counts.

Processes, messages, sampler, study, files and listeners are those of every search; a trial's process sleeps where
others train. A slot is at work while its trial sleeps; the share is taken from the moment at which every slot has had a
trial to the moment at which the last one is handed out.

It is begun by slots.py, which imports nothing, and its trials are in sleeping.py, which imports little: each process of
a trial imports both.
"""

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from measured import ROOT, Figure, arguments, conclude, percentile, workplace
from sleeping import SECONDS, train

from cnnsearch.search.engine.processes import start_forkserver
from cnnsearch.search.events import EpochEnded, Event, TrialEnded, TrialStarted
from cnnsearch.search.request import Request
from cnnsearch.search.run import run_search
from cnnsearch.spaces.load import load_space


@dataclass(frozen=True)
class Stay:
    """A trial on its slot, in seconds of one clock: handed out, at work from then to then, ended."""

    began: float
    from_: float
    to: float
    ended: float


class Watch:
    """A listener that notes what each trial did when.

    Args:
        seconds: how long a trial sleeps.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._begun: dict[int, float] = {}
        self._worked: dict[int, float] = {}
        self.stays: list[Stay] = []

    def __call__(self, event: Event) -> None:
        """Take note of an event."""
        now = time.monotonic()
        if isinstance(event, TrialStarted):
            self._begun[event.number] = now
        elif isinstance(event, EpochEnded):
            self._worked[event.number] = now
        elif isinstance(event, TrialEnded):
            worked = self._worked[event.trial.number]
            self.stays.append(Stay(self._begun[event.trial.number], worked - self._seconds, worked, now))


def busy(spans: Sequence[tuple[float, float]], slots: int, begin: float, end: float) -> float:
    """Which share of so many slots is taken by these spans between two moments, in percent."""
    taken = sum(max(0.0, min(to, end) - max(from_, begin)) for from_, to in spans)
    return 100 * taken / (slots * (end - begin))


def figures_of(stays: Sequence[Stay], slots: int, seconds: float) -> list[Figure]:
    """What is printed."""
    begin, end = sorted(stay.from_ for stay in stays)[slots - 1], max(stay.began for stay in stays)
    between = [stay.from_ - stay.began for stay in stays], [stay.ended - stay.to for stay in stays]
    at_work = busy([(stay.from_, stay.to) for stay in stays], slots, begin, end)
    taken = busy([(stay.began, stay.ended) for stay in stays], slots, begin, end)
    return [
        Figure("slots at work, their trials asleep", at_work, "%", at_least=95),
        Figure("slots with a trial, its start and end included", taken, "%"),
        Figure("a trial handed out -> at work, median", statistics.median(between[0]), "s"),
        Figure("its last epoch -> ended, median", statistics.median(between[1]), "s"),
        Figure("the same, 95 %", percentile(between[1], 0.95), "s"),
        Figure("trials a second", sum(begin < stay.ended < end for stay in stays) / (end - begin)),
        Figure("the most that these slots could do", slots / seconds),
        Figure("processor time of the parent for a trial", 1000 * time.process_time() / len(stays), "ms"),
    ]


def searched(folder: Path, options: argparse.Namespace) -> list[Stay]:
    """Run the search; gives where its trials stayed."""
    os.environ.update({SECONDS: str(options.seconds), "CNNSEARCH_CACHE": str(folder / "cache")})
    settings = {
        "search.trials": options.trials,
        "search.per_device": options.slots,
        "search.sampler": options.sampler,
        "search.pruner": "none",
        "training.epochs": 3,
    }
    space = load_space(ROOT / "spaces" / "basic.yaml", [f"{key}={value}" for key, value in settings.items()])
    watch = Watch(options.seconds)
    start_forkserver()
    run_search(Request(space, folder / "runs", "slots"), [watch], train=train)
    return watch.stays


def main() -> int:
    """Measure and print."""
    parser = arguments("How busy many slots are kept whose trials only sleep.")
    parser.add_argument("--slots", type=int, default=64, help="how many (64)")
    parser.add_argument("--trials", type=int, help="how many (384, or 8 with --quick)")
    parser.add_argument("--seconds", type=float, help="how long each sleeps (10, or 0.3 with --quick)")
    parser.add_argument("--sampler", default="tpe", help="who is asked (tpe)")
    options = parser.parse_args()
    options.trials = options.trials or (8 if options.quick else 384)
    options.seconds = options.seconds or (0.3 if options.quick else 10.0)
    options.slots = min(options.slots, options.trials // 2)
    with workplace() as place:
        stays = searched(place.folder, options)
    return conclude("slots", figures_of(stays, options.slots, options.seconds), options, stays=[*map(asdict, stays)])
