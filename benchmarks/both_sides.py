"""Runs what `versus_keras_tuner.py` compares, each search in a process of its own, and remembers what was measured."""

import csv
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from data import in_child
from engine import follow
from incumbents import Finished, Searched, incumbents
from kept import Kept
from measured import ROOT, Workplace
from plain_search import Job

SPACE = ROOT / "benchmarks" / "versus.yaml"
PLAIN = ROOT / "benchmarks" / "plain_search.py"
BATCH = 32
"""As the space has it."""
NAMES = {
    "model.scratch.blocks": "blocks",
    "model.scratch.filters.start": "filters",
    "model.scratch.filters.growth": "growth",
    "model.scratch.norm": "norm",
    "model.scratch.dropout": "dropout",
    "head.pooling": "pooling",
    "head.dense.0.units": "units",
    "head.dense.0.dropout": "dense_dropout",
    "optimizer": "optimizer",
    "optimizer.adam.learning_rate": "adam_rate",
    "optimizer.sgd.learning_rate": "sgd_rate",
}
"""The columns of `trials.csv`, and what the plain script calls them."""


@dataclass(frozen=True)
class Setting:
    """How much is measured.

    Attributes:
        side: height and width of the images in pixels.
        train, validation, test: photos of each class.
        trials: of RandomSearch.
        ours: trials of cnnsearch.
        epochs: of a trial, at most.
        alike: how many identical trials.
    """

    side: int = 64
    train: int = 1000
    validation: int = 250
    test: int = 750
    trials: int = 20
    ours: int = 30
    epochs: int = 10
    alike: int = 8

    def arrange(self, photos: Path, folder: Path) -> None:
        """Move photos from class folders into `<part>/<class>/`, each time the same ones."""
        for of_class in sorted(photos.iterdir()):
            left = sorted(of_class.iterdir())
            random.Random(0).shuffle(left)
            for part in ("train", "validation", "test"):
                place = folder / part / of_class.name
                place.mkdir(parents=True)
                for path in left[: getattr(self, part)]:
                    path.rename(place / path.name)
                del left[: getattr(self, part)]


QUICK = Setting(side=32, train=16, validation=8, test=8, trials=2, ours=2, epochs=1, alike=2)


@dataclass(frozen=True)
class BothSides:
    """Searches by either side, on the photos in a folder's `train`, `validation` and `test`.

    Attributes:
        setting: how much.
        place: where to run them.
        photos: the folder.
        kept: where the measurements lie; what is there already, in the same setting, is not measured again.
    """

    setting: Setting
    place: Workplace
    photos: Path
    kept: Path

    def ours(self, seed: int) -> Searched:
        """`cnnsearch run` on the space as it is."""
        return self._once(f"cnnsearch-{seed}", lambda: self._run(seed, f"search.trials={self.setting.ours}"))

    def ours_whole(self, seed: int) -> Searched:
        """The same, but its trials are drawn by chance and all run to their end."""
        trials = f"search.trials={self.setting.alike}"
        whole = (trials, "search.sampler=random", "search.pruner=none", "training.early_stopping=null")
        return self._once(f"cnnsearch-identical-{seed}", lambda: self._run(seed, *whole))

    def theirs(self, tuner: str, seed: int, given: Sequence[Mapping[str, float | str]] = ()) -> Searched:
        """The plain script, whose trials all run to their end."""
        return self._once(f"{tuner}-{seed}", lambda: self._plain(tuner, seed, given))

    def _once(self, name: str, measure: Callable[[], Searched]) -> Searched:
        kept = Kept(self.kept, asdict(self.setting))
        if known := kept.get(name):
            return Searched.of(known)
        print(f"measuring {name}", file=sys.stderr, flush=True)
        found = measure()
        kept.put(name, asdict(found))
        return found

    def _run(self, seed: int, *sets: str) -> Searched:
        side, epochs = self.setting.side, self.setting.epochs
        sets = (f"data.image_size=[{side},{side}]", f"training.epochs={epochs}", f"search.seed={seed}", *sets)
        folder = Path(tempfile.mkdtemp(dir=self.place.folder))
        options = [word for value in sets for word in ("--set", value)]
        command = ("run", str(SPACE), "--data", str(self.photos), "--runs", str(folder), "--name", "versus", *options)
        began = time.time()
        with self.place.start(*command) as process:
            run, seen = folder / "versus-001", Seen(psutil.Process(process.pid), began)
            for event in follow(process, run / "events.jsonl"):
                seen.note(event)
        if process.returncode:
            raise SystemExit(f"cnnsearch run: ended with exit code {process.returncode}, see above")
        best = [trial.trial for trial in incumbents(seen.trials)]
        tested = in_child(accuracies, run, best, self.photos / "test")
        return Searched(tuple(seen.trials), seen.memory, seen.together, tested, values_of(run))

    def _plain(self, tuner: str, seed: int, given: Sequence[Mapping[str, float | str]]) -> Searched:
        setting, result = self.setting, self.place.folder / "plain.json"
        job = Job(
            photos=str(self.photos),
            tuner=tuner,
            side=setting.side,
            batch_size=BATCH,
            epochs=setting.epochs,
            trials=setting.trials,
            seed=seed,
            began=time.time(),
            given=[dict(values) for values in given],
        )
        wanted = self.place.folder / "job.json"
        wanted.write_text(json.dumps(asdict(job)), encoding="utf-8")
        with tempfile.TemporaryDirectory(dir=self.place.folder) as folder:
            command = [sys.executable, str(PLAIN), str(wanted), str(result)]
            subprocess.run(command, cwd=folder, env=self.place.environment, stdout=sys.stderr, check=True)
        return Searched.of(json.loads(result.read_text(encoding="utf-8")))


class Seen:
    """What a run shows while it goes on."""

    def __init__(self, parent: psutil.Process, began: float) -> None:
        self._parent, self._began = parent, began
        self._epochs: dict[int, int] = {}
        self.trials: list[Finished] = []
        self.memory = self.together = 0

    def note(self, event: Mapping[str, Any]) -> None:
        """Take note of an event."""
        if event["event"] == "EpochEnded":
            self._epochs[event["number"]] = self._epochs.get(event["number"], 0) + 1
            self.together = max(self.together, sum(_shares(self._parent)))
        elif event["event"] == "TrialEnded":
            trial, self.memory = event["trial"], self._parent.memory_info().rss
            if trial["score"] is not None:
                made, at = self._epochs[trial["number"]], event["time"] - self._began
                self.trials.append(Finished(f"{trial['number']:04}", trial["score"], at, made))


def _shares(parent: psutil.Process) -> Iterator[int]:
    """The bytes of a process and of all below it, what several of them share counted once."""
    for process in (parent, *parent.children(recursive=True)):
        with suppress(psutil.Error):  # it has just ended
            yield process.memory_full_info().pss


def values_of(run: Path) -> dict[str, dict[str, float | str]]:
    """Of each trial, the values that it has, in the plain script's names."""
    with (run / "trials.csv").open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    return {
        f"{int(row['trial']):04}": {theirs: _value(row[ours]) for ours, theirs in NAMES.items() if row.get(ours)}
        for row in rows
    }


def _value(text: str) -> float | str:
    with suppress(ValueError):
        return int(text)
    with suppress(ValueError):
        return float(text)
    return text


def _refuse(image: object, reason: str) -> None:
    raise SystemExit(f"{image} {reason}: it cannot be tested on")


def accuracies(run: Path, trials: Sequence[str], photos: Path) -> dict[str, float]:
    """How many of the photos in class folders the models of some trials know, as `cnnsearch predict` reads them."""
    from cnnsearch.reports.images import find_images
    from cnnsearch.reports.inference import classify, load_classifier

    found, known = find_images([photos]), dict[str, float]()
    for trial in trials:
        folder = run / "trials" / trial
        shutil.copy(run / "best" / "classes.json", folder)
        answers = [*classify(load_classifier(folder), found, _refuse)]
        right = sum(Path(answer.image).parent.name == answer.label for answer in answers)
        known[trial] = right / len(found)
    return known
