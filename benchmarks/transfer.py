"""Transfer learning on real photos: what keeping the frozen backbone's features saves, and what a search then finds.

(a) ten heads on a frozen MobileNet, 4,000 photos at 128 x 128 pixels, ten epochs each, by `cnnsearch run` and by a
    plain KerasTuner script (`plain_tuner.py`) with the backbone in the model;
(b) the same on a frozen VGG16 with random weights, 500 photos at 150 x 150 pixels;
(c) the search of `mobilenet_photos.yaml`: its time, and the accuracy of its best model on photos it never saw.

    python benchmarks/transfer.py --data FOLDER

FOLDER has `data/dogs-vs-cats-4000.zip` (photos as `train/cat.123.jpg`) and the weights
`keras_home/models/mobilenet_2_5_224_tf_no_top.h5`. The plain side trains the same heads on the same photos of the same
parts. It takes long, so some of it is measured and the rest follows by multiplication, as the table says: two of the
ten MobileNet trials, and of VGG16 the parts of a trial. `--whole` runs all ten MobileNet trials.
"""

import argparse
import csv
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data import PHOTOS, VARIABLE, in_child, paint, unpack
from measured import ROOT, Figure, Workplace, arguments, conclude, workplace
from photos import WEIGHTS
from plain_tuner import Job

BENCHMARKS = ROOT / "benchmarks"
HEAD = {
    "head.dense.0.units": "units",
    "head.dense.0.dropout": "dropout",
    "optimizer.adam.learning_rate": "learning_rate",
}
"""The columns of `trials.csv` that the plain side needs, and its names for them."""
TIMES = 15
"""How many times faster than the plain script."""


@dataclass(frozen=True)
class Material:
    """What is searched on.

    Attributes:
        photos: the zip of real photos; None to paint some.
        keras_home: where the weights are; None for random ones.
    """

    photos: Path | None
    keras_home: Path | None

    def folder(self, place: Workplace, count: int | None) -> Path:
        """The photos in class folders, so many of each class or all of them."""
        folder = place.folder / "photos"
        if self.photos:
            unpack(self.photos, folder)
        else:
            paint(folder, 40)
        for of_class in folder.iterdir() if count else ():
            for path in sorted(of_class.iterdir())[count:]:
                path.unlink()
        return folder

    def give_weights(self, place: Workplace) -> None:
        """Put the ImageNet weights where Keras looks for them."""
        if self.keras_home:
            shutil.copytree(self.keras_home, place.folder / "keras", dirs_exist_ok=True)


@dataclass(frozen=True)
class Searched:
    """What `cnnsearch run` did: its seconds, those of all trials together, its trials' rows and its folder."""

    seconds: float
    in_trials: float
    trials: tuple[Mapping[str, str], ...]
    folder: Path

    @property
    def epochs(self) -> int:
        """Of all trials together."""
        return sum(int(trial["epochs"] or 0) for trial in self.trials)

    def scores(self, part: str) -> dict[str, Any]:
        """What the best model reaches on a part of the photos."""
        metrics = json.loads((self.folder / "best" / "metrics.json").read_text(encoding="utf-8"))
        return dict(metrics[part])

    def jobs(self) -> list[dict[str, float]]:
        """The values of each trial in the plain side's names."""
        ordered = sorted(self.trials, key=lambda trial: int(trial["trial"]))
        return [{ours: _number(trial[column]) for column, ours in HEAD.items()} for trial in ordered]

    def arrange(self, photos: Path, folder: Path) -> None:
        """Link the photos of the run's parts into `<part>/<class>/`."""
        files = json.loads((self.folder / "dataset.json").read_text(encoding="utf-8"))["files"]
        for part in ("train", "validation"):
            for of_class, names in files[part].items():
                (folder / part / of_class).mkdir(parents=True)
                for name in names:
                    os.link(photos / of_class / Path(name).name, folder / part / of_class / Path(name).name)


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() and value >= 1 else value


def search(place: Workplace, space: str, photos: Path, *options: str) -> Searched:
    """Run `cnnsearch run` in an empty folder: start, decoding, features and all trials count."""
    began = time.monotonic()
    place.run("run", str(BENCHMARKS / space), "--data", str(photos), "--name", "transfer", *options)
    seconds = time.monotonic() - began
    folder = place.folder / "runs" / "transfer-001"
    with (folder / "trials.csv").open(encoding="utf-8", newline="") as file:
        return Searched(seconds, _in_trials(folder), tuple(csv.DictReader(file)), folder)


def _in_trials(run: Path) -> float:
    """Seconds from a run's first trial's start to the last one's end, in which the features are made, too."""
    events = map(json.loads, (run / "events.jsonl").read_text(encoding="utf-8").splitlines())
    times = [event["time"] for event in events if event["event"] in ("TrialStarted", "TrialEnded")]
    return float(times[-1] - times[0])


def plain(place: Workplace, job: Job) -> tuple[dict[str, Any], float]:
    """Run the plain script; gives what it measured, and its seconds."""
    wanted, result = place.folder / "job.json", place.folder / "plain.json"
    wanted.write_text(json.dumps(asdict(job)), encoding="utf-8")
    command = [sys.executable, str(BENCHMARKS / "plain_tuner.py"), str(wanted), str(result)]
    began = time.monotonic()
    subprocess.run(command, cwd=place.folder, env=place.environment, stdout=sys.stderr, check=True)
    return json.loads(result.read_text(encoding="utf-8")), time.monotonic() - began


def compared(title: str, ours: Searched, in_trials: float, whole: float, how: str) -> list[Figure]:
    """The figures that both comparisons end with: of the trials, and of the whole commands.

    Args:
        in_trials, whole: seconds of the plain side.
        how: they were found.
    """
    return [
        Figure(f"{title}: cnnsearch, the trials, features included", ours.in_trials, "s"),
        Figure(f"{title}: plain KerasTuner, the same trials, {how}", in_trials, "s"),
        Figure(f"{title}: times faster", in_trials / ours.in_trials, at_least=TIMES),
        Figure(f"{title}: cnnsearch, start, decoding and final scores included", ours.seconds, "s"),
        Figure(f"{title}: plain KerasTuner, its start included", whole, "s"),
        Figure(f"{title}: times faster, all included", whole / ours.seconds),
    ]


def mobilenet(material: Material, options: argparse.Namespace) -> list[Figure]:
    """(a): ten heads on a frozen MobileNet."""
    side, epochs, trials = (32, 1, 2) if options.quick else (128, 10, 10)
    with workplace() as place:
        material.give_weights(place)
        photos = material.folder(place, None)
        weights = "imagenet" if material.keras_home else None
        sets = settings(side, epochs, {"model.mobilenet.weights": weights or "null"})
        ours = search(place, "frozen_mobilenet.yaml", material.photos or photos, "--trials", str(trials), *sets)
        ours.arrange(photos, place.folder / "parts")
        run = trials if options.whole else min(2, trials)
        # Both sides have the same file: at 128 pixels Keras itself would ask for another one.
        theirs = str(material.keras_home / "models" / WEIGHTS.name) if material.keras_home else None
        job = Job(str(place.folder / "parts"), "MobileNet", theirs, side, 32, epochs, ours.jobs()[:run])
        measured, whole = plain(place, job)
        later = statistics.mean(measured["trials"][1:])  # the first one decodes the photos, too
        in_trials = sum(measured["trials"][1:]) + later * (trials - len(measured["trials"]) + 1)
        seconds = whole + later * (trials - run)
        best = ours.scores("validation")["accuracy"]
    title = f"MobileNet, {side} px"
    how = "measured" if run == trials else f"projected from {run} of {trials} trials"
    return [
        Figure(f"{title}: cnnsearch, epochs trained in all", ours.epochs, at_least=trials * epochs),
        *compared(title, ours, in_trials, seconds, how),
        Figure(f"{title}: plain KerasTuner, start-up", measured["start"], "s"),
        Figure(f"{title}: plain KerasTuner, a later trial", later, "s"),
        Figure(f"{title}: best validation accuracy, cnnsearch", best),
        Figure(f"{title}: best validation accuracy of the plain trials that ran", measured["accuracy"]),
    ]


def vgg16(material: Material, options: argparse.Namespace) -> list[Figure]:
    """(b): the same on a frozen VGG16."""
    side, epochs, trials, batches = (32, 1, 2, 1) if options.quick else (150, 10, 10, 5)
    with workplace() as place:
        photos = material.folder(place, 250)
        weights = place.folder / "random.weights.h5"
        in_child(write_weights, weights, side)
        sets = settings(side, epochs, {"model.vgg16.weights": str(weights)})
        ours = search(place, "frozen_vgg16.yaml", photos, "--trials", str(trials), *sets)
        ours.arrange(photos, place.folder / "parts")
        parts = place.folder / "parts"
        job = Job(str(parts), "VGG16", str(weights), side, 32, epochs, ours.jobs(), batches)
        measured, _ = plain(place, job)
        trained, watched = (len([*(parts / part).glob("*/*")]) for part in ("train", "validation"))
    steps = math.ceil(trained / job.batch_size)
    epoch = (trained + watched) * measured["forward"] + steps * measured["step"]
    in_trials = trials * (measured["build"] + epochs * epoch)
    how = f"projected from the parts below: {trials} trials of {epochs} epochs"
    title = f"VGG16, {side} px"
    return [
        Figure(f"{title}: cnnsearch, epochs trained in all", ours.epochs, at_least=trials * epochs),
        *compared(title, ours, in_trials, measured["start"] + in_trials, how),
        Figure(f"{title}: part: start-up and the photos' index", measured["start"], "s"),
        Figure(f"{title}: part: building the model, once a trial", measured["build"], "s"),
        Figure(f"{title}: part: backbone, {trained + watched} photos an epoch", 1 / measured["forward"], "images/s"),
        Figure(f"{title}: part: a step of the head, {steps} an epoch", measured["step"] * 1000, "ms"),
    ]


def write_weights(file: Path, side: int) -> None:
    """Write random weights of VGG16 in Keras' own format."""
    import keras

    keras.utils.set_random_seed(42)
    keras.applications.VGG16(include_top=False, weights=None, input_shape=(side, side, 3)).save_weights(file)


def accuracy(material: Material, options: argparse.Namespace) -> list[Figure]:
    """(c): what a search over a MobileNet finds, caches included."""
    with workplace() as place:
        material.give_weights(place)
        photos = material.photos or material.folder(place, None)
        sets = () if material.keras_home else settings(32, 1, {"model.mobilenet.weights": "null"})
        ours = search(place, "mobilenet_photos.yaml", photos, *(("--trials", "1", *sets) if options.quick else ()))
        validation, test = ours.scores("validation"), ours.scores("test")
    low, high = test.get("interval") or (math.nan, math.nan)
    title = f"search, {len(ours.trials)} trials"
    return [
        Figure(f"{title}: wall time", ours.seconds / 60, "min", at_most=15),
        Figure(f"{title}: best validation accuracy", validation["accuracy"]),
        Figure(f"{title}: its test accuracy, {test['images']} photos", test["accuracy"], at_least=0.96),
        Figure(f"{title}: 95 % interval of it, low", low),
        Figure(f"{title}: 95 % interval of it, high", high),
    ]


def settings(side: int, epochs: int, values: Mapping[str, str]) -> tuple[str, ...]:
    """Options of `cnnsearch run` that set the images' size, the epochs and other values."""
    given = {"data.image_size": f"[{side},{side}]", "training.epochs": str(epochs), **values}
    return tuple(word for key, value in given.items() for word in ("--set", f"{key}={value}"))


MEASURES: dict[str, Callable[[Material, argparse.Namespace], list[Figure]]] = {
    "mobilenet": mobilenet,
    "vgg16": vgg16,
    "accuracy": accuracy,
}


def material_of(options: argparse.Namespace) -> Material:
    """The real photos and weights; none where the small form does without.

    Raises:
        SystemExit: they were not named, or a file is missing.
    """
    if options.data is None:
        if options.quick:
            return Material(None, None)
        raise SystemExit(f"transfer.py needs real photos: name their folder with --data FOLDER or in {VARIABLE}")
    folder = Path(options.data).resolve()
    missing = [str(folder / path) for path in (PHOTOS, WEIGHTS) if not (folder / path).is_file()]
    if missing:
        raise SystemExit(f"transfer.py: there is no {' and no '.join(missing)}. Name their folder with --data FOLDER")
    return Material(folder / PHOTOS, folder / WEIGHTS.parent.parent)


def main() -> int:
    """Measure and print."""
    parser = arguments(
        "Searches over a frozen backbone beside a plain KerasTuner script, and what such a search finds."
    )
    parser.add_argument("--data", metavar="FOLDER", default=os.environ.get(VARIABLE), help=f"(default: ${VARIABLE})")
    parser.add_argument("--only", choices=[*MEASURES], help="one of the three")
    parser.add_argument("--whole", action="store_true", help="run all plain MobileNet trials, not two")
    options = parser.parse_args()
    material = material_of(options)
    chosen = [options.only] if options.only else [*MEASURES]
    figures = [figure for name in chosen for figure in MEASURES[name](material, options)]
    return conclude("transfer", figures, options)


if __name__ == "__main__":
    sys.exit(main())
