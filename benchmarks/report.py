"""What `cnnsearch report` takes, of a run with very many trials and of a usual one: seconds, memory, bytes of the page.

The runs are made up, no model is trained: draws by chance from a shipped space, with curves by chance, written straight
into the tables of a real study, and beside it the files that a run leaves.
"""

import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from measured import Figure, Workplace, arguments, conclude, workplace
from sqlalchemy import insert

from cnnsearch.search.engine.parameters import SearchSpace, search_space_of
from cnnsearch.search.model.hypermodel import encoded, hyperparameters_of
from cnnsearch.search.records import Epoch, Failure, Objective, Status, TrialRecord
from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study import tables
from cnnsearch.search.study.database import open_storage, sqlite_url
from cnnsearch.search.study.stored_trial import epoch_key, stored_ending, stored_epoch
from cnnsearch.search.study.study import STUDY_NAME, TrialStudy
from cnnsearch.search.writing import write_json, write_text
from cnnsearch.spaces.draws import draw
from cnnsearch.spaces.load import load_space
from cnnsearch.spaces.space import Space
from cnnsearch.spaces.values import Scalar

OBJECTIVE = Objective("val_accuracy", "max")
START = datetime(2026, 1, 1, tzinfo=UTC)
AT_ONCE = 500
"""Trials that are written together."""
IMAGES, CLASSES = 25_000, 10
HEAVY = ("tensorflow", "keras", "matplotlib")
STATES = {Status.COMPLETED: "COMPLETE", Status.PRUNED: "PRUNED", Status.FAILED: "FAIL"}


@dataclass(frozen=True)
class Made:
    """A trial that is made up, with the values of its parameters."""

    record: TrialRecord
    began: datetime

    @property
    def ended(self) -> datetime:
        """When it ended."""
        return self.began + timedelta(seconds=self.record.seconds or 0)


def trial(number: int, values: dict[str, Scalar], epochs: int, source: random.Random) -> Made:
    """One in twelve fails, one in three is pruned, the others train to the end."""
    chance = source.random()
    status = Status.FAILED if chance < 1 / 12 else Status.PRUNED if chance < 5 / 12 else Status.COMPLETED
    made = epochs if status is Status.COMPLETED else source.randint(1, max(1, epochs // 2))
    reason = source.choice([Failure.OOM, Failure.NAN, Failure.CRASH]) if status is Status.FAILED else ""
    curve = tuple(_curve(made, source))
    record = TrialRecord(
        number,
        values,
        status,
        reason,
        f"made up: <b>no {reason}</b>" if reason else "",
        seconds=sum(epoch.seconds for epoch in curve),
        parameters=source.randint(10_000, 10_000_000),
        epochs=curve,
        data="43a2a2dcc2b4c228ebd77f2db4215bb3-64x64x3-stretch",
        precision="float32",
        jit=False,
    )
    return Made(record, START + timedelta(seconds=20 * number))


def _curve(epochs: int, source: random.Random) -> Iterator[Epoch]:
    best, pace = source.uniform(0.6, 0.97), source.uniform(2, 9)
    for number in range(1, epochs + 1):
        accuracy = best - (best - 0.5) * math.exp(-number / pace) + source.gauss(0, 0.01)
        metrics = {"accuracy": accuracy + 0.02, "loss": 1 - accuracy, "val_accuracy": accuracy}
        yield Epoch(number, metrics | {"val_loss": 1.1 - accuracy, "learning_rate": 1e-3 / number}, 2 + source.random())


def make(run: RunFolder, trials: int, epochs: int) -> None:
    """Write a run with so many trials of at most so many epochs."""
    space, source = load_space("basic"), random.Random(1)
    known = search_space_of(hyperparameters_of(space))
    run.path.mkdir(parents=True)
    write_text(run.space, space.to_yaml())
    write_text(run.resolved, space.to_yaml())
    spent = _write_trials(run, space, known, trials, epochs, source)
    write_json(run.environment, {"command": ["cnnsearch", "run", "basic"], "python": "3.11", "slots": ["cpu"]})
    write_json(run.dataset, _dataset())
    write_json(run.status, {"state": "finished", "seconds": spent, "trials": {"budget": trials}})


def _write_trials(
    run: RunFolder, space: Space, known: SearchSpace, trials: int, epochs: int, source: random.Random
) -> float:
    """Write them into the study and the log; gives the seconds that they would have taken."""
    storage = open_storage(sqlite_url(run.study))
    TrialStudy.open(storage, OBJECTIVE)
    study_id, last = storage.get_study_id_from_name(STUDY_NAME), START
    with run.events.open("w", encoding="utf-8") as log:
        for first in range(0, trials, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, trials))
            made = [trial(number, encoded(space, draw(space, source)), epochs, source) for number in numbers]
            with storage.engine.begin() as connection:  # type: ignore[attr-defined]
                for table, rows in _rows(made, known, study_id):
                    connection.execute(insert(table), rows)
            log.writelines(json.dumps(event) + "\n" for each in made for event in _events(each))
            last = made[-1].ended
    return (last - START).total_seconds()


def _rows(made: Sequence[Made], known: SearchSpace, study_id: int) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """The rows of trials, by their tables; a trial's id is its number and one."""
    yield (
        tables.TRIALS,
        [
            {
                "trial_id": each.record.number + 1,
                "number": each.record.number,
                "study_id": study_id,
                "state": STATES[each.record.status],
                "datetime_start": tables.utc(each.began),
                "datetime_complete": tables.utc(each.ended),
            }
            for each in made
        ],
    )
    yield (
        tables.PARAMS,
        [
            {"trial_id": each.record.number + 1} | tables.param_row(name, known.distributions[name], value)
            for each in made
            for name, value in each.record.values.items()
        ],
    )
    yield (
        tables.USER_ATTRIBUTES,
        [
            {"trial_id": each.record.number + 1} | tables.attribute_row(key, value)
            for each in made
            for key, value in _attributes(each.record)
        ],
    )


def _attributes(record: TrialRecord) -> Iterator[tuple[str, Any]]:
    for epoch in record.epochs:
        yield epoch_key(epoch), stored_epoch(epoch, epoch.metrics, 0)
    yield "ending", stored_ending(record)


def _events(each: Made) -> Iterator[dict[str, Any]]:
    record, now = each.record, each.began.timestamp()
    yield {"time": now, "event": "TrialStarted", "number": record.number, "slot": "cpu", "epochs": len(record.epochs)}
    for epoch in record.epochs:
        now += epoch.seconds
        told = {"number": epoch.number, "metrics": epoch.metrics, "seconds": epoch.seconds}
        yield {"time": now, "event": "EpochEnded", "number": record.number, "epoch": told}
    ended = {key: value for key, value in asdict(record).items() if key != "epochs"}
    yield {"time": now, "event": "TrialEnded", "trial": ended}


def _dataset() -> dict[str, Any]:
    """What a run knows of so many images."""
    names = [f"class {number}" for number in range(CLASSES)]
    each = IMAGES // CLASSES
    files = {
        name: {f"{name}/{number}.jpg": f"{place:04}{number:028}" for number in range(each)}
        for place, name in enumerate(names)
    }
    counts = {name: {"train": each, "validation": 0, "test": 0} for name in names}
    told = {"source": "photos", "images": IMAGES, "image_shape": [64, 64, 3], "classes": names, "counts": counts}
    return told | {"fingerprint": "43a2", "skipped": [], "excluded": [], "notes": [], "files": {"train": files}}


@dataclass(frozen=True)
class Taken:
    """What one run of a command took: seconds, and bytes of memory at most."""

    seconds: float
    memory: int


def reported(place: Workplace, run: RunFolder) -> Taken:
    """`cnnsearch report` of a run."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "cnnsearch", "report", str(run.path)]
    with subprocess.Popen(command, cwd=place.folder, env=place.environment, stdout=subprocess.DEVNULL) as process:
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    if code:
        raise SystemExit(f"report: cnnsearch report ended with {process.returncode}, see above")
    return Taken(time.perf_counter() - began, used.ru_maxrss * (1024 if sys.platform == "linux" else 1))


def heavy_modules(place: Workplace, run: RunFolder) -> int:
    """How many of the slow libraries a report imports."""
    command = [sys.executable, "-X", "importtime", "-m", "cnnsearch", "report", str(run.path)]
    done = subprocess.run(command, cwd=place.folder, env=place.environment, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    return len(imported & set(HEAVY))


def main() -> int:
    """Measure and print."""
    parser = arguments("What cnnsearch report takes.")
    parser.add_argument("--trials", type=int, help="of the large run (10,000, or 200 with --quick)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the large run there, and leave it")
    options = parser.parse_args()
    trials = options.trials or (200 if options.quick else 10_000)
    with workplace() as place:
        large = RunFolder(options.keep.resolve() if options.keep else place.folder / "runs" / "large-001")
        usual = RunFolder(place.folder / "runs" / "usual-001")
        make(large, trials, 30)
        make(usual, 40, 30)
        few = [reported(place, usual).seconds for _ in range(2 if options.quick else 6)][1:]
        many, page = reported(place, large), large.page.stat().st_size
        heavy = heavy_modules(place, usual)
    figures = [
        Figure(f"report of {trials:,} trials x 30 epochs", many.seconds, "s", at_most=10),
        Figure("the same, memory", many.memory / 1e6, "MB", at_most=1000),
        Figure("its report.html", page / 1e6, "MB", at_most=15),
        Figure("report of 40 trials, median", statistics.median(few), "s", at_most=1),
        Figure(f"of {', '.join(HEAVY)} imported", heavy, at_most=0),
    ]
    return conclude("report", figures, options)


if __name__ == "__main__":
    sys.exit(main())
