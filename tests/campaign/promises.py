"""What must hold of a run, however often it was killed: each broken promise as one line."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import optuna
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial

from cnnsearch.search.run_folder import RunFolder
from cnnsearch.search.study.database import sqlite_url
from cnnsearch.search.study.reading import read_trials

Kept = dict[int, tuple[object, ...]]
"""What is known of each ended trial by its number."""


def ended(run: RunFolder) -> Kept:
    """The trials that have ended, as Optuna itself reads them; nothing where there is no study yet."""
    return {
        trial.number: (trial.state, trial.values, trial.datetime_complete, tuple(trial.params.items()))
        for trial in _frozen(run)
        if trial.state.is_finished()
    }


def _frozen(run: RunFolder) -> list[FrozenTrial]:
    """The trials in a copy of the study, for opening it mends what a kill has torn, and that is the search's part."""
    with TemporaryDirectory() as name:
        for path in run.path.glob("study.db*"):
            shutil.copyfile(path, Path(name) / path.name)
        if not (Path(name) / "study.db").is_file():
            return []
        storage = RDBStorage(sqlite_url(Path(name) / "study.db"))
        try:
            return optuna.load_study(study_name="cnnsearch", storage=storage).get_trials(deepcopy=False)
        except KeyError:  # killed before the study was made
            return []
        finally:
            storage.remove_session()
            storage.engine.dispose()


def broken(run: RunFolder, trials: int, epochs: int, known: Kept) -> list[str]:
    """Every promise that an ended search of so many trials does not keep.

    Args:
        epochs: of a trial that was not killed.
        known: trials that had ended before some kill.
    """
    return [*_of_study(run, trials, known), *_of_histories(run, epochs), *_of_events(run), *_of_files(run)]


def _of_study(run: RunFolder, trials: int, known: Kept) -> Iterator[str]:
    frozen = _frozen(run)
    numbers = [trial.number for trial in frozen]
    if numbers != [*range(trials)]:
        yield f"numbers: {trials} trials, each once, got {numbers}"
    for trial in frozen:
        if not trial.state.is_finished():
            yield f"trial {trial.number}: ended, got {trial.state.name}"
    now = ended(run)
    for number, before in known.items():
        if now.get(number) != before:
            yield f"trial {number}: as it had ended, {before}, got {now.get(number)}"


def _of_histories(run: RunFolder, epochs: int) -> Iterator[str]:
    for trial in read_trials(run):
        told = [epoch.number for epoch in trial.epochs]
        whole = [*range(1, len(told) + 1)]
        if told != whole or (trial.score is not None and len(told) != epochs):
            yield f"trial {trial.number}: epochs 1 to n once each, got {told}"
        table = run.trial(trial.number).history
        if told and [int(row["epoch"]) for row in _rows(table)] != told:
            yield f"{table}: epochs {told}, got others"


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _of_events(run: RunFolder) -> Iterator[str]:
    events = [json.loads(line) for line in _whole_lines(run.events.read_bytes())]
    times = Counter(event["trial"]["number"] for event in events if event["event"] == "TrialEnded")
    for number, count in times.items():
        if count > 1:
            yield f"trial {number}: its ending is told once, got {count} times"
    if events[-1]["event"] != "RunEnded" or events[-1]["state"] != "finished":
        yield f"events.jsonl: ends with a finished run, got {events[-1]}"
    status = json.loads(run.status.read_text(encoding="utf-8"))
    if status["state"] != "finished":
        yield f"status.json: finished, got {status['state']}"


def _whole_lines(log: bytes) -> Iterable[bytes]:
    """The lines of a log less those that a kill tore."""
    for line in log.splitlines():
        try:
            json.loads(line)
        except ValueError:
            continue
        yield line


def _of_files(run: RunFolder) -> Iterator[str]:
    names = {"study.db", "space.yaml", "resolved.yaml", "environment.json", "dataset.json", "events.jsonl"}
    names |= {"status.json", "trials", "tensorboard", "best", "run.lock", "trials.csv", "history.csv"}
    names |= {"report.html", "report", "doctor.json"}
    names.add("run.holder")  # of a search that was killed after its end
    for path in run.path.iterdir():
        if path.name not in names:
            yield f"{path}: nothing but a run's files, got this one"
    for path in run.path.rglob(".*"):
        yield f"{path}: no file under another name stays"
    trials = {f"{trial.number:04d}" for trial in _frozen(run)}
    for folder in (run.path / "trials").iterdir():
        if folder.name not in trials:
            yield f"{folder}: one folder for each trial, got this one"
        for path in folder.iterdir():
            if path.name not in {"config.yaml", "history.csv", "log.txt", "model.keras"}:
                yield f"{path}: nothing but a trial's files, got this one"
    for path in run.path.parent.iterdir():
        if path != run.path:
            yield f"{path}: one run, got this besides"
