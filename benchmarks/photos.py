"""Two searches on 4,000 real photos of cats and dogs: how long they take on this machine, and what they find.

(a) the shipped space at 64 x 64 pixels: networks of their own, trained from nothing;
(b) `mobilenet.yaml`: a frozen ImageNet backbone at 160 x 160 pixels under a searched head.

    python benchmarks/photos.py --data FOLDER

FOLDER has `data/dogs-vs-cats-4000.zip` (photos as `train/cat.123.jpg`) and, for (b), the weights in
`keras_home/models/mobilenet_2_5_224_tf_no_top.h5`.
"""

import argparse
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measured import ROOT, Figure, arguments, conclude, workplace

PHOTOS = Path("data") / "dogs-vs-cats-4000.zip"
WEIGHTS = Path("keras_home") / "models" / "mobilenet_2_5_224_tf_no_top.h5"
VARIABLE = "CNNSEARCH_TEST_DATA"


@dataclass(frozen=True)
class Search:
    """A search to measure.

    Attributes:
        title: what the figures are called by.
        space: its file.
        options: of the command, besides the photos.
        quick: those that make it small.
        minutes: the longest it may take.
        accuracy: the least validation accuracy of the best trial.
        needs: the files of the data folder it wants.
    """

    title: str
    space: Path
    options: tuple[str, ...]
    quick: tuple[str, ...]
    minutes: float
    accuracy: float
    needs: tuple[Path, ...]

    def measure(self, data: Path, *, quick: bool) -> list[Figure]:
        """Run it in an empty folder, with no dataset prepared; gives its figures."""
        with workplace() as place:
            if WEIGHTS in self.needs:
                shutil.copytree(data / "keras_home", place.folder / "keras", dirs_exist_ok=True)
            options = (*self.options, *(self.quick if quick else ()), "--name", "photos")
            began = time.monotonic()
            place.run("run", str(self.space), "--data", str(data / PHOTOS), *options)
            seconds = time.monotonic() - began
            best = place.folder / "runs" / "photos-001" / "best" / "metrics.json"
            scores = json.loads(best.read_text(encoding="utf-8"))
        return self._figures(seconds, scores["validation"]["accuracy"], scores["test"])

    def _figures(self, seconds: float, validation: float, test: dict[str, float | list[float]]) -> list[Figure]:
        interval = test.get("interval")
        low, high = interval if isinstance(interval, list) else (math.nan, math.nan)
        accuracy = test["accuracy"]
        return [
            Figure(f"{self.title}: wall time", seconds / 60, "min", at_most=self.minutes),
            Figure(f"{self.title}: best validation accuracy", validation, at_least=self.accuracy),
            Figure(f"{self.title}: its test accuracy", accuracy if isinstance(accuracy, float) else math.nan),
            Figure(f"{self.title}: 95 % interval of it, low", low),
            Figure(f"{self.title}: 95 % interval of it, high", high),
        ]


SEARCHES = {
    "scratch": Search(
        title="scratch, 64 px",
        space=ROOT / "spaces" / "basic.yaml",
        options=("--set", "data.image_size=[64,64]", "--trials", "8", "--set", "training.epochs=8"),
        quick=("--set", "data.image_size=[32,32]", "--trials", "1", "--set", "training.epochs=1"),
        minutes=12,
        accuracy=0.75,
        needs=(PHOTOS,),
    ),
    "mobilenet": Search(
        title="MobileNet, 160 px",
        space=ROOT / "benchmarks" / "mobilenet.yaml",
        options=(),
        quick=("--set", "data.image_size=[64,64]", "--trials", "1", "--set", "training.epochs=1"),
        minutes=10,
        accuracy=0.92,
        needs=(PHOTOS, WEIGHTS),
    ),
}


def folder_of(options: argparse.Namespace, searches: Sequence[Search]) -> Path:
    """The data folder, which has every file that the searches need.

    Raises:
        SystemExit: it was not named, or a file is missing there.
    """
    if options.data is None:
        raise SystemExit(f"photos.py needs real photos: name their folder with --data FOLDER or in {VARIABLE}")
    folder = Path(options.data).resolve()
    needed = dict.fromkeys(path for search in searches for path in search.needs)
    missing = [str(folder / path) for path in needed if not (folder / path).is_file()]
    if missing:
        raise SystemExit(f"photos.py: there is no {' and no '.join(missing)}. Name their folder with --data FOLDER")
    return folder


def main() -> int:
    """Measure and print."""
    parser = arguments("Two searches on 4,000 real photos: how long they take and what they find.")
    parser.add_argument("--data", metavar="FOLDER", default=os.environ.get(VARIABLE), help=f"(default: ${VARIABLE})")
    parser.add_argument("--only", choices=[*SEARCHES], help="one of the two")
    options = parser.parse_args()
    searches = [SEARCHES[options.only]] if options.only else [*SEARCHES.values()]
    folder = folder_of(options, searches)
    figures = [figure for search in searches for figure in search.measure(folder, quick=options.quick)]
    return conclude("photos", figures, options)


if __name__ == "__main__":
    sys.exit(main())
