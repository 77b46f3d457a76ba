"""What a trial costs besides its training, and whether a long search stays as small as it began.

A hundred trials of the shipped space, each one epoch of a single batch, run by the real command. Seconds come from
the run's own `events.jsonl`; memory, files and threads of the parent are read from outside, at each trial's end.

The overhead of a trial is everything but fit: the seconds from the end of one trial's last epoch to the beginning of
the next one's first. In them lie the writing of a model that is kept, the end of a process, records, the sampler, the
next process, its data and its model. Keras traces the first step inside fit, and nearly all of such a short epoch is
that: with it, the overhead reaches to the end of the first epoch.

    python benchmarks/engine.py
"""

import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from measured import ROOT, Figure, Workplace, arguments, conclude, percentile, workplace
from PIL import Image
from sklearn.datasets import load_digits

IMAGES = 20
"""Of each class. A share of 0.2 is measured and 0.1 tested, so 28 are trained on: one batch of at most 32."""
EARLY = 10
"""The trial after which the parent's memory is compared with that at the end; what is loaded once is loaded by then."""
_POLL = 0.01
"""Seconds between two looks into the log."""


@dataclass(frozen=True)
class Sample:
    """The parent process at a trial's end: bytes of memory (RSS), open files, threads."""

    memory: int
    files: int
    threads: int


@dataclass(frozen=True)
class Gap:
    """Seconds from the end of one trial's last epoch to what follows, each measured from that end."""

    ended: float
    started: float
    built: float
    fit: float
    first_epoch: float


def draw_images(folder: Path) -> None:
    """Handwritten zeros and ones, a folder for each class."""
    digits = load_digits()
    for label in (0, 1):
        (folder / str(label)).mkdir(parents=True)
        for number, pixels in enumerate(digits.images[digits.target == label][:IMAGES]):
            Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(folder / str(label) / f"{number}.png")


def follow(process: "subprocess.Popen[bytes]", log: Path) -> Iterator[dict[str, Any]]:
    """The events of a run as they are written, until its process ends."""
    while not log.exists() and process.poll() is None:
        time.sleep(_POLL)
    if not log.exists():
        return
    with log.open(encoding="utf-8") as file:
        waiting, rest = True, ""
        while waiting:
            waiting = process.poll() is None  # first this, then the log: nothing is missed at the end
            *lines, rest = (rest + file.read()).split("\n")
            yield from (json.loads(line) for line in lines)
            time.sleep(_POLL)


def search(place: Workplace, trials: int) -> tuple[list[dict[str, Any]], list[Sample]]:
    """Run the search; gives its events and a sample of the parent at each trial's end."""
    draw_images(place.folder / "digits")
    options = ("--data", "digits", "--trials", str(trials), "--set", "training.epochs=1", "--name", "engine")
    events, samples = [], []
    with place.start("run", str(ROOT / "spaces" / "basic.yaml"), *options) as process:
        parent = psutil.Process(process.pid)
        for event in follow(process, place.folder / "runs" / "engine-001" / "events.jsonl"):
            events.append(event)
            if event["event"] == "TrialEnded":
                samples.append(Sample(parent.memory_info().rss, parent.num_fds(), parent.num_threads()))
    if process.returncode:
        raise SystemExit(f"cnnsearch run: ended with exit code {process.returncode}, see above")
    return events, samples


def gaps(events: list[dict[str, Any]]) -> list[Gap]:
    """The seconds between the trainings of a run on one slot; a trial without an epoch makes no gap."""
    found = []
    trained, seen = math.nan, dict[str, float]()
    for event in events:
        if event["event"] != "EpochEnded":
            seen[event["event"]] = event["time"] - trained
            continue
        if not math.isnan(trained):
            epoch = event["time"] - trained
            times = (seen[name] for name in ("TrialEnded", "TrialStarted", "TrialBuilt"))
            found.append(Gap(*times, epoch - event["epoch"]["seconds"], epoch))
        trained, seen = event["time"], {}
    return found


def figures_of(between: list[Gap], samples: list[Sample], seconds: float) -> list[Figure]:
    """What is printed."""
    overhead, traced = ([getattr(gap, name) for gap in between] for name in ("fit", "first_epoch"))
    median = statistics.median
    return [
        Figure("overhead of a trial, median", median(overhead), "s", at_most=1),
        Figure("the same, 95 %", percentile(overhead, 0.95), "s"),
        Figure("of it: trained -> ended (model written, process gone)", median(g.ended for g in between), "s"),
        Figure("of it: sampler, records, next trial started", median(g.started - g.ended for g in between), "s"),
        Figure("of it: process, data, model built", median(g.built - g.started for g in between), "s"),
        Figure("of it: compiled, fit called", median(g.fit - g.built for g in between), "s"),
        Figure("overhead with the first step's tracing, median", median(traced), "s", at_most=2),
        Figure("the same, 95 %", percentile(traced, 0.95), "s"),
        Figure("wall time of a trial", seconds / len(samples), "s"),
        *_sizes(samples),
    ]


def _sizes(samples: list[Sample]) -> list[Figure]:
    """What the parent held early and at the end; files and threads come and go, so of those the median."""
    some = min(EARLY, len(samples) // 2)
    early, late = samples[:some], samples[-some:]
    first, last = f"trial {some}", f"trial {len(samples)}"
    files, threads = (statistics.median(each) for each in _held(early))
    files_late, threads_late = (statistics.median(each) for each in _held(late))
    return [
        Figure(f"parent's memory at {first}", early[-1].memory / 2**20, "MiB"),
        Figure(f"parent's memory at {last}", late[-1].memory / 2**20, "MiB"),
        Figure("growth", (late[-1].memory / early[-1].memory - 1) * 100, "%", at_most=3),
        Figure(f"open files, median of the first {some} trials", files),
        Figure(f"open files, median of the last {some} trials", files_late, at_most=files),
        Figure(f"threads, median of the first {some} trials", threads),
        Figure(f"threads, median of the last {some} trials", threads_late, at_most=threads),
    ]


def _held(samples: list[Sample]) -> tuple[list[int], list[int]]:
    """Open files and threads."""
    return [sample.files for sample in samples], [sample.threads for sample in samples]


def main() -> int:
    """Measure and print."""
    parser = arguments("What a trial costs besides its training, and whether a long search stays small.")
    parser.add_argument("--trials", type=int, help="how many (100, or 6 with --quick)")
    options = parser.parse_args()
    trials = options.trials or (6 if options.quick else 100)
    if trials < 2:
        parser.error(f"--trials: there is nothing between fewer than 2 trials, got {trials}")
    with workplace() as place:
        events, samples = search(place, trials)
    between = gaps(events)
    ended = [event["time"] for event in events if event["event"] == "TrialEnded"]
    started = next(event["time"] for event in events if event["event"] == "TrialStarted")
    if not between:
        raise SystemExit("no trial finished an epoch, see above")
    figures = figures_of(between, samples, ended[-1] - started)
    return conclude("engine", figures, options, gaps=[*map(asdict, between)], samples=[*map(asdict, samples)])


if __name__ == "__main__":
    sys.exit(main())
